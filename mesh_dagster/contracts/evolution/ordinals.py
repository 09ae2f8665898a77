"""Values that have a next one, as numbers: days, integers, decimals of one scale, moments.

Of integers `more than 0` and `at least 1` are the same promise, and so are a list of all values
from 1 to 3 and those two ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from mesh_dagster.contracts.rules.literals import kind_of, value_of
from mesh_dagster.contracts.rules.options import enum_values, stated_enum
from mesh_dagster.model.contract import Property
from mesh_dagster.model.types import Kind

_MOST_LISTED = 1_000
_WITH_NEXT = {
    Kind.INT,
    Kind.LONG,
    Kind.DECIMAL,
    Kind.DATE,
    Kind.TIME,
    Kind.TIMESTAMP,
    Kind.TIMESTAMPTZ,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def ordinal_of(given: Any, column: Property) -> Fraction | None:
    """A value as a number; None where between two values of the column there is always another.

    A value that the column cannot hold, half a day, lies between two of those that it can.
    """
    kind = kind_of(column)
    if kind not in _WITH_NEXT:
        return None
    try:
        return _number(value_of(given, kind))
    except ValueError:
        return None


def _number(value: Any) -> Fraction:
    match value:
        case datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return Fraction((moment - _EPOCH) // _MICROSECOND)
        case date():
            return Fraction(value.toordinal())
        case time():
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return Fraction(seconds * 1_000_000 + value.microsecond)
    return Fraction(value)


def _unit(column: Property) -> Fraction:
    """How far it is from one value to the next."""
    scale = column.type.scale if column.type and column.type.kind is Kind.DECIMAL else None
    return Fraction(1, 10 ** (scale or 0))


def first_ordinal(ordinal: Fraction, column: Property, *, open_: bool) -> Fraction:
    """The least value from an end on."""
    unit = _unit(column)
    units = ordinal / unit
    return (math.floor(units) + 1 if open_ else math.ceil(units)) * unit


def last_ordinal(ordinal: Fraction, column: Property, *, open_: bool) -> Fraction:
    """The greatest value up to an end."""
    unit = _unit(column)
    units = ordinal / unit
    return (math.ceil(units) - 1 if open_ else math.floor(units)) * unit


@dataclass(frozen=True, slots=True)
class Steps:
    """The multiples of a step from one number of them to another; None is no end."""

    first: int | None
    last: int | None
    step: Fraction


def admitted(column: Property) -> Steps | frozenset[Any] | None:
    """The values that a column's enum, ends, step and lengths let through together.

    None where nobody can tell, as of a column of doubles.
    """
    listed, kind = listed_in(column), kind_of(column)
    if kind is Kind.STRING:
        return None if listed is None else _texts(column, listed)
    ends, step = _ends(column), column.options.get("multipleOf")
    unit = _unit(column)
    by = unit if step is None else ordinal_of(step, column)
    if kind not in _WITH_NEXT or ends is None or by is None or by <= 0:
        return None
    # Whole numbers that are multiples of two thirds are even.
    return _ordinals(column, listed, ends, (by / unit).numerator * unit)


def listed_in(column: Property) -> list[Any] | None:
    """The values of a column's enum; None where it states none."""
    entries = stated_enum(column)
    if not entries or not isinstance(entries, list | tuple):
        return None
    return [each for each in enum_values(entries) if each is not None]


def _texts(column: Property, listed: Iterable[Any]) -> frozenset[Any] | None:
    least, most = (column.options.get(key) for key in ("minLength", "maxLength"))
    ends = (0 if least is None else least, math.inf if most is None else most)
    try:
        return frozenset(text for text in map(str, listed) if ends[0] <= len(text) <= ends[1])
    except TypeError:
        return None


def _ends(column: Property) -> tuple[Fraction | None, Fraction | None] | None:
    lows, highs = list[Fraction](), list[Fraction]()
    for key, found, whole in (
        ("minimum", lows, first_ordinal),
        ("exclusiveMinimum", lows, first_ordinal),
        ("maximum", highs, last_ordinal),
        ("exclusiveMaximum", highs, last_ordinal),
    ):
        given = column.options.get(key)
        if given is not None:
            ordinal = ordinal_of(given, column)
            if ordinal is None:
                return None
            found.append(whole(ordinal, column, open_=key.startswith("exclusive")))
    return max(lows, default=None), min(highs, default=None)


def _ordinals(
    column: Property,
    listed: list[Any] | None,
    ends: tuple[Fraction | None, Fraction | None],
    step: Fraction,
) -> Steps | frozenset[Any]:
    low, high = ends
    first = None if low is None else math.ceil(low / step)
    last = None if high is None else math.floor(high / step)
    if listed is not None:
        steps = [at / step for each in listed if (at := ordinal_of(each, column)) is not None]
        return frozenset(
            number * step
            for number in steps
            if number.denominator == 1
            and (first is None or number >= first)
            and (last is None or number <= last)
        )
    if first is not None and last is not None and last - first < _MOST_LISTED:
        return frozenset(each * step for each in range(first, last + 1))
    return Steps(first, last, step)
