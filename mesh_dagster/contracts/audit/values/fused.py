"""The one pass: all rules on values, and the number of rows, in a single streaming query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.counts import ROWS, Counts, Tally, tallied
from mesh_dagster.contracts.audit.data.frame import RAISED, WINDOW, Frame, collected, unreadable
from mesh_dagster.contracts.audit.values.levels import level_of
from mesh_dagster.contracts.audit.values.places import UnreachableError
from mesh_dagster.contracts.audit.values.predicates import broken, column_of, is_for_polars
from mesh_dagster.contracts.audit.values.statistics import apart, only_broken
from mesh_dagster.contracts.rules.kinds import Counted, Reference, Rule, Unique
from mesh_dagster.contracts.rules.paths import Path
from mesh_dagster.errors import first_line


def fused(rules: Sequence[Rule], frame: Frame) -> Counts:
    """Count the rows, and for each rule on values those that break it, in a pass a level.

    What the data's own engine would answer otherwise than Polars is asked of Polars, a column at
    a time. Raises `EvaluationError` when not even the rows can be counted.
    """
    moved: dict[str, list[Rule]] = {}
    kept: list[Rule] = []
    for rule in rules:
        if isinstance(rule, Counted) and is_for_polars(rule, frame):
            moved.setdefault(column_of(rule), []).append(rule)
        else:
            kept.append(rule)
    counts = _counted(kept, frame)
    for column, asked in moved.items():
        try:
            theirs = _counted(asked, frame.in_polars(column))
        except RAISED as error:
            for rule in asked:
                counts.refuse(rule.id, first_line(error))
            continue
        counts.failed |= theirs.failed
        counts.answers |= theirs.answers
        counts.levels = theirs.levels | counts.levels
    return counts


def _counted(rules: Sequence[Rule], frame: Frame) -> Counts:
    counts = Counts(Counter())
    by_level: dict[Path | None, dict[str, nw.Expr]] = {None: {}}
    for rule in rules:
        if isinstance(rule, Unique | Reference) and rule.level is not None:
            by_level.setdefault(rule.level, {})
        if isinstance(rule, Counted):
            with counts.reason_of(rule):
                predicate = broken(rule, frame)
                of_level = by_level.setdefault(rule.level, {})
                if predicate is not None:
                    of_level[rule.id] = predicate
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


def _measure(
    frame: Frame, predicates: Mapping[str, nw.Expr], counts: Counts, *, nested: bool
) -> Tally:
    """Fill in the counts; a query that fails is halved until the rule at fault stands alone."""
    try:
        table = _run(frame, list(predicates.values()))
    except RAISED as error:
        if not predicates:
            if nested:
                return Counter()
            raise unreadable(error) from error
        if len(predicates) == 1:
            counts.refuse(next(iter(predicates)), first_line(error))
            return _measure(frame, {}, counts, nested=nested)
        names = iter(predicates)
        half = set(islice(names, len(predicates) // 2))
        first = {name: predicates[name] for name in predicates if name in half}
        _measure(frame, first, counts, nested=nested)
        return _measure(frame, {name: predicates[name] for name in names}, counts, nested=nested)
    for number, name in enumerate(predicates):
        counts.failed[name] = tallied(frame, table, f"rule{number}")
    return tallied(frame, table, ROWS)


def _run(frame: Frame, predicates: Sequence[nw.Expr]) -> pl.DataFrame:
    named = [(each, f"rule{number}") for number, each in enumerate(predicates)]
    window = frame.window
    if window is None:
        sums = [_sum(frame, each).alias(name) for each, name in named]
        return collected(frame.rows.select(nw.len().alias(ROWS), *sums))
    flags = frame.rows.select(window.alias(WINDOW), *(each.alias(name) for each, name in named))
    sums = [_sum(frame, nw.col(name)).alias(name) for _, name in named]
    return collected(flags.group_by(WINDOW).agg(nw.len().alias(ROWS), *sums))


def _sum(frame: Frame, flag: nw.Expr) -> nw.Expr:
    """How often a flag is true. Spark cannot add booleans; for Polars a cast costs a tenth."""
    number: nw.Expr = flag if frame.is_polars else flag.cast(nw.Int64)
    total: nw.Expr = number.sum()
    return total
