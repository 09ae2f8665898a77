"""Texts as values of a type: null where a text is none, which the rule on the type counts.

What is read, and as what, is written down for people in docs/contracts/testing.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl
import pyarrow as pa

from mesh_dagster.contracts.files.arrow import arrow_type
from mesh_dagster.contracts.files.moments import strptime_format
from mesh_dagster.contracts.files.values import reader
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.types import polars_type

Read = Callable[[pl.Expr], pl.Expr]

_TRUE = ["true", "t", "yes", "y", "1"]
_FALSE = ["false", "f", "no", "n", "0"]
_ZONE = r"(:\d{2}(?:\.\d+)?) ?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)$"
"""A zone stands after minutes or seconds, so that the day of a date is none."""


def given(text: pl.Expr) -> pl.Expr:
    """A field's text without blanks around it; null where nothing else is in it."""
    bare = text.str.strip_chars()
    return pl.when(bare.str.len_bytes() > 0).then(bare)


def parsed(text: pl.Expr, type_: ColumnType, pattern: str | None = None) -> pl.Expr:
    """The values that texts stand for. `pattern` is the contract's own format of a moment.

    Raises `PatternError` for a pattern that cannot be read.
    """
    match type_.kind:
        case Kind.STRING:
            value = text
        case Kind.BOOLEAN:
            value = _boolean(text)
        case Kind.INT | Kind.LONG:
            value = _whole(text, type_)
        case Kind.BINARY | Kind.FLOAT | Kind.DOUBLE:
            value = text.cast(polars_type(type_), strict=False)
        case Kind.DECIMAL:
            value = _decimal(text, type_)
        case Kind.DATE | Kind.TIME:
            value = _civil(text, type_.kind, strptime_format(pattern) if pattern else None)
        case Kind.TIMESTAMP | Kind.TIMESTAMPTZ:
            value = _moment(text, type_.kind, strptime_format(pattern) if pattern else None)
        case _:
            value = _json(text, type_)
    return value


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


def _either(text: pl.Expr, dtype: pl.DataType, usual: Read, other: Read) -> pl.Expr:
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
        lambda each: each.str.replace(r"\.0*$", "").cast(dtype, strict=False),
    )


def _decimal(text: pl.Expr, type_: ColumnType) -> pl.Expr:
    """Only what the scale holds: one digit more would be rounded away."""
    scale = type_.scale or 0
    fits = text.str.contains(rf"^[+-]?(\d+\.?\d{{0,{scale}}}|\.\d{{1,{max(scale, 1)}}})0*$")
    return pl.when(fits).then(text).cast(polars_type(type_), strict=False)


def _civil(text: pl.Expr, kind: Kind, format_: str | None) -> pl.Expr:
    dtype = pl.Date if kind is Kind.DATE else pl.Time
    if format_:
        return text.str.strptime(dtype, format_, strict=False)
    if kind is Kind.DATE:
        return text.str.strptime(dtype, "%Y-%m-%d", strict=False)
    return pl.coalesce(
        text.str.strptime(dtype, "%H:%M:%S%.f", strict=False),
        text.str.strptime(dtype, "%H:%M", strict=False),
    )


def _moment(text: pl.Expr, kind: Kind, format_: str | None) -> pl.Expr:
    """ISO 8601 with `T` or a blank; without a zone it is in UTC, with one it is brought there."""
    if format_:
        zoned = any(mark in format_ for mark in ("%z", "%:z", "%#z", "%+"))
        dtype = pl.Datetime("us", "UTC") if zoned else pl.Datetime("us")
        read = text.str.strptime(dtype, format_, strict=False)
        read = read if zoned else read.dt.replace_time_zone("UTC")
    else:
        written = "%Y-%m-%dT%H:%M:%S%.f"
        read = _either(
            text.str.strip_suffix("Z"),
            pl.Datetime("us", "UTC"),
            lambda each: _naive(each, written).dt.replace_time_zone("UTC"),
            _iso,
        )
    return read if kind is Kind.TIMESTAMPTZ else read.dt.replace_time_zone(None)


def _naive(text: pl.Expr, format_: str) -> pl.Expr:
    return text.str.strptime(pl.Datetime("us"), format_, strict=False)


def _iso(text: pl.Expr) -> pl.Expr:
    spaced = text.str.replace(r"^(\d{4}-\d{2}-\d{2})[Tt]", "${1} ")
    zone = spaced.str.extract(_ZONE, 2)
    local = spaced.str.replace(_ZONE, "${1}")
    naive = pl.Datetime("us")
    read = pl.coalesce(
        local.str.strptime(naive, "%Y-%m-%d %H:%M:%S%.f", strict=False),
        local.str.strptime(naive, "%Y-%m-%d %H:%M", strict=False),
        local.str.strptime(pl.Date, "%Y-%m-%d", strict=False).cast(naive),
    )
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.extract(r"^[+-](\d{2})").cast(pl.Int64).fill_null(0)
    minutes = zone.str.extract(r"^[+-]\d{2}:?(\d{2})").cast(pl.Int64).fill_null(0)
    shift = pl.duration(minutes=sign * (hours * 60 + minutes))
    return (read - shift).dt.replace_time_zone("UTC")
