"""Whether data has the shape it had: a statistic of it against those of earlier publications.

Each earlier publication gives one number, and what comes now is held against their average; for
categories their counts are added up. Only the rule's own column is read of each.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean, stdev
from typing import Any

import narwhals as nw

from mesh_dagster.contracts.audit.counts import Answer
from mesh_dagster.contracts.audit.data.frame import Frame, collected
from mesh_dagster.contracts.audit.history.service_levels import is_before
from mesh_dagster.contracts.rules.kinds import Measure, Metric, Shape
from mesh_dagster.errors import EvaluationError

RAREST = 1e-4
"""The share that a category counts with where it does not occur: a logarithm needs one."""

MOST_CATEGORIES = 10_000
_NOTHING_YET = "nothing to compare with yet"

Statistic = float | Counter[Any] | None
"""A number, or how often each category occurs; None where there are no values."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier state of the data, by a name that is its own. Opened only when it is asked.

    `count` tells the number of rows where that is known without reading them.
    """

    name: str
    open: Callable[[], Any]
    count: Callable[[], int] | None = None


History = Callable[[str | None, int], Sequence[Earlier]]
"""Partition (None: the whole), how many -> at most so many earlier states, the newest first."""


def against(*frames: Any) -> History:
    """A history of the frames given: what an audit on its own compares with."""
    earlier = [Earlier(f"baseline {number}", _opener(each)) for number, each in enumerate(frames)]
    return lambda _, most: earlier[:most]


def drifted(
    rule: Shape,
    frame: Frame,
    keys: Sequence[str | None],
    rows: Mapping[str | None, int],
    history: History | None,
) -> dict[str | None, Answer]:
    """How far each partition is from what was published before it.

    With nothing before it a partition passes, and says so. Raises `EvaluationError` where the
    data has no such column, or where there is no number that says how far.
    """
    _check_column(rule, frame)
    known: dict[str, Statistic] = {}
    found = {}
    for key in keys:
        earlier = history(key, rule.against) if history else ()
        for each in earlier:
            if each.name not in known:
                known[each.name] = _of_earlier(rule, each)
        before = [known[each.name] for each in earlier]
        there = [each for each in before if each is not None]
        if not there:
            found[key] = Answer(True, f"{rule.message}: {_NOTHING_YET}", rows[key], 0)
            continue
        now = _statistic(rule, _partition(frame, key), rows[key])
        found[key] = _judged(rule, now, there, rows[key])
    return found


def stability(one: Mapping[Any, int], other: Mapping[Any, int]) -> float:
    """The population stability index of two counts of categories: 0 for equal shares.

    Both have at least one row. It is symmetric; a category that one of them does not have
    counts there with the share `RAREST`.
    """
    mine, theirs = sum(one.values()), sum(other.values())
    total = 0.0
    for category in one.keys() | other.keys():
        share = max(one.get(category, 0) / mine, RAREST)
        then = max(other.get(category, 0) / theirs, RAREST)
        total += (share - then) * math.log(share / then)
    return total


def _judged(rule: Shape, now: Statistic, before: Sequence[Statistic], rows: int) -> Answer:
    if now is None:
        return Answer(True, f"{rule.message}: there is no value to compare", rows, 0)
    distance, told = _distance(rule, now, before)
    if not math.isfinite(distance):
        raise EvaluationError(f"{told}, of which no {rule.measure} can be told")
    number = Fraction(distance) * (100 if rule.bound.percent else 1)
    kept = rule.bound.holds(number)
    unit = " %" if rule.bound.percent else ""
    message = f"{told}: {rule.measure} {float(number):,.4g}{unit}; the contract says {rule.bound}"
    return Answer(kept, message, rows, int(not kept))


def _distance(rule: Shape, now: Statistic, before: Sequence[Statistic]) -> tuple[float, str]:
    """How far it is, and what is there and was, in words."""
    what = _subject(rule)
    if isinstance(now, Counter):
        then: Counter[Any] = Counter()
        for each in before:
            then.update(each if isinstance(each, Counter) else {})
        told = f"{len(now)} categories of {rule.column} against {len(then)} of {_of(before)}"
        return stability(now, then), told
    value = now or 0.0
    numbers = [each for each in before if isinstance(each, int | float)]
    usual = fmean(numbers)
    told = f"{what} is {value:,.6g}, and was {usual:,.6g} on average of {_of(before)}"
    return _measured(rule, value, numbers, usual), told


def _measured(rule: Shape, value: float, numbers: Sequence[float], usual: float) -> float:
    """Infinite where the measure has no answer."""
    far = value - usual
    match rule.measure:
        case Measure.RATIO:
            return value / usual if usual else math.inf
        case Measure.CHANGE:
            far = 0.0 if far == 0 else far / abs(usual) if usual else math.inf
        case Measure.DEVIATIONS:
            spread = stdev(numbers) if len(numbers) > 1 else 0.0
            far = 0.0 if far == 0 else far / spread if spread else math.inf
    return far if rule.signed else abs(far)


def _subject(rule: Shape) -> str:
    match rule.metric:
        case Metric.ROW_COUNT:
            return "the number of rows"
        case Metric.NULL_SHARE:
            return f"the share of nulls in {rule.column}"
        case Metric.QUANTILE:
            return f"the {rule.quantile} quantile of {rule.column}"
    return f"the {rule.metric} of {rule.column}"


def _of(before: Sequence[Statistic]) -> str:
    return f"{len(before)} earlier" if len(before) > 1 else "the one before"


def _check_column(rule: Shape, frame: Frame) -> None:
    if rule.metric is Metric.ROW_COUNT:
        return
    name = rule.column or ""
    if name not in frame.schema:
        raise EvaluationError(f"{name} is missing in the data")
    numeric = rule.metric in (Metric.MEAN, Metric.QUANTILE)
    if numeric and not frame.schema[name].is_numeric():
        told = str(frame.schema[name]).lower()
        raise EvaluationError(f"{name} is {told} in the data, and has no {rule.metric}")


def _of_earlier(rule: Shape, earlier: Earlier) -> Statistic:
    if rule.metric is Metric.ROW_COUNT and earlier.count is not None:
        return float(earlier.count())
    rows = nw.from_native(earlier.open()).lazy()
    if rule.metric is not Metric.ROW_COUNT and rule.column not in rows.collect_schema():
        return None  # a column that is new has no history
    return _statistic(rule, rows, None)


def _statistic(rule: Shape, rows: nw.LazyFrame[Any], number: int | None) -> Statistic:
    column = nw.col(rule.column or "")
    match rule.metric:
        case Metric.ROW_COUNT:
            counted = number if number is not None else collected(rows.select(nw.len())).item()
            return float(counted)
        case Metric.NULL_SHARE:
            nulls = column.is_null().cast(nw.Int64).sum().alias("nulls")
            count, none = collected(rows.select(nw.len().alias("rows"), nulls)).row(0)
            return float(none or 0) / count if count else None
        case Metric.CATEGORIES:
            return _categories(rule, rows)
    values = rows.select(column).drop_nulls()
    if values.collect_schema()[rule.column or ""].is_float():
        values = values.filter(~column.is_nan())
    number_ = column.cast(nw.Float64)
    is_mean = rule.metric is Metric.MEAN
    value = number_.mean() if is_mean else number_.quantile(rule.quantile or 0.0, "linear")
    found = collected(values.select(value.alias("value"))).item()
    return None if found is None else float(found)


def _categories(rule: Shape, rows: nw.LazyFrame[Any]) -> Statistic:
    name = rule.column or ""
    groups = rows.select(name).group_by(name).agg(nw.len().alias("__mesh_rows"))
    table = collected(groups.head(MOST_CATEGORIES + 1))
    if table.height > MOST_CATEGORIES:
        raise EvaluationError(f"{name} has more than {MOST_CATEGORIES:,} categories")
    counted = Counter(dict(zip(table[name].to_list(), table["__mesh_rows"].to_list(), strict=True)))
    return counted or None


def _partition(frame: Frame, key: str | None) -> nw.LazyFrame[Any]:
    """The rows of one partition, by a condition that lets an engine pass over other files."""
    if key is None or frame.partitioning is None:
        return frame.rows
    column, dtype = nw.col(frame.partitioning.column), frame.schema[frame.partitioning.column]
    start, end = frame.partitioning.window(key)
    if isinstance(dtype, nw.Date | nw.Datetime):
        inside = ~is_before(column, dtype, start) & is_before(column, dtype, end)
        return frame.rows.filter(inside)
    return frame.rows.filter(column.is_between(start.isoformat(), end.isoformat(), closed="left"))


def _opener(frame: Any) -> Callable[[], Any]:
    return lambda: frame
