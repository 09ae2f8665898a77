"""Texts as values of a type: null where a text is none, which the rule on the type counts.

What is read, and as what, is written down for people in docs/contracts/testing.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl
import pyarrow as pa

from mesh_dagster.contracts.files.arrow import arrow_type
from mesh_dagster.contracts.files.moments import (
    DATE,
    MOMENT,
    TIME,
    USUAL,
    Written,
    written,
)
from mesh_dagster.contracts.files.targets import target
from mesh_dagster.contracts.files.values import MOMENTS, decimal_pattern, reader
from mesh_dagster.contracts.rules.moments import PatternError
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import Property
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.types import polars_type

_Way = Callable[[pl.Expr], pl.Expr]

_TRUE = ["true", "t", "yes", "y", "1"]
_FALSE = ["false", "f", "no", "n", "0"]
_CLOCK = "%H:%M:%S%.f"


def given(text: pl.Expr) -> pl.Expr:
    """A field's text without blanks around it; null where nothing else is in it."""
    bare = text.str.strip_chars()
    return pl.when(bare.str.len_bytes() > 0).then(bare)


def parsed(text: pl.Expr, type_: ColumnType, pattern: str | None = None) -> pl.Expr:
    """The values that texts stand for. `pattern` is the contract's own format of a moment.

    Raises `PatternError` for a pattern that cannot be read.
    """
    if pattern and type_.kind in MOMENTS and (stated := written(pattern)):
        return _stated(text, type_.kind, stated)
    match type_.kind:
        case Kind.STRING:
            value = text
        case Kind.BOOLEAN:
            value = _boolean(text)
        case Kind.INT | Kind.LONG:
            value = _whole(text, type_)
        case Kind.BINARY:
            value = text.cast(pl.Binary)
        case Kind.FLOAT | Kind.DOUBLE:
            value = _number(text, type_)
        case Kind.DECIMAL:
            value = _decimal(text, type_)
        case Kind.DATE:
            value = _only(text, DATE).str.strptime(pl.Date, "%Y-%m-%d", strict=False)
        case Kind.TIME:
            value = _seconds(_only(text, TIME)).str.strptime(pl.Time, _CLOCK, strict=False)
        case Kind.TIMESTAMP:
            value = _moment(text).dt.replace_time_zone(None)
        case Kind.TIMESTAMPTZ:
            value = _moment(text)
        case _:
            value = _json(text, type_)
    return value


def pattern_of(column: Property) -> str | None:
    """The format in which a contract has the moments of a column.

    Raises `EvaluationError` for one that cannot be read.
    """
    type_, pattern = target(column), column.options.get("format")
    if not isinstance(pattern, str) or type_ is None or type_.kind not in MOMENTS:
        return None
    try:
        return pattern if written(pattern) else None
    except PatternError as error:
        raise EvaluationError(str(error), code="MESH-C026", where=column.where) from None


def _json(text: pl.Expr, type_: ColumnType) -> pl.Expr:
    """What is nested stands in a text as JSON, and has JSON's own types in it."""
    read, dtype = reader(type_), polars_type(type_)

    def value(given: str | None) -> object:
        try:
            found = None if given is None else json.loads(given)
            return None if found is None else read(found)
        except (ValueError, RecursionError):
            return None

    def values(texts: pl.Series) -> pl.Series:
        found = pa.array([value(each) for each in texts], arrow_type(type_))
        return pl.Series(texts.name, found).cast(dtype)

    return text.map_batches(values, return_dtype=dtype, is_elementwise=True)


def _boolean(text: pl.Expr) -> pl.Expr:
    word = text.str.to_lowercase()
    true = pl.when(word.is_in(_TRUE)).then(pl.lit(True))
    return true.when(word.is_in(_FALSE)).then(pl.lit(False))


