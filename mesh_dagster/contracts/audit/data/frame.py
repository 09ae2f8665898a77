"""The data under audit: lazy, of any engine, and cut into partitions where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.data.found import (
    FoundType,
    found_in_duckdb,
    found_in_polars,
    found_in_spark,
    found_of,
)
from mesh_dagster.contracts.audit.data.spark import in_utc
from mesh_dagster.contracts.audit.data.types import nullable, nulls
from mesh_dagster.contracts.audit.data.untyped import with_structure
from mesh_dagster.contracts.audit.data.zones import moments_in_utc
from mesh_dagster.contracts.rules.kinds import Expected, Schema
from mesh_dagster.contracts.rules.paths import Path
from mesh_dagster.errors import EvaluationError, first_line
from mesh_dagster.model.partition import Every, Partitioning

WINDOW = "__mesh_window"
"""Column of a query's result: something of which a partition's key can be told, per day or hour."""

FAILED = "__mesh_failed"
"""Column of a query's result: how many rows of the window break the rule."""

RAISED = (Exception, pl.exceptions.PanicException)
"""What engines raise: a panic of Polars is no `Exception`, and the end of one rule all the same."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Lazy data with its schema, and how its rows fall into partitions.

    `raw` names for a column the one that holds its text, as a text format has it. `optional`
    are the places (columns and paths, as texts) that a contract allows to be absent, `absent`
    the columns that are.
    """

    rows: nw.LazyFrame[Any]
    schema: Mapping[str, nw.dtypes.DType]
    partitioning: Partitioning | None = None
    raw: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    levels: dict[Path, Frame] = field(default_factory=dict, compare=False, repr=False)
    """Those of its levels that were unfolded before."""

    @classmethod
    def of(
        cls,
        data: Any,
        partitioning: Partitioning | None = None,
        raw: Mapping[str, str] | None = None,
    ) -> Frame:
        """Wrap what narwhals takes. Raises `EvaluationError` when the data cannot be opened."""
        try:
            rows = nw.from_native(data).lazy()
            schema = dict(rows.collect_schema())
        except RAISED as error:
            raise unreadable(error) from error
        if rows.implementation.is_spark_like():
            schema = in_utc(rows.to_native(), schema)
        if partitioning and partitioning.column not in schema:
            raise EvaluationError(
                f"the data has no column {partitioning.column}, by which it is partitioned",
                code="MESH-C001",
            )
        return cls(rows, schema, partitioning, raw or {})

    def with_rows(self, rows: nw.LazyFrame[Any]) -> Frame:
        """Other rows of the same data, which hold their window where there are partitions."""
        return replace(self, rows=rows, schema=dict(rows.collect_schema()), levels={})

    def in_polars(self, column: str) -> Frame:
        """One column of it, with the partitions, in Polars' memory."""
        window = self.partitioning.column if self.partitioning else column
        kept = dict.fromkeys((column, window, self.raw.get(column, column)))
        return self.with_rows(in_polars(self.rows.select(*kept)))

    @property
    def is_polars(self) -> bool:
        return isinstance(self.rows.to_native(), pl.LazyFrame)

    @property
    def window(self) -> nw.Expr | None:
        """The day (or hour) of a row: cheaper to group by than the text of its key."""
        if self.partitioning is None:
            return None
        if WINDOW in self.schema:
            return nw.col(WINDOW)
        column, dtype = nw.col(self.partitioning.column), self.schema[self.partitioning.column]
        if not isinstance(dtype, nw.Datetime):
            return column
        column = moments_in_utc(column, dtype)
        hourly = self.partitioning.every is Every.HOUR
        return column.dt.truncate("1h") if hourly else column.dt.date()

    def select(self, *columns: str | nw.Expr) -> nw.LazyFrame[Any]:
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

    def with_structure(self, rules: Sequence[Schema]) -> Frame:
        """With the parts of JSON that a contract names, where an engine can look into it."""
        if not self.rows.implementation.is_duckdb():
            return self
        columns = (column for rule in rules for column in rule.columns)
        native = self.rows.to_native()
        known = with_structure(native, columns)
        return self if known is native else self.with_rows(nw.from_native(known).lazy())

    def with_absent(self, rules: Sequence[Schema]) -> Frame:
        """With the columns that a contract allows to be absent, as the nulls they are read as."""
        absent = {
            column.name: nullable(column)
            for rule in rules
            for column in rule.columns
            if column.name not in self.schema and not column.required
        }
        optional = frozenset(
            path for rule in rules for each in rule.columns for path in optional_in(each)
        )
        if not absent:
            return replace(self, optional=optional, levels={})
        rows = self.rows.with_columns(nulls(dtype).alias(name) for name, dtype in absent.items())
        return replace(
            self,
            rows=rows,
            schema={**self.schema, **absent},
            optional=optional,
            absent=frozenset(absent),
            levels={},
        )

    def types(self) -> dict[str, FoundType]:
        """Each column's type, without those columns that only hold raw texts."""
        native, texts = self.rows.to_native(), set(self.raw.values())
        if self.is_polars:
            found = {name: found_in_polars(each) for name, each in native.collect_schema().items()}
        elif self.rows.implementation.is_duckdb():
            found = dict(zip(native.columns, map(found_in_duckdb, native.types), strict=True))
        elif self.rows.implementation.is_spark_like():
            found = {each.name: found_in_spark(each.dataType) for each in native.schema.fields}
        else:
            found = {name: found_of(dtype) for name, dtype in self.schema.items()}
        return {name: each for name, each in found.items() if name not in texts}

    def type_of(self, column: str) -> FoundType:
        """The type of one column."""
        return self.types()[column]


def optional_in(column: Expected, above: str = "") -> Iterator[str]:
    """The places in a column, itself included, that may be absent, as texts of their paths."""
    joint = "." if above and not column.name.startswith("[") else ""
    name = f"{above}{joint}{column.name}"
    if not column.required:
        yield name
    for each in column.inside:
        yield from optional_in(each, name)


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


def together(
    one: nw.LazyFrame[Any], other: nw.LazyFrame[Any]
) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]:
    """Two frames that can be joined: those of different engines are both brought to Polars."""
    if one.implementation is other.implementation:
        return one, other
    return in_polars(one), in_polars(other)


def summed(counts: nw.LazyFrame[Any], windows: list[str]) -> pl.DataFrame:
    """The column FAILED in total, by window where there are windows, as a small frame."""
    total = nw.col(FAILED).sum().alias(FAILED)
    sums = counts.group_by(*windows).agg(total) if windows else counts.select(total)
    return collected(sums)


def stream(rows: pl.LazyFrame) -> pl.DataFrame:
    """Run a Polars plan in bounded memory."""
    return rows.collect(engine="streaming")


def in_polars(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The rows of any engine in Polars."""
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
