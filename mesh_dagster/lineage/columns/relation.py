"""A table on its way from the input ports to an output port, with what its columns are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mesh_dagster.model.address import Address
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn, Use

Made = frozenset[InputColumn] | None
"""What a column is made of; None is unknown."""

NOTHING: frozenset[InputColumn] = frozenset()
_STRONGER = (Use.IDENTITY, Use.TRANSFORMATION, Use.AGGREGATION)


@dataclass(frozen=True, slots=True)
class Relation:
    """`columns` are names and what each is made of, in order; a name that is not known is "".

    `rows` are the columns that decide which rows there are, and in what order.
    """

    columns: tuple[tuple[str, Made], ...]
    rows: Made = NOTHING

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    @property
    def made(self) -> Made:
        """What all of its columns together are made of."""
        return together(made for _, made in self.columns)

    def decided_by(self, made: Made, use: Use) -> Relation:
        """The same, where what is `made` decides on its rows too."""
        return replace(self, rows=together([self.rows, used(made, use)]))

    def renamed(self, names: Iterable[str]) -> Relation:
        """Its first columns under other names."""
        new = list(names)
        rest = self.columns[len(new) :]
        pairs = zip(new, (made for _, made in self.columns), strict=False)
        return replace(self, columns=(*pairs, *rest))


def together(many: Iterable[Made]) -> Made:
    """All of them; unknown if one is."""
    found: set[InputColumn] = set()
    for made in many:
        if made is None:
            return None
        found |= made
    return frozenset(found)


def used(made: Made, use: Use) -> Made:
    """What becomes of a column's origins when the column is used so."""
    if made is None:
        return None
    return frozenset(
        each if each.use is (then := _then(each.use, use)) else replace(each, use=then)
        for each in made
    )


def _then(first: Use, second: Use) -> Use:
    if not second.is_direct:
        return second
    if not first.is_direct:
        return first
    return max(first, second, key=_STRONGER.index)


@dataclass(frozen=True, slots=True)
class InputTable:
    """What a transform reads by one input port, and the names of its columns."""

    port: str
    columns: tuple[str, ...]
    address: Address | None = None
    files: tuple[str, ...] = field(default=(), compare=False)

    def column(self, name: str) -> frozenset[InputColumn]:
        source = "" if self.address is not None else self.port
        return frozenset([InputColumn(self.address, name, Use.IDENTITY, source)])

    @property
    def relation(self) -> Relation:
        return Relation(tuple((name, self.column(name)) for name in self.columns))


def lineage_of(relation: Relation, names: Iterable[str], evidence: Evidence) -> ColumnLineage:
    """What a transform's own relation says of the columns that it really returned.

    Where the two differ in number or in a name, the reader has not understood: all is unknown.
    """
    wanted = list(names)
    found = [name.lower() for name in relation.names]
    same = len(found) == len(wanted) and all(
        mine in ("", theirs.lower()) for mine, theirs in zip(found, wanted, strict=True)
    )
    if not same or len(set(wanted)) != len(wanted):
        return unknown(wanted)
    columns = {
        name: None if made is None else ordered(made)
        for name, (_, made) in zip(wanted, relation.columns, strict=True)
    }
    rows = None if relation.rows is None else ordered(relation.rows)
    nothing = rows is None and all(made is None for made in columns.values())
    return ColumnLineage(columns, rows, None if nothing else evidence)


def unknown(names: Iterable[str]) -> ColumnLineage:
    """Of these columns nothing is known."""
    return ColumnLineage(dict.fromkeys(names), None, None)


def ordered(made: Iterable[InputColumn]) -> tuple[InputColumn, ...]:
    """By address or source, by column, by use: the same always reads the same."""

    def key(each: InputColumn) -> tuple[str, str, str, str]:
        address = "" if each.address is None else each.address.path
        return address, each.source, each.column, each.use.value

    return tuple(sorted(made, key=key))


def by_port(tables: Iterable[InputTable]) -> Mapping[str, Relation]:
    return {each.port: each.relation for each in tables}
