"""Which columns and tables of two contracts are the same, and which may have been renamed.

Every step means the same from either side, so that a diff read backwards is the diff backwards.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
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
_FEW = 2


@dataclass(frozen=True, slots=True)
class Matched(Generic[_Element]):
    """What is in both, in the order of the new one, and what is in one only.

    `perhaps`: by the name of one that was removed what may be its new name.
    """

    pairs: tuple[tuple[_Element, _Element], ...]
    removed: tuple[_Element, ...]
    added: tuple[_Element, ...]
    perhaps: Mapping[str, str]

    def note(self, gone: _Element) -> str | None:
        """What a person would ask about one that was removed."""
        name = self.perhaps.get(gone.name)
        return f"perhaps renamed to {name}" if name else None


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
    return Matched(
        tuple((old[at], new[place]) for at, place in sorted(found, key=lambda pair: pair[1])),
        tuple(left.values()),
        tuple(right.values()),
        {old[at].name: new[place].name for at, place in _guessed(left, right, score)},
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
        _ENOUGH * (old.entity is not None and old.entity == new.entity)
        + _ENOUGH * (bool(old.description) and old.description == new.description)
        + (old.primary_key is not None and old.primary_key == new.primary_key)
        + _ENOUGH * (_rules(old) == _rules(new)) * _likeness(old.name, new.name)
    )


def _kinds(column: Property) -> tuple[object, ...]:
    return (column.type.kind if column.type else None, column.logical_type)


def _rules(column: Property) -> tuple[object, ...]:
    return (column.type, column.required, column.options, column.rest.get("enum"))


def _table_score(old: SchemaObject, new: SchemaObject) -> float:
    """Tables of mostly the same columns; of no more than two like names must say it too."""
    before, after = ({each.name for each in table.properties} for table in (old, new))
    shared = len(before & after) / len(before | after) if before | after else 0
    likeness = _likeness(old.name, new.name)
    enough = shared > _ALIKE and (likeness or len(before & after) > _FEW)
    return _ENOUGH + shared + likeness if enough else 0


def _likeness(old: str, new: str) -> float:
    """One to two where two names may be one: `zip` and `zip_code`, `qty` and `quantity`, else 0.

    Words that both have say nothing of the others: `dep_delay` is not like `arr_delay`.
    """
    words = [re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+|\W", each) or [each] for each in (old, new)]
    mine, its = ([word.lower() for word in each] for each in words)
    first, second = sorted(
        (
            "".join(word for word in mine if word not in its),
            "".join(word for word in its if word not in mine),
        ),
        key=lambda rest: (len(rest), rest),
    )
    if not first:
        return 1.5
    ratio = SequenceMatcher(None, first, second).ratio()
    return 1 + ratio if ratio >= _ALIKE or _abbreviates(first, second) else 0


def _abbreviates(short: str, long: str) -> bool:
    """Whether its letters come in the other in the same order, and both begin with the same."""
    left = iter(long)
    return len(short) > _FEW and short[0] == long[0] and all(each in left for each in short)
