"""What can be typed next in the shell of `mesh query`: products, their columns, SQL, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.ports.sql import table_of

if TYPE_CHECKING:
    from mesh_dagster.products.mesh import Mesh

_SQL = """
select from where group by order having limit offset with as left inner anti semi join on using and
or not in is null between like ilike distinct case when then else end union all except intersect
count sum avg min max median round coalesce cast date_trunc extract over partition qualify filter
desc asc exclude replace describe summarize asof row_number rank lag lead list unnest interval
"""
SQL = tuple(_SQL.split())
_WORD = re.compile(r"[\w.]*\Z")
_NAMED = re.compile(
    r"""("?[a-z][a-z0-9_]*"?\."?[a-z][a-z0-9_]*"?)(?:\s+(?:as\s+)?([a-z_]\w*))?""", re.IGNORECASE
)
_TAKES = {".columns": "product", ".queries": "product", ".run": "product", ".format": "format"}


class Words:
    """What there is to complete; nothing of a product is read before a statement names it."""

    def __init__(self, mesh: Mesh, commands: tuple[str, ...], formats: tuple[str, ...]) -> None:
        self._mesh = mesh
        self._commands = commands
        self._formats = formats
        self._columns: dict[str, tuple[str, ...]] = {}

    @cached_property
    def products(self) -> tuple[str, ...]:
        """The SQL names of the products: without a version the newest, and each port."""
        names: dict[str, None] = {}
        for each in self._mesh.products():
            names[f"{each.address.domain}.{each.address.product}"] = None
            for port in each.outputs[1:]:
                plain = Address(each.address.domain, each.address.product, None, port.address.port)
                names[plain.sql_name] = None
        return tuple(names)

    def after(self, before: str, whole: str) -> Iterator[tuple[str, str]]:
        """What the last word of `before` can become, in a statement: words and what they are."""
        found = _WORD.search(before)
        word = found[0] if found else ""
        if before.lstrip().startswith("."):
            yield from self._of_command(before.lstrip(), word)
            return
        lower = word.lower()
        begun = '"' if before.removesuffix(word).endswith('"') else ""
        for text, what in self._all(word, whole):
            if text.replace('"', "").lower().startswith(lower):
                yield text.removeprefix(begun), what

    def _all(self, word: str, whole: str) -> Iterator[tuple[str, str]]:
        prefix, dot, _ = word.rpartition(".")
        aliases = self._aliases(whole)
        if dot and prefix.lower() in aliases:
            for column in self.columns(aliases[prefix.lower()]):
                yield f"{prefix}.{column}", "column"
        for name in self.products:
            yield table_of(Address.from_sql(name)), "product"
        if not dot:
            for product in dict.fromkeys(aliases.values()):
                for column in self.columns(product):
                    yield column, product
            for each in SQL:
                yield each, "SQL"

    def _aliases(self, whole: str) -> dict[str, str]:
        """Names by which a statement calls the products that it reads."""
        found = {}
        known = {name.lower(): name for name in self.products}
        for name, alias in _NAMED.findall(whole):
            product = known.get(name.lower().replace('"', ""))
            if product is not None:
                found[product.partition(".")[2]] = product
                if alias and alias.lower() not in SQL:
                    found[alias.lower()] = product
        return found

    def columns(self, product: str) -> tuple[str, ...]:
        """The columns of a product by its SQL name; none where its contract cannot be read."""
        if product not in self._columns:
            try:
                address = self._mesh.resolve(Address.from_sql(product))
                table = self._mesh.contract(address).table
                self._columns[product] = tuple(each.column for each in table.properties)
            except (MeshError, KeyError):
                self._columns[product] = ()
        return self._columns[product]

    def _of_command(self, line: str, word: str) -> Iterator[tuple[str, str]]:
        command, blank, rest = line.partition(" ")
        if not blank:
            yield from ((each, "command") for each in self._commands if each.startswith(line))
            return
        if command == ".run" and " " in rest.lstrip():
            yield from self._examples(rest.split()[0], word)
            return
        kind = _TAKES.get(command)
        among = {"product": self.products, "format": self._formats}.get(kind or "", ())
        yield from ((each, str(kind)) for each in among if each.startswith(word))

    def _examples(self, product: str, word: str) -> Iterator[tuple[str, str]]:
        from mesh_dagster.products.reading.examples import examples_of

        try:
            known = examples_of(self._mesh, Address.read(product))
        except MeshError:
            return
        yield from ((each.name, each.title) for each in known if each.name.startswith(word))
