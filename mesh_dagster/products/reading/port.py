"""One output port of the mesh in the hands of a person: `mesh["flights/departures"]`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from mesh_dagster.model.address import Address
from mesh_dagster.products.reading.examples import example, examples_of
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.read import AsOf, read
from mesh_dagster.products.reading.sql.process import DEFAULT, Limits

if TYPE_CHECKING:
    import polars as pl

    from mesh_dagster.model.contract import Contract
    from mesh_dagster.model.discovery import ExampleQuery
    from mesh_dagster.model.product import Product
    from mesh_dagster.ports.open import PortData
    from mesh_dagster.products.mesh import Mesh

_WIDTH = 100
_COLUMNS = 40


class Port:
    """What one reads, and what its owner says of it. Nothing is opened before it is asked for."""

    def __init__(self, mesh: Mesh, address: Address) -> None:
        self.mesh = mesh
        self.address = address

    @cached_property
    def product(self) -> Product:
        """The product that it is a port of."""
        return self.mesh.described(self.address).product

    @cached_property
    def contract(self) -> Contract:
        """What it promises."""
        return self.mesh.contract(self.address)

    @property
    def columns(self) -> Mapping[str, str]:
        """Column -> its type, as the contract has them."""
        return {
            each.column: str(each.type or each.physical_type or each.logical_type)
            for each in self.contract.table.properties
        }

    @cached_property
    def queries(self) -> Examples:
        """The example queries of the product; call one to run it."""
        return Examples(self.mesh, self.address)

    def open(
        self,
        columns: Sequence[str] | None = None,
        where: pl.Expr | str | None = None,
        *,
        as_of: AsOf = None,
        event_from: datetime | None = None,
        event_to: datetime | None = None,
        purpose: str | None = None,
    ) -> PortData:
        """One publication of it: `.polars()`, `.pandas()`, `.arrow()`, `.duckdb()`.

        Raises what `mesh_dagster.read` raises.
        """
        return read(
            self.address,
            columns=columns,
            where=where,
            as_of=as_of,
            event_from=event_from,
            event_to=event_to,
            purpose=purpose,
            mesh=self.mesh,
        )

    def read(
        self,
        columns: Sequence[str] | None = None,
        where: pl.Expr | str | None = None,
        *,
        as_of: AsOf = None,
        purpose: str | None = None,
    ) -> pl.LazyFrame:
        """Its rows as a lazy Polars frame, as they are published now or were then.

        Raises what `mesh_dagster.read` raises.
        """
        return self.open(columns, where, as_of=as_of, purpose=purpose).polars()

    def __repr__(self) -> str:
        product = self.product
        facts = [str(self.address), product.version, product.status.value]
        lines = [" · ".join([*facts, *([product.team] if product.team else [])])]
        if product.purpose:
            lines += textwrap.wrap(product.purpose, _WIDTH)
        known = self.contract.table.properties
        wide = max((len(each.column) for each in known), default=0)
        types = self.columns
        for each in known[:_COLUMNS]:
            text = f"  {each.column:<{wide}}  {types[each.column]:<11} "
            lines.append(cut(text + (each.description or "")))
        if len(known) > _COLUMNS:
            lines.append(f"  and {len(known) - _COLUMNS} more: .columns")
        if names := [each.name for each in self.queries]:
            lines.append(f"queries: {', '.join(names)}")
        return "\n".join(map(printable, lines))


class Examples:
    """The example queries of a product: `queries.busiest()`, or `queries["busiest"]()`."""

    def __init__(self, mesh: Mesh, address: Address, as_of: AsOf = None) -> None:
        self._mesh = mesh
        self._address = address
        self._as_of = as_of

    @cached_property
    def _known(self) -> tuple[ExampleQuery, ...]:
        return examples_of(self._mesh, self._address)

    def __iter__(self) -> Iterator[ExampleQuery]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, name: str) -> Example:
        return Example(self._mesh, example(self._mesh, self._address, name), self._as_of)

    def __getattr__(self, name: str) -> Example:
        for each in [] if name.startswith("_") else self._known:
            if name in (each.name, each.name.replace("-", "_")):
                return Example(self._mesh, each, self._as_of)
        raise AttributeError(f"{self._address.path} has no example query {name!r}")

    def __dir__(self) -> list[str]:
        return [each.name.replace("-", "_") for each in self._known]

    def __repr__(self) -> str:
        lines = [f"{each.name}: {each.title}" for each in self._known]
        return "\n".join(map(printable, lines)) or "no example query"


class Example:
    """One example query. Calling it runs it, as of the moment that it is of."""

    def __init__(self, mesh: Mesh, found: ExampleQuery, as_of: AsOf = None) -> None:
        self._mesh = mesh
        self._as_of = as_of
        self.name, self.title, self.sql = found.name, found.title, found.sql

    def __call__(self, *, as_of: AsOf = None, limits: Limits = DEFAULT) -> pl.DataFrame:
        """Its rows. Raises what `mesh_dagster.query` raises."""
        then = self._as_of if as_of is None else as_of
        return rows_of(self._mesh, self.sql, as_of=then, limits=limits)

    def __repr__(self) -> str:
        lines = [f"-- {self.title}", *self.sql.splitlines()]
        return "\n".join(map(printable, lines))


def rows_of(
    mesh: Mesh,
    sql: str,
    *,
    as_of: AsOf = None,
    limits: Limits = DEFAULT,
    purpose: str | None = None,
) -> pl.DataFrame:
    """The rows of a query as a Polars frame. Raises what `mesh_dagster.query` raises."""
    import polars as pl

    found = pl.from_arrow(query(sql, mesh=mesh, as_of=as_of, limits=limits, purpose=purpose))
    assert isinstance(found, pl.DataFrame)  # noqa: S101 (of a table it is one)
    return found


def cut(text: str, width: int = _WIDTH) -> str:
    """A text on one line that is no longer than that."""
    line = " ".join(text.split("\n")).rstrip()
    return line if len(line) <= width else line[: width - 1] + "…"


def printable(text: str) -> str:
    """Texts of other domains must not drive a terminal."""
    return "".join(each if each.isprintable() else "�" for each in text)
