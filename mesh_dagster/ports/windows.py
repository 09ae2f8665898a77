"""The partition that a row belongs to, in the words of Polars and of Iceberg."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import polars as pl

from mesh_dagster.errors import TransformError
from mesh_dagster.model.partition import Every, Partitioning

DAYS_IN_A_WEEK = 7
_EPOCH_YEAR = 1970
_HOURS = 24


def start_expression(partitioning: Partitioning, schema: pl.Schema) -> pl.Expr:
    """The start of each row's window (a date, or for hours a moment); null where the column is.

    Raises `TransformError` where the column is not there or holds no moments.
    """
    column = _moments(partitioning, schema)
    match partitioning.every:
        case Every.HOUR:
            return column.dt.truncate("1h")
        case Every.WEEK:
            day = column.cast(pl.Date)
            return day - pl.duration(days=(day.dt.weekday() % DAYS_IN_A_WEEK).cast(pl.Int64))
        case Every.MONTH:
            return column.cast(pl.Date).dt.month_start()
    return column.cast(pl.Date)


def asked_expression(partitioning: Partitioning, keys: Sequence[str], schema: pl.Schema) -> pl.Expr:
    """The start of each row's window where it is one of those asked for, null elsewhere."""
    start = start_expression(partitioning, schema)
    starts = [partitioning.window(key)[0] for key in keys]
    zone = _zone(partitioning, schema)
    literals = [_literal(partitioning, moment, zone) for moment in starts]
    whole = bool(keys) and list(partitioning.between(keys[0], keys[-1])) == list(keys)
    if whole:
        inside = start.is_between(pl.lit(literals[0]), pl.lit(literals[-1]))
    else:
        inside = start.is_in(literals)
    return pl.when(inside).then(start)


def partition_value(partitioning: Partitioning | None, key: str | None) -> int | None:
    """A partition in Iceberg's terms: days, hours or months since 1970."""
    if partitioning is None or key is None:
        return None
    start = partitioning.window(key)[0]
    if partitioning.every is Every.MONTH:
        return (start.year - _EPOCH_YEAR) * 12 + start.month - 1
    days = start.toordinal() - datetime(_EPOCH_YEAR, 1, 1).toordinal()  # noqa: DTZ001
    return days * _HOURS + start.hour if partitioning.every is Every.HOUR else days


def key_of(partitioning: Partitioning, start: date | datetime) -> str:
    """The key of a window that `start_expression` found."""
    if isinstance(start, datetime):
        return partitioning.key_of(start.replace(tzinfo=start.tzinfo or UTC))
    return partitioning.key_of(datetime.combine(start, time(), UTC))


def sorted_keys(partitioning: Partitioning, keys: Sequence[str]) -> list[str]:
    """The keys in the order of time, each once. Raises `UsageError` for one that is none."""
    return sorted(set(keys), key=lambda key: partitioning.window(key)[0])


def _moments(partitioning: Partitioning, schema: pl.Schema) -> pl.Expr:
    """The partition column as dates or moments in UTC; text that names dates is read."""
    name = partitioning.column
    if name not in schema:
        raise TransformError(
            f"the transform returned no column {name}, by which the product is partitioned; "
            f"it has: {', '.join(schema)}",
            code="MESH-M023",
            fix=f"return {name}, or name another `partitions.column` in defs.yaml",
        )
    dtype = schema[name]
    hourly = partitioning.every is Every.HOUR
    match dtype:
        case pl.Datetime(time_zone=str()):
            return pl.col(name).dt.convert_time_zone("UTC")
        case pl.Datetime():
            return pl.col(name)
        case pl.Date() if not hourly:
            return pl.col(name)
        case pl.String() if hourly:
            hour = pl.col(name).str.slice(0, 13).str.replace("T", " ", literal=True) + ":00"
            return hour.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", strict=False)
        case pl.String():
            return pl.col(name).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    raise TransformError(
        f"column {name} holds {dtype}, by which no {partitioning.every} can be told",
        code="MESH-M023",
        fix=f"return {name} as a {'timestamp' if hourly else 'date or timestamp'}",
    )


def _zone(partitioning: Partitioning, schema: pl.Schema) -> bool:
    dtype = schema[partitioning.column]
    return isinstance(dtype, pl.Datetime) and dtype.time_zone is not None


def _literal(partitioning: Partitioning, moment: datetime, zoned: bool) -> date | datetime:
    if partitioning.every is not Every.HOUR:
        return moment.date()
    return moment if zoned else moment.replace(tzinfo=None)
