"""The one pass: all rules on values, and the number of rows, in a single streaming query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.frame import WINDOW, Frame, collected, first_line, unreadable
from mesh_dagster.contracts.audit.levels import UnreachableError, level_of
from mesh_dagster.contracts.audit.places import place_of
from mesh_dagster.contracts.audit.predicates import breaks, cannot_break, obstacle
from mesh_dagster.contracts.audit.spark import spoken
from mesh_dagster.contracts.audit.statistics import apart, only_broken
from mesh_dagster.contracts.rules.kinds import Counted, Reference, Rule, Unique
from mesh_dagster.contracts.rules.paths import Path

_ROWS = "rows"

Tally = Counter[str | None]
"""Partition (None where there are none) -> a number of rows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule that does not only count rows found in one partition, in its own words.

    Without a number in `failed` it could not be evaluated there.
    """

    kept: bool
    message: str
    checked: int | None
    failed: int | None


@dataclass(slots=True)
class Counts:
    """What is known of each rule by its id: rows that break it, or why it could not be run."""

    rows: Tally
    failed: dict[str, Tally] = field(default_factory=dict)
    levels: dict[Path | None, Tally] = field(default_factory=dict)
    """The elements of each level; of None the rows, once more."""
    reasons: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str | None, Answer]] = field(default_factory=dict)

    def elements(self, level: Path | None) -> Tally:
        """How many there are that a rule on the level is held against."""
        return self.rows if level is None else self.levels.get(level, Counter())


def fused(rules: Sequence[Rule], frame: Frame) -> Counts:
    """Count the rows, and for each rule on values those that break it, in a pass a level.

    Raises `EvaluationError` when not even the rows can be counted.
    """
    counts = Counts(Counter())
    by_level: dict[Path | None, dict[str, nw.Expr]] = {None: {}}
    for rule in rules:
        if isinstance(rule, Unique | Reference) and rule.level is not None:
            by_level.setdefault(rule.level, {})
        if not isinstance(rule, Counted):
            continue
        try:
            place = place_of(rule.column or "", rule.path, frame)
            asked = spoken(rule) if frame.rows.implementation.is_spark_like() else rule
            reason = obstacle(asked, place)
        except Exception as error:  # noqa: BLE001 - any engine's, whatever it raises
            reason = first_line(error)
        if reason:
            counts.reasons[rule.id] = reason
        elif cannot_break(rule, place):
            by_level.setdefault(rule.level, {})
        else:
            by_level.setdefault(rule.level, {})[rule.id] = breaks(asked, place)
    for names in apart(rules, frame):
        mine = {name: by_level[None].pop(name) for name in names if name in by_level[None]}
        if mine:
            _measure(only_broken(frame, mine), mine, counts, nested=False)
    for level, predicates in by_level.items():
        try:
            rows = frame if level is None else level_of(frame, level)
        except UnreachableError:
            continue
        counts.levels[level] = _measure(rows, predicates, counts, nested=level is not None)
    counts.rows = counts.levels[None]
    return counts


def tallied(frame: Frame, table: pl.DataFrame, column: str) -> Tally:
    """A column of a small result, by partition; windows of one partition are added up."""
    found, cut = table.get_column(column, default=None), table.get_column(WINDOW, default=None)
    tally: Tally = Counter()
    if found is None:
        return tally
    windows = [None] * table.height if cut is None else cut.to_list()
    for window, count in zip(windows, found.to_list(), strict=True):
        if count or column == _ROWS:
            tally[frame.key_of(window)] += int(count or 0)
    return tally


def _measure(
    frame: Frame, predicates: Mapping[str, nw.Expr], counts: Counts, *, nested: bool
) -> Tally:
    """Fill in the counts; a query that fails is halved until the rule at fault stands alone."""
    try:
        table = _run(frame, list(predicates.values()))
    except Exception as error:
        if not predicates:
            if nested:
                return Counter()
            raise unreadable(error) from error
        if len(predicates) == 1:
            counts.reasons[next(iter(predicates))] = first_line(error)
            return _measure(frame, {}, counts, nested=nested)
        names = iter(predicates)
        half = set(islice(names, len(predicates) // 2))
        first = {name: predicates[name] for name in predicates if name in half}
        _measure(frame, first, counts, nested=nested)
        return _measure(frame, {name: predicates[name] for name in names}, counts, nested=nested)
    for number, name in enumerate(predicates):
        counts.failed[name] = tallied(frame, table, f"rule{number}")
    return tallied(frame, table, _ROWS)


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