def _either(text: pl.Expr, dtype: pl.DataType, usual: _Way, other: _Way) -> pl.Expr:
    """The usual way to read, and the other one only for what that could not read."""

    def read(texts: pl.Series) -> pl.Series:
        frame = texts.to_frame("text")
        found = frame.select(usual(pl.col("text")).alias("found")).to_series()
        lost = found.is_null() & texts.is_not_null()
        if lost.any():
            rest = frame.filter(lost).select(other(pl.col("text")).alias("found")).to_series()
            found = found.scatter(lost.arg_true(), rest)
        return found.alias(texts.name)

    return text.map_batches(read, return_dtype=dtype, is_elementwise=True)


def _whole(text: pl.Expr, type_: ColumnType) -> pl.Expr:
    """Digits; a fraction of nothing but zeros is no fraction: 3.0 is what pandas makes of 3."""
    dtype = polars_type(type_)
    return _either(
        text,
        dtype,
        lambda each: each.cast(dtype, strict=False),
        lambda each: each.str.replace(r"\.0+$", "").cast(dtype, strict=False),
    )


def _number(text: pl.Expr, type_: ColumnType) -> pl.Expr:
    """A number too great for a double is none: only what is called infinite is."""
    value = text.cast(polars_type(type_), strict=False)
    too_great = pl.when(value.is_infinite()).then(text).str.contains("[0-9]")
    return pl.when(~too_great.fill_null(value=False)).then(value)


def _decimal(text: pl.Expr, type_: ColumnType) -> pl.Expr:
    return _only(text, decimal_pattern(type_)).cast(polars_type(type_), strict=False)


def _stated(text: pl.Expr, kind: Kind, stated: Written) -> pl.Expr:
    """Moments in the contract's own format; without a zone they are in UTC."""
    for pattern in stated.form.patterns:
        text = _only(text, pattern)
    for pattern in stated.form.refused:
        text = pl.when(~text.str.contains(pattern)).then(text)
    if kind is Kind.DATE:
        return text.str.strptime(pl.Date, stated.strptime, strict=False)
    if kind is Kind.TIME:
        return text.str.strptime(pl.Time, stated.strptime, strict=False)
    dtype = pl.Datetime("us", "UTC") if stated.is_zoned else pl.Datetime("us")
    read = text.str.strptime(dtype, stated.strptime, strict=False)
    return read.dt.replace_time_zone(None if kind is Kind.TIMESTAMP else "UTC")


def _only(text: pl.Expr, pattern: str) -> pl.Expr:
    """Null for texts that are not of a pattern: strptime takes 24-1-1 for a date."""
    return pl.when(text.str.contains(pattern)).then(text)


def _seconds(clock: pl.Expr) -> pl.Expr:
    """`12:30` as `12:30:00`."""
    return pl.when(clock.str.len_bytes() == len("12:30")).then(clock + ":00").otherwise(clock)


def _moment(text: pl.Expr) -> pl.Expr:
    """ISO 8601 with `T` or a blank; without a zone it is in UTC, with one it is brought there."""
    return _either(
        text,
        pl.Datetime("us", "UTC"),
        lambda each: _read(_only(each, USUAL).str.strip_suffix("Z")),
        _unusual,
    )


def _read(text: pl.Expr) -> pl.Expr:
    read = text.str.strptime(pl.Datetime("us"), f"%Y-%m-%dT{_CLOCK}", strict=False)
    return read.dt.replace_time_zone("UTC")


def _unusual(text: pl.Expr) -> pl.Expr:
    found = text.str.extract_groups(MOMENT).struct
    zone = found.field("zone")
    local = _read(found.field("day") + "T" + _seconds(found.field("clock").fill_null("00:00")))
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.slice(3).str.strip_prefix(":").cast(pl.Int64, strict=False).fill_null(0)
    moment = local - pl.duration(minutes=sign * (hours * 60 + minutes))
    return pl.when(moment.dt.year().is_between(1, 9999)).then(moment)
