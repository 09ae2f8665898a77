"""Rules on single values as narwhals expressions: true where a row breaks the rule.

One definition serves every engine. A null gives null (which counts for nothing) for every kind
but the two that ask for nulls.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Counted,
    Length,
    Missing,
    Pattern,
    Range,
    Required,
)


def breaks(rule: Counted, schema: Mapping[str, nw.dtypes.DType]) -> nw.Expr:
    """The expression that is true for the rows that break the rule."""
    column = nw.col(_column(rule))
    match rule:
        case Required():
            return column.is_null()
        case Missing():
            return column.is_null() | column.is_in(rule.values) if rule.values else column.is_null()
        case Allowed():
            outside = ~column.is_in(rule.values)
            return outside | ~column.str.contains(rule.pattern) if rule.pattern else outside
        case Pattern():
            return ~column.str.contains(rule.pattern)
        case Length():
            return _length(rule, column.str.len_chars())
        case Range():
            return _range(rule, column, schema[_column(rule)])


def obstacle(rule: Counted, schema: Mapping[str, nw.dtypes.DType]) -> str | None:
    """Why the rule cannot be run on these columns, in words; None when it can."""
    name = _column(rule)
    if name not in schema:
        return f"{name} is missing in the data"
    dtype = schema[name]
    if isinstance(rule, Length | Pattern) or (isinstance(rule, Allowed) and rule.pattern):
        if not isinstance(dtype, nw.String):
            return f"{name} is {_told(dtype)} in the data, and the rule is one on text"
        return None
    for value in _values(rule):
        if not _comparable(value, dtype):
            return f"{name} is {_told(dtype)} in the data, which cannot be compared with {value!r}"
    return None


def _column(rule: Counted) -> str:
    if rule.column is None:
        raise ValueError(f"rule {rule.id} of kind {rule.kind} names no column")
    return rule.column


def _length(rule: Length, length: nw.Expr) -> nw.Expr:
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
