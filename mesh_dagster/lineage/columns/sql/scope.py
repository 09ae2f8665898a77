"""Which names mean what at one place of a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mesh_dagster.lineage.columns.relation import NOTHING, Made, Relation, together, used
from mesh_dagster.model.lineage import Use

if TYPE_CHECKING:
    from sqlglot import exp


class Uncertain(Exception):
    """What a query says is not known for certain."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a FROM clause. Names are compared without their case, as DuckDB does."""

    alias: str
    columns: tuple[tuple[str, Made], ...]
    schema: str = ""

    def column(self, name: str) -> Made:
        """What a column is made of. Raises `KeyError`; `Uncertain` where two have the name."""
        found = [made for each, made in self.columns if each.lower() == name]
        if len(found) > 1:
            raise Uncertain(f"{self.alias} has several columns {name}")
        if not found:
            raise KeyError(name)
        return found[0]

    def has(self, name: str) -> bool:
        return any(each.lower() == name for each, _ in self.columns)


@dataclass
class Scope:
    """The tables of a FROM clause so far, and what lies around it.

    `merged` are the columns that a join's USING made one of, `aliases` those of the SELECT list,
    `outer` the query around, or what stands to the left of a lateral one. `hiding` are aliases
    that hide a column of their name, as they do in HAVING.
    """

    known: Mapping[str, Relation | None]
    outer: Scope | None = None
    tables: list[Table] = field(default_factory=list)
    merged: dict[str, Made] = field(default_factory=dict)
    aliases: dict[str, Made] = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    shadowed: frozenset[str] = frozenset()
    hiding: Mapping[str, Made] = field(default_factory=dict)

    def inner(self, known: Mapping[str, Relation | None] | None = None) -> Scope:
        """The scope of a query inside this one."""
        return Scope(self.known if known is None else known, self)

    def shadowing(self, names: Sequence[str]) -> Scope:
        """The same, where some names are parameters."""
        return replace(self, shadowed=self.shadowed | {name.lower() for name in names})

    def of_rows(self) -> Scope:
        """The same inside an aggregate, which sees the rows and not what becomes of them."""
        return replace(self, hiding={}) if self.hiding else self

    def table(self, name: str) -> Relation:
        """What a FROM clause calls by a name. Raises `Uncertain`."""
        found = self.known.get(name.lower())
        if found is None:
            raise Uncertain(f"the table {name} is not known")
        return found

    def column(self, parts: Sequence[str]) -> Made:
        """What `column`, `table.column` or `column.field` is made of. Raises `Uncertain`."""
        names = [part.lower() for part in parts]
        scope: Scope | None = self
        while scope is not None:
            found = scope._find(names)
            if found is not _ABSENT:
                return found
            scope = scope.outer
        raise Uncertain(f"there is no column {'.'.join(parts)}")

    def unqualified(self, name: str) -> Made:
        """The one column of a name among the tables, or of a join. Raises `KeyError`."""
        if name in self.merged:
            return self.merged[name]
        found = [table.column(name) for table in self.tables if table.has(name)]
        if len(found) > 1:
            raise Uncertain(f"the column {name} is ambiguous")
        if not found:
            raise KeyError(name)
        return found[0]

    def star(self) -> list[tuple[str, Made]]:
        """All columns, each of a join's USING once."""
        seen: set[str] = set()
        found = []
        for table in self.tables:
            for name, made in table.columns:
                lower = name.lower()
                if lower in self.merged:
                    if lower not in seen:
                        found.append((name, self.merged[lower]))
                    seen.add(lower)
                else:
                    found.append((name, made))
        return found

    def of_table(self, alias: str) -> Table:
        """The table of an alias. Raises `Uncertain`."""
        found = [each for each in self.tables if each.alias.lower() == alias.lower()]
        if len(found) != 1:
            if not found and self.outer is not None:
                return self.outer.of_table(alias)
            raise Uncertain(f"{len(found)} tables are called {alias}")
        return found[0]

    def _find(self, names: Sequence[str]) -> Made:
        first = names[0]
        if first in self.shadowed:
            return NOTHING
        if first in self.hiding:
            return _field(self.hiding[first], names[1:])
        found = self._of_tables(names)
        if found is _ABSENT and first in self.aliases:
            found = _field(self.aliases[first], names[1:])
        return self._row(names) if found is _ABSENT else found

    def _of_tables(self, names: Sequence[str]) -> Made:
        for table in self.tables:
            for path in (names, names[1:] if table.schema and names[0] == table.schema else ()):
                if len(path) > 1 and table.alias.lower() == path[0] and table.has(path[1]):
                    return _field(table.column(path[1]), path[2:])
        try:
            return _field(self.unqualified(names[0]), names[1:])
        except KeyError:
            return _ABSENT

    def _row(self, names: Sequence[str]) -> Made:
        """A table's name stands for its whole row."""
        rows = [table for table in self.tables if table.alias.lower() == names[0]]
        if len(rows) == 1 and len(names) == 1:
            return used(together(made for _, made in rows[0].columns), Use.TRANSFORMATION)
        return _ABSENT


_ABSENT: Made = frozenset([None])  # type: ignore[list-item]


def _field(made: Made, fields: Sequence[str]) -> Made:
    return used(made, Use.TRANSFORMATION) if fields else made
