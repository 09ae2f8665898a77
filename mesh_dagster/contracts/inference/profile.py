"""What each column holds, measured in a few streaming passes whose memory does not grow with rows.

The first pass measures every column, a second looks closer where the first makes it worth it,
and values are counted only of columns that have few. Numbers of distinct values are estimates
(HyperLogLog), good for a choice and for no promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from mesh_dagster.contracts.audit.data.frame import stream
from mesh_dagster.contracts.inference.shapes import FORMATS, shape_of

GLANCE = 10_000
FEW_VALUES = 60
"""Distinct values up to which they are counted one by one."""

LOWEST = 20
"""The lowest part of a column's range that is looked at is one in so many."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, or one field of a struct: `path` leads to it.

    `rows` are those that could have a value: of a field the rows whose struct is there.
    """

    path: tuple[str, ...]
    dtype: pl.DataType
    rows: int = 0
    nulls: int = 0
    distinct: int = 0
    least: Any = None
    most: Any = None
    shortest: int | None = None
    longest: int | None = None
    spaced: int = 0
    """Texts with white space in them."""
    lowest: int = 0
    """Numbers of at least 0 in the lowest part of 0 to the greatest one."""
    shape: str | None = None
    """A format, or a pattern, that every text is of."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Each value and its rows, where there are few."""
    late: str | None = None
    """A value that the first half of the rows does not have, where their order means something."""

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def values(self) -> int:
        return self.rows - self.nulls

    @property
    def expr(self) -> pl.Expr:
        found = pl.col(self.path[0])
        for part in self.path[1:]:
            found = found.struct.field(part)
        return found

    @property
    def is_text(self) -> bool:
        return self.dtype == pl.String


@dataclass(frozen=True, slots=True)
class Profile:
    """A table, measured."""

    rows: int
    columns: tuple[Column, ...]

    def top(self) -> tuple[Column, ...]:
        """Without the fields of structs."""
        return tuple(each for each in self.columns if len(each.path) == 1)


def profile(rows: pl.LazyFrame) -> Profile:
    """Measure a table."""
    columns = [
        each for name, dtype in rows.collect_schema().items() for each in _of((name,), dtype)
    ]
    head = stream(rows.head(GLANCE))
    total, columns = _measured(rows, columns)
    columns = _closer(rows, columns, head)
    return Profile(total, tuple(_counted(rows, each, total) for each in columns))


def _of(path: tuple[str, ...], dtype: pl.DataType) -> list[Column]:
    found = [Column(path, dtype)]
    if isinstance(dtype, pl.Struct):
        for each in dtype.fields:
            inner = each.dtype() if isinstance(each.dtype, type) else each.dtype
            found += _of((*path, each.name), inner)
    return found


_Measure = Callable[[pl.Expr], pl.Expr]


def _measured(rows: pl.LazyFrame, columns: Sequence[Column]) -> tuple[int, list[Column]]:
    """The first pass."""
    asked = [
        make(each.expr).alias(f"{at}:{name}")
        for at, each in enumerate(columns)
        for name, make in _measures(each.dtype).items()
    ]
    row = stream(rows.select(pl.len().alias("rows"), *asked)).row(0, named=True)
    found: dict[tuple[str, ...], Column] = {}
    for at, each in enumerate(columns):
        values = {name: row[f"{at}:{name}"] for name in _measures(each.dtype)}
        outer = found.get(each.path[:-1])
        rows_here = row["rows"] if outer is None else outer.values
        nulls = values.pop("nulls") - (row["rows"] - rows_here)
        found[each.path] = replace(each, rows=rows_here, nulls=nulls, **values)
    return row["rows"], list(found.values())


def _measures(dtype: pl.DataType) -> dict[str, _Measure]:
    found: dict[str, _Measure] = {"nulls": lambda each: each.null_count()}
    if dtype.is_numeric() or dtype.is_temporal():
        found |= {"least": lambda each: each.min(), "most": lambda each: each.max()}
    if dtype == pl.String:
        found |= {
            "shortest": lambda each: each.str.len_chars().min(),
            "longest": lambda each: each.str.len_chars().max(),
        }
    if dtype == pl.String or dtype.is_integer() or dtype.is_temporal():
        found["distinct"] = lambda each: each.approx_n_unique()
    return found


def _closer(rows: pl.LazyFrame, columns: Sequence[Column], head: pl.DataFrame) -> list[Column]:
    """The second pass: near zero, white space, and whether all texts are of the shape guessed."""
    shapes: dict[int, str] = {}
    asked = []
    for at, each in enumerate(columns):
        if _starts_at_zero(each):
            asked.append((each.expr <= each.most / LOWEST).sum().alias(f"{at}:lowest"))
        elif each.is_text and each.values:
            asked.append(each.expr.str.contains(r"\s").sum().alias(f"{at}:spaced"))
            guess = shape_of(head.select(each.expr.alias("text"))["text"])
            if guess:
                shapes[at] = guess
                fits = each.expr.str.contains(FORMATS.get(guess, guess))
                asked.append(fits.sum().alias(f"{at}:fits"))
    if not asked:
        return list(columns)
    row = stream(rows.select(asked)).row(0, named=True)
    found = []
    for at, each in enumerate(columns):
        kept = at in shapes and row[f"{at}:fits"] == each.values
        found.append(
            replace(
                each,
                lowest=row.get(f"{at}:lowest") or 0,
                spaced=row.get(f"{at}:spaced") or 0,
                shape=shapes[at] if kept else None,
            )
        )
    return found


def _starts_at_zero(column: Column) -> bool:
    return column.dtype.is_numeric() and column.least is not None and column.least >= 0


def _counted(rows: pl.LazyFrame, column: Column, total: int) -> Column:
    """With its values counted, and what is new in the second half, if they are few texts."""
    few = column.is_text and 0 < column.distinct <= FEW_VALUES and len(column.path) == 1
    if not few:
        return column
    text = column.expr.alias("value")
    numbered = rows.select(text).with_row_index("at").drop_nulls("value")
    counts = stream(
        numbered.group_by("value").agg(pl.len().alias("rows"), pl.col("at").min().alias("first"))
    ).sort("rows", "value", descending=[True, False])
    found = dict(zip(counts["value"], counts["rows"], strict=True))
    changes = stream(rows.select((text != text.shift(1)).sum())).item()
    late = None
    if changes > 2 * len(found):  # otherwise the rows are sorted by it, and it says nothing
        late = next(
            (value for value, first in counts.select("value", "first").rows() if first > total / 2),
            None,
        )
    return replace(column, counts=found, late=late)
