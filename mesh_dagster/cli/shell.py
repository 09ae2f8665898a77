"""The shell of `mesh query`: statements and commands, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from mesh_dagster.cli.moment import moment_or_publication
from mesh_dagster.cli.output import emit_styled, say
from mesh_dagster.cli.results import FORMATS, write_rows
from mesh_dagster.cli.table import Column, render
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.products.reading.sql.process import DEFAULT, Limits
from mesh_dagster.registry.resolve import short_names

if TYPE_CHECKING:
    from mesh_dagster.products.mesh import Mesh

HELP = {
    ".products": "[TEXT]  the products of the mesh, or those with a text in their name",
    ".columns": "PRODUCT  its columns, and what they mean",
    ".queries": "[PRODUCT]  its example queries, or those of all products",
    ".run": "PRODUCT NAME  an example query",
    ".as-of": "[T]  read what had been published then, or what is now",
    ".format": f"NAME  how rows are shown: {', '.join(FORMATS[:4])}",
    ".limit": "N  rows at most, 0 is all",
    ".help": " this",
    ".quit": " or Ctrl-D",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How statements are answered. `as_of` is as it was typed, `when` as it is read."""

    kind: str = "table"
    limit: int | None = None
    limits: Limits = DEFAULT
    as_of: str | None = None
    when: datetime | int | str | None = None
    purpose: str | None = None


class Shell:
    """Answers one statement or command at a time. Errors are for the caller to show."""

    def __init__(self, mesh: Mesh, settings: Settings, *, timed: bool) -> None:
        self.mesh = mesh
        self.settings = settings
        self._timed = timed
        self._commands: dict[str, Callable[[list[str]], None]] = {
            ".help": self._help,
            ".products": self._products,
            ".columns": self._columns,
            ".queries": self._queries,
            ".run": self._run,
            ".as-of": self._as_of,
            ".format": self._format,
            ".limit": self._limit,
        }

    def answer(self, text: str) -> bool:
        """Do what a statement or a command says; False: it says to stop."""
        if not text.startswith("."):
            self._query(text)
            return True
        name, *words = text.split()
        if name in (".quit", ".exit"):
            return False
        if name not in self._commands:
            raise UsageError(f"there is no command {name}{did_you_mean(name, HELP)}", fix=".help")
        self._commands[name](words)
        return True

    def _query(self, sql: str) -> None:
        from mesh_dagster.products.reading.query import opened

        now, begun = self.settings, time.monotonic()
        with opened(
            sql, mesh=self.mesh, as_of=now.when, limits=now.limits, purpose=now.purpose
        ) as rows:
            write_rows(rows, now.kind, now.limit, None, everything=".limit 0")
        if self._timed:
            say(f"{time.monotonic() - begun:.1f} s")

    def _help(self, words: list[str]) -> None:
        say("A SELECT over products ends with `;` and may have many lines. Tab completes.")
        for name, text in HELP.items():
            say(f"  {name} {text}".rstrip())

    def _products(self, words: list[str]) -> None:
        text, products = " ".join(words).lower(), self.mesh.products()
        names = short_names(products)
        rows = [
            (name, each.purpose)
            for each in products
            if text in (name := names[each.address].sql_name)
        ]
        columns = [Column("PRODUCT"), Column("PURPOSE", least=30)]
        emit_styled(render(columns, rows).text)

    def _columns(self, words: list[str]) -> None:
        address = self.mesh.resolve(_one(words, ".columns flights.departures"))
        table = self.mesh.contract(address).table
        rows = [
            (each.column, str(each.type or each.logical_type), each.primary_key, each.description)
            for each in table.properties
        ]
        columns = [
            Column("COLUMN"),
            Column("TYPE"),
            Column("KEY", right=True),
            Column("DESCRIPTION", least=16),
        ]
        emit_styled(render(columns, rows).text)

    def _queries(self, words: list[str]) -> None:
        from mesh_dagster.products.reading.examples import examples_of

        names = short_names(self.mesh.products())
        asked = list(names)
        if words:
            asked = [self.mesh.resolve(_one(words, ".queries flights.departures")).of_product]
        rows = [
            (names.get(each, each).sql_name, found.name, found.title)
            for each in asked
            for found in examples_of(self.mesh, each)
        ]
        columns = [Column("PRODUCT"), Column("NAME"), Column("QUESTION", least=20)]
        emit_styled(render(columns, rows).text)

    def _run(self, words: list[str]) -> None:
        from mesh_dagster.products.reading.examples import example

        if len(words) != 2:
            raise UsageError("an example is named by two words", fix=".run PRODUCT NAME")
        found = example(self.mesh, Address.read(words[0]), words[1])
        say(found.title or found.name)
        self._query(found.sql)

    def _as_of(self, words: list[str]) -> None:
        text = " ".join(words) or None
        self._set(as_of=text, when=moment_or_publication(text))
        say(f"as of {text}" if text else "as it is now")

    def _format(self, words: list[str]) -> None:
        if len(words) != 1 or words[0] not in FORMATS[:4]:
            raise UsageError(f"a format is one of {', '.join(FORMATS[:4])}", fix=".format csv")
        self._set(kind=words[0])

    def _limit(self, words: list[str]) -> None:
        if len(words) != 1 or not words[0].isdecimal():
            raise UsageError("a limit is a number of rows, 0 for all", fix=".limit 100")
        self._set(limit=int(words[0]))

    def _set(self, **changes: object) -> None:
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]


def _one(words: list[str], example: str) -> Address:
    if len(words) != 1:
        raise UsageError("one product is named", fix=example)
    return Address.read(words[0])
