"""The key of the partition that a row belongs to, as a Polars expression."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from mesh_dagster.errors import TransformError
from mesh_dagster.model.partition import Every, Partitioning

DAYS_IN_A_WEEK = 7
_FORMATS = {Every.HOUR: "%Y-%m-%d-%H:%M"}
_EVERY = {Every.HOUR: "1h", Every.DAY: "1d", Every.MONTH: "1mo"}


def key_expression(partitioning: Partitioning, schema: pl.Schema) -> pl.Expr:
    """The key of each row's window, null where the column is.

    Raises `TransformError` where the column is not there or holds no moments.
    """
    column = moment_expression(partitioning, schema)
    if partitioning.every is Every.WEEK:
        since_sunday = (column.dt.weekday() % DAYS_IN_A_WEEK).cast(pl.Int64)
        start = column.cast(pl.Date) - pl.duration(days=since_sunday)
    else:
        start = column.dt.truncate(_EVERY[partitioning.every])
    return start.dt.strftime(_FORMATS.get(partitioning.every, "%Y-%m-%d"))


def within(partitioning: Partitioning, key: str, schema: pl.Schema) -> pl.Expr:
    """Whether a row lies in the window of a key; null where the column is."""
    column = moment_expression(partitioning, schema)
    start, end = bounds(partitioning, key, schema[partitioning.column])
    return (column >= pl.lit(start)) & (column < pl.lit(end))


def moment_expression(partitioning: Partitioning, schema: pl.Schema) -> pl.Expr:
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
    column = pl.col(name)
    hourly = partitioning.every is Every.HOUR
    if isinstance(dtype, pl.Date) and not hourly:
        return column
    if isinstance(dtype, pl.Datetime):
        return column
    if isinstance(dtype, pl.String):
        text = pl.Datetime("us") if hourly else pl.Date()
        return column.str.strptime(text, strict=False)
    raise TransformError(
        f"column {name} holds {dtype}, by which no {partitioning.every} can be told",
        code="MESH-M023",
        fix=f"return {name} as a {'timestamp' if hourly else 'date or timestamp'}",
    )


def bounds(partitioning: Partitioning, key: str, dtype: pl.DataType) -> tuple[object, object]:
    """The window [start, end) of a key, in the type of the column."""
    start, end = partitioning.window(key)
    return _as(dtype, start), _as(dtype, end)


def sorted_keys(partitioning: Partitioning, keys: Sequence[str]) -> list[str]:
    """The keys in the order of time, each once. Raises `UsageError` for one that is none."""
    return sorted(set(keys), key=lambda key: partitioning.window(key)[0])


def _as(dtype: pl.DataType, moment: datetime) -> object:
    if isinstance(dtype, pl.Datetime):
        return moment if dtype.time_zone else moment.replace(tzinfo=None)
    return moment.date()
