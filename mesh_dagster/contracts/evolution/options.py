"""What a column's enum and logicalTypeOptions promise of its values, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mesh_dagster.contracts.evolution.change import What
from mesh_dagster.contracts.evolution.ordinals import (
    admitted,
    first_ordinal,
    last_ordinal,
    listed_in,
    ordinal_of,
)
from mesh_dagster.contracts.evolution.strength import (
    Strength,
    of_lower_ends,
    of_presence,
    of_sets,
    of_upper_ends,
    reversed_,
)
from mesh_dagster.contracts.rules.literals import kind_of, value_of
from mesh_dagster.contracts.rules.options import stated_enum
from mesh_dagster.model.contract import Property
from mesh_dagster.model.types import Kind

Differs = tuple[str, What, Any, Any]
"""The key, what happened to it, its value before and after."""

_LEAST = ("minLength", "minItems", "minProperties")
_MOST = ("maxLength", "maxItems", "maxProperties")
_OF_LISTS = ("minItems", "minProperties", "maxItems", "maxProperties")
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
        return kind_of(self.old), kind_of(self.new)


def of_options(old: Property, new: Property) -> Iterator[Differs]:
    """Every option of a column that differs, its enum included."""
    pair = _Pair(old, new)
    same = old.type == new.type and admitted(old) == admitted(new) is not None
    for key, what, *values in _of_values(pair):
        # What the other promises of the column say anyway.
        said = same and what is not What.DOCUMENTED and key not in _OF_LISTS
        yield key, What.RESPELLED if said else what, values[0], values[1]
    yield from _flag(pair, "uniqueItems")
    yield from _fields(pair)
    yield from _format(pair)
    yield from _zones(pair)
    yield from _words_of_the_type(pair)
    for key in sorted({*old.options, *new.options} - _DONE):
        yield from _opaque(pair, key)


def _of_values(pair: _Pair) -> Iterator[Differs]:
    yield from _enum(pair)
    yield from _ends(pair, ("minimum", "exclusiveMinimum"), lower=True)
    yield from _ends(pair, ("maximum", "exclusiveMaximum"), lower=False)
    for key in (*_LEAST, *_MOST):
        yield from _limit(pair, key, lower=key in _LEAST)
    yield from _step(pair)


def _enum(pair: _Pair) -> Iterator[Differs]:
    before, after = (
        _allowed(column, kind)
        for column, kind in zip((pair.old, pair.new), pair.kinds, strict=True)
    )
    if what := of_presence(before, after):
        yield "enum", what, before, after
    elif before is not None and after is not None:
        mine, its = stated_enum(pair.old), stated_enum(pair.new)
        if changed := of_sets(before, after).what:
            yield "enum", changed, before, after
        elif mine != its:
            yield "enum", What.DOCUMENTED, mine, its


def _allowed(column: Property, kind: Kind | None) -> list[Any] | None:
    listed = listed_in(column)
    return None if listed is None else [_value(each, kind) for each in listed]


def _value(given: Any, kind: Kind | None) -> Any:
    try:
        return value_of(given, kind)
    except ValueError:
        return given


@dataclass(frozen=True, slots=True)
class _End:
    """A least (or greatest) value as it is stated, and as it is compared.

    Where values have a next one, an end that is left out is the next one, included.
    """

    stated: Any
    left_out: bool
    compared: tuple[Any, bool]


def _ends(pair: _Pair, keys: tuple[str, str], *, lower: bool) -> Iterator[Differs]:
    """A least (or greatest) value: of the two keys the one that leaves fewer values counts."""
    before, after = (
        _end(column, kind, keys, lower=lower)
        for column, kind in zip((pair.old, pair.new), pair.kinds, strict=True)
    )
    left_out = all(end.left_out for end in (before, after) if end)
    word = "more" if lower else "less"
    mine, its = (
        None
        if end is None
        else f"{word} than {end.stated}"
        if end.left_out and not left_out
        else end.stated
        for end in (before, after)
    )
    what = of_presence(before, after)
    if before and after:
        strength = of_lower_ends if lower else of_upper_ends
        what = strength(before.compared, after.compared).what
        if what is None and any(pair.values(each)[0] != pair.values(each)[1] for each in keys):
            what = What.RESPELLED
    if what:
        yield keys[1] if left_out else keys[0], what, mine, its


def _end(column: Property, kind: Kind | None, keys: tuple[str, str], *, lower: bool) -> _End | None:
    whole = first_ordinal if lower else last_ordinal
    ends = []
    for key in keys:
        stated, left_out = column.options.get(key), key == keys[1]
        if stated is not None:
            ordinal = ordinal_of(stated, column)
            compared = (_value(stated, kind), left_out)
            if ordinal is not None:
                compared = (whole(ordinal, column, open_=left_out), False)
            ends.append(_End(stated, left_out, compared))
    if len(ends) < 2:
        return ends[0] if ends else None
    strength = of_lower_ends if lower else of_upper_ends
    return ends[1] if strength(ends[0].compared, ends[1].compared) is Strength.TIGHTER else ends[0]


def _limit(pair: _Pair, key: str, *, lower: bool) -> Iterator[Differs]:
    """At least no characters are as many as anybody likes."""
    stated = pair.values(key)
    before, after = (None if lower and each == 0 else each for each in stated)
    if what := of_presence(before, after):
        yield key, what, *stated
    elif before is not None and (
        changed := (of_lower_ends if lower else of_upper_ends)((before, False), (after, False)).what
    ):
        yield key, changed, before, after
    elif stated[0] != stated[1]:
        yield key, What.RESPELLED, *stated


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
