"""What a column's enum and logicalTypeOptions promise of its values, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mesh_dagster.contracts.evolution.change import What
from mesh_dagster.contracts.evolution.strength import (
    Strength,
    of_lower_ends,
    of_presence,
    of_sets,
    of_upper_ends,
    reversed_,
)
from mesh_dagster.contracts.rules.literals import kind_of, value_of
from mesh_dagster.contracts.rules.options import enum_values
from mesh_dagster.model.contract import Property
from mesh_dagster.model.types import Kind

Differs = tuple[str, What, Any, Any]
"""The key, what happened to it, its value before and after."""

_LEAST = ("minLength", "minItems", "minProperties")
_MOST = ("maxLength", "maxItems", "maxProperties")
_ENDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_OF_THE_TYPE = {"timezone", "elementType"}
_DONE = {*_LEAST, *_MOST, *_ENDS, *_OF_THE_TYPE}
_DONE |= {"enum", "multipleOf", "uniqueItems", "required", "format", "defaultTimezone"}
_UTC = ("UTC", "Etc/UTC")
_NUMBERS = {Kind.INT, Kind.LONG, Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL}


@dataclass(frozen=True, slots=True)
class _Pair:
    old: Property
    new: Property

    def values(self, key: str) -> tuple[Any, Any]:
        return self.old.options.get(key), self.new.options.get(key)

    @property
    def kinds(self) -> tuple[Kind | None, Kind | None]:
        old, new = self.old, self.new
        return kind_of(old.type, old.logical_type), kind_of(new.type, new.logical_type)


def of_options(old: Property, new: Property) -> Iterator[Differs]:
    """Every option of a column that differs, its enum included."""
    pair = _Pair(old, new)
    yield from _enum(pair)
    yield from _ends(pair, ("minimum", "exclusiveMinimum"), lower=True)
    yield from _ends(pair, ("maximum", "exclusiveMaximum"), lower=False)
    for key in (*_LEAST, *_MOST):
        yield from _limit(pair, key, lower=key in _LEAST)
    yield from _step(pair)
    yield from _flag(pair, "uniqueItems")
    yield from _fields(pair)
    yield from _format(pair)
    yield from _zones(pair)
    yield from _words_of_the_type(pair)
    for key in sorted({*old.options, *new.options} - _DONE):
        yield from _opaque(pair, key)


def _enum(pair: _Pair) -> Iterator[Differs]:
    before, after = (
        _allowed(column, kind)
        for column, kind in zip((pair.old, pair.new), pair.kinds, strict=True)
    )
    if what := of_presence(before, after):
        yield "enum", what, before, after
    elif before is not None and after is not None:
        if changed := of_sets(before, after).what:
            yield "enum", changed, before, after
        elif _entries(pair.old) != _entries(pair.new):
            yield "enum", What.DOCUMENTED, _entries(pair.old), _entries(pair.new)


def _entries(column: Property) -> Any:
    return column.rest.get("enum") or column.options.get("enum") or None


def _allowed(column: Property, kind: Kind | None) -> list[Any] | None:
    entries = _entries(column)
    if not isinstance(entries, list | tuple):
        return None
    return [_value(each, kind) for each in enum_values(entries) if each is not None]


def _value(given: Any, kind: Kind | None) -> Any:
    try:
        return value_of(given, kind)
    except ValueError:
        return given


def _ends(pair: _Pair, keys: tuple[str, str], *, lower: bool) -> Iterator[Differs]:
    """A least (or greatest) value: of the two keys the one that leaves fewer values counts."""
    before, after = (
        _end(column, kind, keys, lower=lower)
        for column, kind in zip((pair.old, pair.new), pair.kinds, strict=True)
    )
    excluded = all(end[1] for end in (before, after) if end)
    word = "more" if lower else "less"
    mine, its = (
        None if end is None else f"{word} than {end[0]}" if end[1] and not excluded else end[0]
        for end in (before, after)
    )
    what = of_presence(before, after)
    if before and after:
        what = (of_lower_ends if lower else of_upper_ends)(before, after).what
        if what is None and any(pair.values(each)[0] != pair.values(each)[1] for each in keys):
            what = What.RESPELLED
    if what:
        yield keys[1] if excluded else keys[0], what, mine, its


def _end(
    column: Property, kind: Kind | None, keys: tuple[str, str], *, lower: bool
) -> tuple[Any, bool] | None:
    ends = [
        (_value(column.options[key], kind), key == keys[1])
        for key in keys
        if column.options.get(key) is not None
    ]
    if len(ends) < 2:
        return ends[0] if ends else None
    compared = of_lower_ends if lower else of_upper_ends
    return ends[1] if compared(ends[0], ends[1]) is Strength.TIGHTER else ends[0]


def _limit(pair: _Pair, key: str, *, lower: bool) -> Iterator[Differs]:
    before, after = pair.values(key)
    if what := of_presence(before, after):
        yield key, what, before, after
    elif before is not None:
        compared = of_lower_ends if lower else of_upper_ends
        if changed := compared((before, False), (after, False)).what:
            yield key, changed, before, after


def _step(pair: _Pair) -> Iterator[Differs]:
    before, after = pair.values("multipleOf")
    if what := of_presence(before, after):
        yield "multipleOf", what, before, after
    elif before != after:
        yield "multipleOf", _of_steps(before, after).what or What.RESPELLED, before, after


def _of_steps(before: Any, after: Any) -> Strength:
    """Multiples of four are multiples of two."""
    try:
        steps = [value_of(each, Kind.DECIMAL) for each in (before, after)]
    except ValueError:
        return Strength.OTHER
    old, new = map(Fraction, steps)
    if old == new:
        return Strength.SAME
    if old and new / old == new // old:
        return Strength.TIGHTER
    return Strength.LOOSER if new and old / new == old // new else Strength.OTHER


def _flag(pair: _Pair, key: str) -> Iterator[Differs]:
    before, after = (value if value is True else None for value in pair.values(key))
    if what := of_presence(before, after):
        yield key, what, before, after


def _fields(pair: _Pair) -> Iterator[Differs]:
    """The fields that an object has to have."""
    before, after = (value or None for value in pair.values("required"))
    if before is None and after is None:
        return
    if not all(isinstance(each, list | tuple | None) for each in (before, after)):
        if before != after:
            yield "required", What.PROMISE_CHANGED, before, after
    elif what := of_presence(before, after) or reversed_(of_sets(before or (), after or ())).what:
        yield "required", what, before, after


def _format(pair: _Pair) -> Iterator[Differs]:
    """Of a text it is a promise, of a number its width, of a moment how it is written."""
    before, after = pair.values("format")
    if before == after:
        return
    if set(pair.kinds) <= _NUMBERS:
        if pair.old.type == pair.new.type:
            yield "format", What.RESPELLED, before, after
        return
    yield "format", of_presence(before, after) or What.PROMISE_CHANGED, before, after


def _zones(pair: _Pair) -> Iterator[Differs]:
    before, after = (value or _UTC[0] for value in pair.values("defaultTimezone"))
    if before == after:
        return
    same = before in _UTC and after in _UTC
    yield "defaultTimezone", What.RESPELLED if same else What.MEANING_CHANGED, before, after


def _words_of_the_type(pair: _Pair) -> Iterator[Differs]:
    """Options that say what is stored: where the stored type is the same they are words."""
    for key in sorted(_OF_THE_TYPE):
        before, after = pair.values(key)
        if before != after and pair.old.type == pair.new.type:
            told = pair.old.type is not None
            yield key, What.RESPELLED if told else What.TYPE_CHANGED, before, after


def _opaque(pair: _Pair, key: str) -> Iterator[Differs]:
    """A pattern, the dimensions of a vector, whatever else: nobody can tell which asks for more."""
    before, after = pair.values(key)
    if before != after:
        yield key, of_presence(before, after) or What.PROMISE_CHANGED, before, after
