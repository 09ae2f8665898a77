"""The key of a table: columns that no two rows share, and not by chance.

Any columns are unique in few enough rows. A key of several columns is believed when rows drawn
at random from the values of each would have collided many times, and no two did; a key of one
column when it is of a type that keys are of and has many values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod

import polars as pl

from mesh_dagster.contracts.audit.data.frame import stream
from mesh_dagster.contracts.audit.keys.repeats import repeats
from mesh_dagster.contracts.inference.profile import Column, Profile

ENOUGH = 100
"""Rows below which a column that is unique may be so by chance."""

COLLISIONS = 20
"""To be expected by chance before the absence of any is evidence: one in half a billion."""

MOST_COLUMNS = 3
_GLANCE = 100_000
_ABOUT = 0.8
"""An estimate of distinct values this near to the rows may mean all of them: it errs by a tenth."""

_PART = 0.5
"""A part of a key has less than this of the rows in distinct values."""

_MOST_CANDIDATES = 12
_MOST_TRIED = 5
_LONGEST_TEXT = 64
_NAMES = ("id", "key", "code", "uuid", "guid")


@dataclass(frozen=True, slots=True)
class Key:
    """The columns of a primary key and the evidence for it."""

    columns: tuple[str, ...]
    evidence: str


def key_of(table: Profile, rows: pl.LazyFrame) -> Key | None:
    """The smallest key that is beyond doubt; None where there is none."""
    if table.rows < ENOUGH:
        return None
    for single in sorted(_singles(table), key=_like_a_key)[:_MOST_TRIED]:
        if _is_unique(rows, (single.name,)):
            return Key((single.name,), f"{table.rows:,} different values in {table.rows:,} rows")
    return _composite(table, rows)


def _singles(table: Profile) -> Iterator[Column]:
    for column in table.top():
        if column.nulls or column.distinct < table.rows * _ABOUT:
            continue
        # No float, decimal or moment: they are unique until they are not. No prose either.
        text = column.is_text and not column.spaced and (column.longest or 0) <= _LONGEST_TEXT
        if text or column.dtype.is_integer():
            yield column


def _like_a_key(column: Column) -> bool:
    """Those named like one first, then in the order of the table."""
    words = column.name.lower().replace("-", "_").split("_")
    return words[-1] not in _NAMES


def _composite(table: Profile, rows: pl.LazyFrame) -> Key | None:
    """The first of the smallest sets of columns that never repeats, moments before others."""
    candidates = sorted(
        (each for each in table.top() if _may_be_part(each, table)), key=_rank, reverse=True
    )[:_MOST_CANDIDATES]
    head = stream(rows.select(each.name for each in candidates).head(_GLANCE))
    tried = 0
    for size in range(2, MOST_COLUMNS + 1):
        for columns in combinations(candidates, size):
            names = tuple(each.name for each in table.top() if each in columns)
            expected = _collisions(table.rows, columns)
            if expected < COLLISIONS or head.select(names).is_duplicated().any():
                continue
            if tried == _MOST_TRIED:
                return None
            tried += 1
            if _is_unique(rows, names):
                told = f"{table.rows:,} different ones in {table.rows:,} rows, where chance alone"
                return Key(names, f"{told} would repeat some {expected:,.0f}")
    return None


def _may_be_part(column: Column, table: Profile) -> bool:
    text = column.is_text and (column.longest or 0) <= _LONGEST_TEXT and not column.spaced
    kind = text or column.dtype.is_integer() or column.dtype.is_temporal()
    return bool(kind) and not column.nulls and 1 < column.distinct < table.rows * _PART


def _rank(column: Column) -> tuple[bool, bool, int]:
    """Moments, then names, then numbers: what is counted is rarely part of a key."""
    return column.dtype.is_temporal(), column.is_text, column.distinct


def _collisions(rows: int, columns: tuple[Column, ...]) -> float:
    return rows * (rows - 1) / 2 / prod(float(each.distinct) for each in columns)


def _is_unique(rows: pl.LazyFrame, names: tuple[str, ...]) -> bool:
    """Exactly, over all rows."""
    return repeats(rows.select(names), list(names))[0] == 0
