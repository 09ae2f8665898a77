"""The ways in which two output ports can be joined, as their contracts tell.

A relationship says it outright; an entity (customProperty `entity` of a column: `airport`) says
that columns of two products identify the same thing. Columns of the key that both have by the
same name and type (a date) join along with those, and never alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.types import Kind

MOST = 12
"""Ways of one pair that are looked at."""
_NO_KEYS = (Kind.FLOAT, Kind.DOUBLE, Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.BINARY)


@dataclass(frozen=True, slots=True)
class Side:
    """A port with its contract, and the name that it has in the SQL."""

    address: Address
    contract: Contract
    alias: str

    @property
    def key(self) -> frozenset[str]:
        return frozenset(self.contract.table.key)

    @property
    def entities(self) -> Mapping[str, tuple[Property, ...]]:
        """Entity -> the columns that identify one."""
        found: dict[str, list[Property]] = {}
        for each in self.contract.table.properties:
            if each.entity and each.entity.strip():
                found.setdefault(each.entity.strip().casefold(), []).append(each)
        return {entity: tuple(columns) for entity, columns in sorted(found.items())}


@dataclass(frozen=True, slots=True, order=True)
class Equality:
    """One pair of columns, and whether they have to be compared as texts."""

    left: str
    right: str
    as_text: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How two ports can be joined, and what says so.

    `declared` is that a contract has it as a relationship; `by` are the entities, or the columns
    of a key, that the equalities stand for. `left_key` and `right_key` tell whose primary key it
    has all of, so that a row of the other meets at most one.
    """

    on: tuple[Equality, ...]
    by: tuple[str, ...]
    declared: bool
    left_key: bool
    right_key: bool


def ways(left: Side, right: Side) -> tuple[Way, ...]:
    """All ways that the contracts tell of, without looking at data."""
    pairs = dict(_by_entity(left, right))
    relationships = list(_relationships(left, right))
    bases: list[tuple[Equality, ...]] = [tuple(sorted(each)) for each in relationships]
    if natural := _natural(left, right):
        bases.append(natural)
    shared = _shared_keys(left, right)
    found: dict[tuple[Equality, ...], None] = {}
    for base in bases:
        taken = {each.left for each in base} | {each.right for each in base}
        found.setdefault((*base, *(each for each in shared if each.left not in taken)))
        found.setdefault(base)
    for pair in sorted(pairs, key=lambda each: each.left != each.right):
        found.setdefault((pair,))
    declared = {tuple(sorted(each)) for each in relationships}
    return tuple(_way(on, pairs, declared, left, right) for on in found)[:MOST]


def alike(left: Side, right: Side) -> tuple[str, ...]:
    """Columns of the same name and type in both, which no entity says to be the same thing."""
    others = {each.column: each for each in right.contract.table.properties}
    return tuple(
        each.column
        for each in left.contract.table.properties
        if each.column in others and _same_type(each, others[each.column])
    )


def _way(
    on: tuple[Equality, ...],
    pairs: Mapping[Equality, str],
    declared: set[tuple[Equality, ...]],
    left: Side,
    right: Side,
) -> Way:
    stated = any(set(each) <= set(on) for each in declared)
    names = dict.fromkeys(pairs.get(each, each.left) for each in on)
    return Way(
        on=on,
        by=tuple(names),
        declared=stated,
        left_key=bool(left.key) and left.key <= {each.left for each in on},
        right_key=bool(right.key) and right.key <= {each.right for each in on},
    )


def _by_entity(left: Side, right: Side) -> Iterator[tuple[Equality, str]]:
    """Each pair of columns that identify the same thing, with the entity."""
    for entity, mine in left.entities.items():
        for one in mine:
            for other in right.entities.get(entity, ()):
                yield _equality(one, other), entity


def _natural(left: Side, right: Side) -> tuple[Equality, ...]:
    """All entities at once: columns of the same name, or the only ones of an entity."""
    found: list[Equality] = []
    for entity, mine in left.entities.items():
        others = right.entities.get(entity, ())
        by_name = {each.column: each for each in others}
        same = [_equality(each, by_name[each.column]) for each in mine if each.column in by_name]
        if not same and len(mine) == len(others) == 1:
            same = [_equality(mine[0], others[0])]
        found += same
    return tuple(sorted(found))


def _relationships(left: Side, right: Side) -> Iterator[Sequence[Equality]]:
    """The foreign keys from the one to the other."""
    for one, other, turned in ((left, right, False), (right, left, True)):
        for link in one.contract.table.links:
            if link.target is None or not _leads_to(link.target, other.address):
                continue
            mine = [one.contract.table.find(each) for each in link.columns]
            theirs = [other.contract.table.find(each) for each in link.target_columns]
            both = [
                (a, b)
                for a, b in zip(mine, theirs, strict=False)
                if a is not None and b is not None
            ]
            if both and len(both) == len(link.columns):
                yield [_equality(b, a) if turned else _equality(a, b) for a, b in both]


def _leads_to(target: str, port: Address) -> bool:
    try:
        return Address.parse(target) == port
    except AddressError:
        return False


def _shared_keys(left: Side, right: Side) -> tuple[Equality, ...]:
    """Columns without an entity that both have, and that are part of a key of either."""
    others = {each.column: each for each in right.contract.table.properties}
    return tuple(
        Equality(each.column, each.column)
        for each in left.contract.table.properties
        if each.column in others
        and each.column in left.key | right.key
        and not each.entity
        and not others[each.column].entity
        and _same_type(each, others[each.column])
    )


def _same_type(one: Property, other: Property) -> bool:
    return (
        one.type is not None
        and other.type is not None
        and one.type.kind not in _NO_KEYS
        and _family(one) == _family(other)
    )


def _equality(one: Property, other: Property) -> Equality:
    return Equality(one.column, other.column, _family(one) != _family(other))


def _family(column: Property) -> str:
    kind = column.type.kind if column.type is not None else None
    return "whole" if kind in (Kind.INT, Kind.LONG) else str(kind)
