"""The one pass: all rules on values, and the number of rows, in a single streaming query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.frame import WINDOW, Frame, collected, first_line, unreadable
from mesh_dagster.contracts.audit.predicates import breaks, obstacle
from mesh_dagster.contracts.rules.kinds import Counted, Rule

_ROWS = "rows"

Tally = Counter[str | None]
"""Partition (None where there are none) -> a number of rows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule that does not only count rows found in one partition, in its own words."""

    kept: bool
    message: str
    checked: int | None
    failed: int | None


@dataclass(slots=True)
class Counts:
    """What is known of each rule by its id: rows that break it, or why it could not be run."""

    rows: Tally
    failed: dict[str, Tally] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str | None, Answer]] = field(default_factory=dict)


def fused(rules: Sequence[Rule], frame: Frame) -> Counts:
    """Count the rows, and for each rule on values those that break it.

    Raises `EvaluationError` when not even the rows can be counted.
    """
    counts = Counts(Counter())
    predicates: dict[str, nw.Expr] = {}
    for rule in rules:
        if not isinstance(rule, Counted):
            continue
        reason = obstacle(rule, frame.schema)
        if reason:
            counts.reasons[rule.id] = reason
        else:
            predicates[rule.id] = breaks(rule, frame.schema)
    _measure(frame, predicates, counts)
    return counts


def tallied(frame: Frame, table: pl.DataFrame, column: str) -> Tally:
    """A column of a small result, by partition; windows of one partition are added up."""
    if column not in table.columns:
        return Counter()
    windows = table[WINDOW].to_list() if WINDOW in table.columns else [None] * table.height
    tally: Tally = Counter()
    for window, count in zip(windows, table[column].to_list(), strict=True):
        if count or column == _ROWS:
            tally[frame.key_of(window)] += int(count or 0)
    return tally


def _measure(frame: Frame, predicates: Mapping[str, nw.Expr], counts: Counts) -> None:
    """Fill in the counts; a query that fails is halved until the rule at fault stands alone."""
    try:
        table = _run(frame, list(predicates.values()))
    except Exception as error:
        if not predicates:
            raise unreadable(error) from error
        if len(predicates) == 1:
            counts.reasons[next(iter(predicates))] = first_line(error)
            _measure(frame, {}, counts)
            return
        names = iter(predicates)
        half = set(islice(names, len(predicates) // 2))
        _measure(frame, {name: predicates[name] for name in predicates if name in half}, counts)
        _measure(frame, {name: predicates[name] for name in names}, counts)
        return
    counts.rows = tallied(frame, table, _ROWS)
    for number, name in enumerate(predicates):
        counts.failed[name] = tallied(frame, table, f"rule{number}")


def _run(frame: Frame, predicates: Sequence[nw.Expr]) -> pl.DataFrame:
    named = [(each, f"rule{number}") for number, each in enumerate(predicates)]
    window = frame.window
    if window is None:
        sums = [_sum(frame, each).alias(name) for each, name in named]
        return collected(frame.rows.select(nw.len().alias(_ROWS), *sums))
    flags = frame.rows.select(window.alias(WINDOW), *(each.alias(name) for each, name in named))
    sums = [_sum(frame, nw.col(name)).alias(name) for _, name in named]
    return collected(flags.group_by(WINDOW).agg(nw.len().alias(_ROWS), *sums))


def _sum(frame: Frame, flag: nw.Expr) -> nw.Expr:
    """How often a flag is true. Spark cannot add booleans; for Polars a cast costs a tenth."""
    number: nw.Expr = flag if frame.is_polars else flag.cast(nw.Int64)
    total: nw.Expr = number.sum()
    return total
