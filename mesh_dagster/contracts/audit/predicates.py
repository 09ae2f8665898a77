"""Rules on single values as narwhals expressions: true where a row breaks the rule.

One definition serves every engine. A null gives null (which counts for nothing) for every kind
but those that ask for nulls.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from operator import add, or_
from typing import Any

import narwhals as nw

from mesh_dagster.contracts.audit.multiples import not_multiple
from mesh_dagster.contracts.audit.places import Place
from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Counted,
    Distinct,
    Format,
    Length,
    Missing,
    Multiple,
    Parsed,
    Pattern,
    Range,
    Required,
    Size,
)


def breaks(rule: Counted, place: Place) -> nw.Expr:
    """The expression that is true for the rows of the place's level that break the rule."""
    value = place.value
    match rule:
        case Required():
            return _there(place, value.is_null() if place.raw is None else place.raw.is_null())
        case Missing():
            return _there(place, _missing(rule, place))
        case Parsed():
            return value.is_null() & ~(value if place.raw is None else place.raw).is_null()
        case Allowed():
            outside = ~value.is_in(rule.values)
            return outside | ~value.str.contains(rule.pattern) if rule.pattern else outside
        case Pattern():
            return ~value.str.contains(rule.pattern)
        case Format():
            return _of_no_form(rule, value)
        case Length():
            return _length(rule, value.str.len_chars())
        case Range():
            return _range(rule, value, place.dtype)
        case Multiple():
            return not_multiple(rule.of, value, place.dtype)
        case Size():
            return _length(rule, _size(value, place.dtype))
        case Distinct():
            held = _as_list(value, place.dtype)
            return held.list.unique().list.len() < held.list.len()


def cannot_break(rule: Counted, place: Place) -> bool:
    """Whether what is absent, as the contract allows, leaves nothing that breaks the rule."""
    asks_for_nulls = isinstance(rule, Required | Missing) and place.present is not None
    return place.nowhere and not asks_for_nulls


def obstacle(rule: Counted, place: Place) -> str | None:
    """Why the rule cannot be run on what is there, in words; None when it can."""
    name, dtype = place.name, place.dtype
    if isinstance(dtype, nw.Unknown):
        return None
    if isinstance(rule, Length | Pattern | Format) or (isinstance(rule, Allowed) and rule.pattern):
        if not isinstance(dtype, nw.String):
            return f"{name} is {_told(dtype)} in the data, and the rule is one on text"
        return None
    if isinstance(rule, Multiple) and not dtype.is_numeric():
        return f"{name} is {_told(dtype)} in the data, and the rule is one on numbers"
    if isinstance(rule, Size | Distinct):
        fits = isinstance(dtype, nw.List | nw.Array)
        if not (fits or (isinstance(rule, Size) and isinstance(dtype, nw.Struct))):
            return f"{name} is {_told(dtype)} in the data, and the rule is one on lists"
        return None
    for value in _values(rule):
        if not _comparable(value, dtype):
            return f"{name} is {_told(dtype)} in the data, which cannot be compared with {value!r}"
    return None


def _there(place: Place, broken: nw.Expr) -> nw.Expr:
    return broken if place.present is None else broken & place.present


def _missing(rule: Missing, place: Place) -> nw.Expr:
    missing = (place.value if place.raw is None else place.raw).is_null()
    return missing | place.value.is_in(rule.values) if rule.values else missing


def _of_no_form(rule: Format, text: nw.Expr) -> nw.Expr:
    broken = [~text.str.contains(pattern) for pattern in rule.patterns]
    broken += [text.str.contains(pattern) for pattern in rule.refused]
    any_of_them: nw.Expr = reduce(or_, broken)
    return any_of_them


def _size(value: nw.Expr, dtype: nw.dtypes.DType) -> nw.Expr:
    """The items of a list, or the values of an object; nothing of what is null."""
    if not isinstance(dtype, nw.Struct):
        return _as_list(value, dtype).list.len()
    given = [(~value.struct.field(each.name).is_null()).cast(nw.Int64) for each in dtype.fields]
    count: nw.Expr = reduce(add, given)
    return nw.when(~value.is_null()).then(count)


def _as_list(value: nw.Expr, dtype: nw.dtypes.DType) -> nw.Expr:
    if isinstance(dtype, nw.Array):
        return value.cast(nw.List(dtype.inner))
    return value


def _length(rule: Length | Size, length: nw.Expr) -> nw.Expr:
    if rule.minimum is None:
        return length > rule.maximum
    if rule.maximum is None:
        return length < rule.minimum
    return ~length.is_between(rule.minimum, rule.maximum)


def _range(rule: Range, column: nw.Expr, dtype: nw.dtypes.DType) -> nw.Expr:
    if rule.exclusive_minimum is None and rule.exclusive_maximum is None:
        both = rule.minimum is not None and rule.maximum is not None
        if both:
            return ~column.is_between(rule.minimum, rule.maximum)
    beyond = []
    if rule.minimum is not None:
        beyond.append(column < rule.minimum)
    if rule.exclusive_minimum is not None:
        beyond.append(column <= rule.exclusive_minimum)
    if rule.maximum is not None:
        beyond.append(column > rule.maximum)
    if rule.exclusive_maximum is not None:
        beyond.append(column >= rule.exclusive_maximum)
    has_maximum = rule.maximum is not None or rule.exclusive_maximum is not None
    if dtype.is_float() and not has_maximum:
        # Engines order NaN above every number, so a maximum finds it and a minimum does not.
        beyond.append(column.is_nan())
    any_of_them: nw.Expr = reduce(or_, beyond)
    return any_of_them


def _values(rule: Counted) -> tuple[Any, ...]:
    match rule:
        case Missing() | Allowed():
            return rule.values
        case Range():
            ends = (
                rule.minimum,
                rule.maximum,
                rule.exclusive_minimum,
                rule.exclusive_maximum,
            )
            return tuple(end for end in ends if end is not None)
    return ()


def _comparable(value: Any, dtype: nw.dtypes.DType) -> bool:
    """What narwhals has no word for is left to its engine."""
    fits = True
    if isinstance(dtype, nw.Unknown):
        return fits
    match value:
        case bool():
            fits = isinstance(dtype, nw.Boolean)
        case int() | float() | Decimal():
            fits = dtype.is_numeric()
        case str():
            fits = isinstance(dtype, nw.String)
        case datetime():
            zoned = isinstance(dtype, nw.Datetime) and dtype.time_zone is not None
            fits = isinstance(dtype, nw.Datetime) and zoned == (value.tzinfo is not None)
        case date():
            fits = isinstance(dtype, nw.Date)
        case time():
            fits = isinstance(dtype, nw.Time)
    return fits


def _told(dtype: nw.dtypes.DType) -> str:
    return str(dtype).lower()
