"""Rules that the statistics of Parquet files can answer, so that no row need be read.

A row group's footer says how many nulls a column has in it, and its least and greatest value.
Polars leaves out row groups of which these prove that a filter keeps nothing, and reads the
others: exact, whatever statistics there are. So the rules of a column that nothing but nulls and
ranges are asked of are counted among the rows that break one of them, in a query of its own. On
clean files it reads footers only.

Left in the one pass are texts and floats with ranges (a footer says nothing of a NaN), and all
columns that it has to read anyway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.rules.kinds import Counted, Missing, Range, Required, Rule

MOST = 8
"""Columns that are asked by themselves: each is one more look at every footer."""

WORTH = 20_000
"""Rows in a file from which reading a column costs more than opening the file once more."""

_ORDERED = (nw.Date, nw.Datetime)
_OTHERS = re.compile(r"\.\.\. (\d+) other source")
_ROWS = re.compile(r"ESTIMATED ROWS: (\d+)")


def apart(rules: Sequence[Rule], frame: Frame) -> list[tuple[str, ...]]:
    """The ids of rules that are best counted by themselves, column by column."""
    if not _scans_large_files(frame):
        return []
    by_column: dict[str, list[Counted]] = {}
    for rule in rules:
        if isinstance(rule, Counted) and rule.column is not None:
            by_column.setdefault(rule.column, []).append(rule)
    found = [
        tuple(rule.id for rule in asked)
        for column, asked in by_column.items()
        if column in frame.schema and all(_in_footer(rule, frame.schema[column]) for rule in asked)
    ]
    return found[:MOST]


def only_broken(frame: Frame, predicates: Mapping[str, nw.Expr]) -> Frame:
    """The rows that break one of these rules."""
    broken: nw.Expr = reduce(or_, predicates.values())
    return replace(frame, rows=frame.rows.filter(broken))


def _scans_large_files(frame: Frame) -> bool:
    """Whether the data is Parquet files as they are (a filter on anything else reads it again)."""
    native = frame.rows.to_native()
    if not isinstance(native, pl.LazyFrame) or frame.raw:
        return False
    plan = native.explain(optimized=False)
    others, rows = _OTHERS.search(plan), _ROWS.search(plan)
    files = 1 + int(others[1]) if others else 1
    large = rows is None or int(rows[1]) >= WORTH * files
    return plan.startswith("Parquet SCAN") and large


def _in_footer(rule: Counted, dtype: nw.dtypes.DType) -> bool:
    if rule.path is not None:
        return False
    match rule:
        case Required():
            return True
        case Missing():
            return not rule.values
        case Range():
            return dtype.is_integer() or isinstance(dtype, _ORDERED)
    return False
