"""Rules on single values as narwhals expressions: true where a row breaks the rule.

One definition serves every engine. A null gives null (which counts for nothing) for every kind
but those that ask for nulls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce
from operator import add, or_
from typing import Any

import narwhals as nw

from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.audit.data.spark import spoken
from mesh_dagster.contracts.audit.values.levels import place_of
from mesh_dagster.contracts.audit.values.multiples import not_multiple
from mesh_dagster.contracts.audit.values.places import MissingError, Place, UnreachableError
from mesh_dagster.contracts.audit.values.typed import comparable, end_in, values_in
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
from mesh_dagster.model.types import Kind


def broken(rule: Counted, frame: Frame) -> nw.Expr | None:
    """True where a row of the rule's level breaks it; None where nothing that is there can.

    Raises `ValueError` saying why the rule cannot be run on what is there.
    """
    try:
        place = place_of(rule.column or "", rule.path, frame)
    except MissingError as missing:
        return _of_missing(rule, missing, frame)
    if frame.rows.implementation.is_spark_like():
        rule = spoken(rule)
    if _cannot_break(rule, place):
        return None
    if reason := _obstacle(rule, place):
        raise UnreachableError(reason)
    breaks = _breaks(rule, place)
    if isinstance(rule, Range) and place.dtype.is_float() and not frame.is_polars:
        # DuckDB answers a comparison from a file's statistics, which leave NaN out.
        breaks = breaks | place.value.is_nan()
    return breaks


def _of_missing(rule: Counted, missing: MissingError, frame: Frame) -> nw.Expr:
    """Where what is not there at all is a value that a row does not have; others are no values."""
    own = str(rule.path) if rule.path else rule.column
    if not isinstance(rule, Required | Missing) or missing.name != own or not frame.schema:
        raise missing
    if missing.present is not None:
        return missing.present
    anyone = nw.col(next(iter(frame.schema)))
    return anyone.is_null() | ~anyone.is_null()


def is_for_polars(rule: Counted, frame: Frame) -> bool:
    """Whether its engine would answer otherwise than Polars: it is asked of Polars then.

    DuckDB's patterns are RE2's, which knows ASCII classes only, and narwhals has no words for
    its times and zoned moments in nanoseconds.
    """
    column = column_of(rule)
    if not frame.rows.implementation.is_duckdb() or column not in frame.schema:
        return False
    if column in frame.absent:
        return False
    if isinstance(rule, Pattern | Allowed) and rule.pattern is not None:
        return True
    steps = rule.path.steps if rule.path else ()
    there = frame.type_of(column).inside(*steps)
    if there is None or there.kind not in (Kind.TIME, Kind.TIMESTAMPTZ):
        return False
    return isinstance(place_of(column, rule.path, frame).dtype, nw.Unknown)


def column_of(rule: Counted) -> str:
    """The column that holds what the rule is about."""
    return rule.path.column if rule.path else rule.column or ""


def _breaks(rule: Counted, place: Place) -> nw.Expr:
    """The expression that is true for the rows of the place's level that break the rule."""
    value, dtype = place.value, place.dtype
    match rule:
        case Required() | Missing() | Parsed():
            broken = _without_value(rule, place)
        case Allowed():
            broken = ~_is_among(rule.values, value, dtype)
            broken = broken | ~value.str.contains(rule.pattern) if rule.pattern else broken
        case Pattern():
            broken = ~value.str.contains(rule.pattern)
        case Format():
            broken = _of_no_form(rule, value)
        case Length():
            broken = _length(rule, value.str.len_chars())
        case Range():
            broken = _range(_in_type(rule, dtype), value, dtype)
        case Multiple():
            broken = not_multiple(rule.of, value, dtype)
        case Size():
            broken = _length(rule, _size(value, dtype))
        case Distinct():
            held = _as_list(value, dtype)
            broken = held.list.unique().list.len() < held.list.len()
    return broken


def _cannot_break(rule: Counted, place: Place) -> bool:
    """Whether nothing is there that breaks the rule: no value at all, as the contract allows."""
    if not isinstance(rule, Required | Missing):
        return place.nowhere or place.empty
    return place.nowhere and place.present is None


def _obstacle(rule: Counted, place: Place) -> str | None:
    """Why the rule cannot be run on what is there, in words; None when it can."""
    there = f"{place.name} is {str(place.dtype).lower()} in the data"
    if isinstance(place.dtype, nw.Unknown):
        return None
    wanted = _wanted(rule)
    if wanted is not None:
        word, fits = wanted
        return None if fits(place.dtype) else f"{there}, and the rule is one on {word}"
    odd = [value for value in _values(rule) if not comparable(value, place.dtype)]
    return f"{there}, which cannot be compared with {odd[0]!r}" if odd else None


def _wanted(rule: Counted) -> tuple[str, Callable[[nw.dtypes.DType], bool]] | None:
    """What a rule is one on, where it is not one on values to compare with its own."""
    match rule:
        case Length() | Pattern() | Format():
            return "text", lambda dtype: isinstance(dtype, nw.String)
        case Allowed() if rule.pattern:
            return "text", lambda dtype: isinstance(dtype, nw.String)
        case Multiple():
            return "numbers", lambda dtype: dtype.is_numeric()
        case Size():
            return "lists", lambda dtype: isinstance(dtype, nw.List | nw.Array | nw.Struct)
        case Distinct():
            return "lists", lambda dtype: isinstance(dtype, nw.List | nw.Array)
    return None


def _is_among(values: Iterable[Any], value: nw.Expr, dtype: nw.dtypes.DType) -> nw.Expr:
    held = values_in(values, dtype)
    return value.is_in(held) if held else nw.when(~value.is_null()).then(nw.lit(False))


def _in_type(rule: Range, dtype: nw.dtypes.DType) -> Range:
    """The range with its ends as values of the type that is there."""
    return replace(
        rule,
        minimum=end_in(rule.minimum, dtype, up=True),
        maximum=end_in(rule.maximum, dtype, up=False),
        exclusive_minimum=end_in(rule.exclusive_minimum, dtype, up=False),
        exclusive_maximum=end_in(rule.exclusive_maximum, dtype, up=True),
    )


def _without_value(rule: Required | Missing | Parsed, place: Place) -> nw.Expr:
    """Of a text format the text decides whether something is there."""
    missing = (place.value if place.raw is None else place.raw).is_null()
    if isinstance(rule, Parsed):
        return place.value.is_null() & ~missing
    if isinstance(rule, Missing) and rule.values:
        missing = missing | _is_among(rule.values, place.value, place.dtype)
    return missing if place.present is None else missing & place.present


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
