"""The data under audit: lazy, of any engine, and cut into partitions where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.types import column_type, nullable, nulls
from mesh_dagster.contracts.rules.kinds import Schema
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.types import ColumnType

WINDOW = "__mesh_window"
"""Column of a query's result: something of which a partition's key can be told, per day or hour."""

FAILED = "__mesh_failed"
"""Column of a query's result: how many rows of the window break the rule."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Lazy data with its schema, and how its rows fall into partitions."""

    rows: nw.LazyFrame[Any]
    schema: Mapping[str, nw.dtypes.DType]
    partitioning: Partitioning | None = None

    @classmethod
    def of(cls, data: Any, partitioning: Partitioning | None = None) -> Frame:
        """Wrap what narwhals takes. Raises `EvaluationError` when the data cannot be opened."""
        try:
            rows = nw.from_native(data).lazy()
            schema = dict(rows.collect_schema())
        except Exception as error:
            raise unreadable(error) from error
        if partitioning and partitioning.column not in schema:
            raise EvaluationError(
                f"the data has no column {partitioning.column}, by which it is partitioned",
                code="MESH-C001",
            )
        return cls(rows, schema, partitioning)

    @property
    def is_polars(self) -> bool:
        return isinstance(self.rows.to_native(), pl.LazyFrame)

    @property
    def window(self) -> nw.Expr | None:
        """The day (or hour) of a row: cheaper to group by than the text of its key."""
        if self.partitioning is None:
            return None
        column, dtype = nw.col(self.partitioning.column), self.schema[self.partitioning.column]
        if not isinstance(dtype, nw.Datetime):
            return column
        if dtype.time_zone not in (None, "UTC", "Etc/UTC"):
            column = column.dt.convert_time_zone("UTC")
        hourly = self.partitioning.every is Every.HOUR
        return column.dt.truncate("1h") if hourly else column.dt.date()

    def select(self, *columns: str) -> nw.LazyFrame[Any]:
        """Some columns, with the window where there are partitions."""
        window = [] if self.window is None else [self.window.alias(WINDOW)]
        return self.rows.select(*columns, *window)

    def key_of(self, window: Any) -> str | None:
        """The partition's key for a value of `window`; None where there are no partitions.

        Raises `EvaluationError` for a row that belongs to none.
        """
        if self.partitioning is None:
            return None
        try:
            return self.partitioning.key_of(_moment(window))
        except ValueError:
            raise EvaluationError(
                f"{self.partitioning.column} is {window!r} in some rows: they belong to no "
                f"partition of one {self.partitioning.every}",
                code="MESH-C002",
                fix=f"fill {self.partitioning.column} in the transform, or drop those rows",
            ) from None

    def with_absent(self, rules: Sequence[Schema]) -> Frame:
        """With the columns that a contract allows to be absent, as the nulls they are read as."""
        absent = {
            column.name: nullable(column.type)
            for rule in rules
            for column in rule.columns
            if column.name not in self.schema and not column.required
        }
        if not absent:
            return self
        rows = self.rows.with_columns(nulls(dtype).alias(name) for name, dtype in absent.items())
        return Frame(rows, {**self.schema, **absent}, self.partitioning)

    def types(self) -> dict[str, ColumnType | str]:
        """Each column's type in the mesh's words."""
        return {name: self._type(name, dtype) for name, dtype in self.schema.items()}

    def _type(self, name: str, dtype: nw.dtypes.DType) -> ColumnType | str:
        if "Unknown" in str(dtype):
            return _native_type(self.rows.to_native(), name)
        return column_type(dtype)


def _native_type(data: Any, name: str) -> ColumnType | str:
    """What narwhals has no word for: Polars' maps, or an engine's own types."""
    if isinstance(data, pl.LazyFrame):
        from mesh_dagster.ports.types import type_from_polars

        return type_from_polars(data.collect_schema()[name])
    if hasattr(data, "types"):
        return str(data.types[data.columns.index(name)]).lower()
    return "unknown"


def _moment(window: Any) -> datetime:
    if isinstance(window, str):
        window = datetime.fromisoformat(window)
    if isinstance(window, datetime):
        return window if window.tzinfo else window.replace(tzinfo=UTC)
    if isinstance(window, date):
        return datetime(window.year, window.month, window.day, tzinfo=UTC)
    raise ValueError(window)


def unreadable(error: BaseException) -> EvaluationError:
    """The data itself is at fault, and no rule can be answered."""
    return EvaluationError(
        f"the data cannot be read: {first_line(error)}",
        code="MESH-C001",
        fix="look at the files it names; stage again what is gone or broken",
    )


def first_line(error: BaseException) -> str:
    """What an engine said, without the plan or the drawing it appends."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("error:")]
    return (said or lines or [type(error).__name__])[0].removeprefix("error:").strip()


def together(
    one: nw.LazyFrame[Any], other: nw.LazyFrame[Any]
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]:
    """Two frames that can be joined: those of different engines are both brought to Polars."""
    if one.implementation is other.implementation:
        return one, other
    return _in_polars(one), _in_polars(other)


def summed(counts: nw.LazyFrame[Any], windows: list[str]) -> pl.DataFrame:
    """The column FAILED in total, by window where there are windows, as a small frame."""
    total = nw.col(FAILED).sum().alias(FAILED)
    sums = counts.group_by(*windows).agg(total) if windows else counts.select(total)
    return collected(sums)


def stream(rows: pl.LazyFrame) -> pl.DataFrame:
    """Run a Polars plan in bounded memory."""
    return rows.collect(engine="streaming")


def _in_polars(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    return rows if rows.implementation.is_polars() else nw.from_native(collected(rows).lazy())


def collected(rows: nw.LazyFrame[Any]) -> pl.DataFrame:
    """The result of a query on any engine."""
    native = rows.to_native()
    if isinstance(native, pl.LazyFrame):
        return stream(native)
    found = rows.collect("polars").to_native()
    if not isinstance(found, pl.DataFrame):
        raise TypeError(f"Polars was asked for and {type(found)} came")
    return found
