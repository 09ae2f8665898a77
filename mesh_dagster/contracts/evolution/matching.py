"""Which columns and tables of two contracts are the same, renamed ones guessed.

Every step means the same from either side, so that a diff read backwards is the diff backwards.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Generic, TypeVar

from mesh_dagster.model.contract import Property, SchemaObject

_Any = TypeVar("_Any")
_Element = TypeVar("_Element", Property, SchemaObject)
MOST_GUESSES = 10_000
"""Pairs that are looked at: with more, too much has changed for a guess to say anything."""
_ENOUGH = 3
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class Matched(Generic[_Element]):
    """What is in both, in the order of the new one, and what is in one only."""

    pairs: tuple[tuple[_Element, _Element], ...]
    guesses: tuple[tuple[_Element, _Element], ...]
    removed: tuple[_Element, ...]
    added: tuple[_Element, ...]


def columns(old: Sequence[Property], new: Sequence[Property]) -> Matched[Property]:
    """The same by name, then by the name in storage, then by a guess."""
    names = (lambda each: each.name, lambda each: each.column)
    return _matched(old, new, names, _column_score)


def tables(old: Sequence[SchemaObject], new: Sequence[SchemaObject]) -> Matched[SchemaObject]:
    """The same by name, then by the name in storage, then by their columns."""
    names = (lambda each: each.name, lambda each: each.rest.get("physicalName"))
    return _matched(old, new, names, _table_score)


def pair_up(
    old: Sequence[_Any], new: Sequence[_Any], keys: Sequence[Callable[[_Any], Hashable]]
) -> tuple[list[tuple[int, int]], dict[int, _Any], dict[int, _Any]]:
    """Pairs of places that agree in the first key, then in the next, and what is left of each.

    A key that is None agrees with nothing.
    """
    left, right = dict(enumerate(old)), dict(enumerate(new))
    found: list[tuple[int, int]] = []
    for key in keys:
        waiting: dict[Hashable, deque[int]] = {}
        for place, each in right.items():
            waiting.setdefault(key(each), deque()).append(place)
        waiting.pop(None, None)
        for at, each in list(left.items()):
            if places := waiting.get(key(each)):
                found.append((at, places.popleft()))
                del left[at], right[found[-1][1]]
    return found, left, right


def _matched(
    old: Sequence[_Element],
    new: Sequence[_Element],
    keys: Sequence[Callable[[_Element], Hashable]],
    score: Callable[[_Element, _Element], float],
) -> Matched[_Element]:
    found, left, right = pair_up(old, new, keys)
    guessed = _guessed(left, right, score)
    for at, place in guessed:
        del left[at], right[place]
    return Matched(
        tuple((old[at], new[place]) for at, place in sorted(found, key=lambda pair: pair[1])),
        tuple((old[at], new[place]) for at, place in guessed),
        tuple(left.values()),
        tuple(right.values()),
    )


def _guessed(
    left: dict[int, _Element],
    right: dict[int, _Element],
    score: Callable[[_Element, _Element], float],
) -> list[tuple[int, int]]:
    """Those that are each other's best, and no other's as much."""
    if len(left) * len(right) > MOST_GUESSES:
        return []
    scores = {
        (at, place): likely
        for at, before in left.items()
        for place, after in right.items()
        if (likely := score(before, after)) >= _ENOUGH
    }
    of_left, of_right = defaultdict[int, list[float]](list), defaultdict[int, list[float]](list)
    for (at, place), likely in scores.items():
        of_left[at].append(likely)
        of_right[place].append(likely)
    return [
        (at, place)
        for (at, place), likely in scores.items()
        if _is_best(likely, of_left[at]) and _is_best(likely, of_right[place])
    ]


def _is_best(likely: float, among: Sequence[float]) -> bool:
    return likely == max(among) and among.count(likely) == 1


def _column_score(old: Property, new: Property) -> float:
    """How much speaks for one column under two names; nothing where the types differ."""
    if _kinds(old) != _kinds(new):
        return 0
    return (
        3 * (old.entity is not None and old.entity == new.entity)
        + 3 * (bool(old.description) and old.description == new.description)
        + (old.primary_key is not None and old.primary_key == new.primary_key)
        + _names_alike(old.name, new.name)
    )


def _kinds(column: Property) -> tuple[object, ...]:
    return (column.type.kind if column.type else None, column.logical_type)


def _table_score(old: SchemaObject, new: SchemaObject) -> float:
    """Tables of mostly the same columns."""
    before, after = ({each.name for each in table.properties} for table in (old, new))
    shared = len(before & after) / len(before | after) if before | after else 0
    return _ENOUGH + shared if shared > 0.5 else 0


def _names_alike(old: str, new: str) -> float:
    """Three to four where the names are alike, else nothing."""
    first, second = sorted((old.lower(), new.lower()))
    ratio = SequenceMatcher(None, first, second).ratio()
    return _ENOUGH + ratio if ratio >= _ALIKE else 0
