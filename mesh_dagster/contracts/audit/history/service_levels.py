"""Freshness and retention: the age of events against the mesh's clock, to the microsecond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import narwhals as nw

from mesh_dagster import clock
from mesh_dagster.contracts.audit.counts import Answer, tallied
from mesh_dagster.contracts.audit.data.frame import FAILED, WINDOW, Frame, collected, summed
from mesh_dagster.contracts.audit.data.zones import moments_in_utc
from mesh_dagster.contracts.rules.grammar import a, count, have
from mesh_dagster.contracts.rules.kinds import Freshness, Retention
from mesh_dagster.contracts.rules.service_levels import span_in_words
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import RECORDED_AT

_NEWEST = "__mesh_newest"


def aged(
    rule: Freshness | Retention,
    frame: Frame,
    keys: Sequence[str | None],
    rows: Mapping[str | None, int],
) -> dict[str | None, Answer]:
    """How old the newest event is, or how many rows are older than they may be.

    Raises `EvaluationError` where the data has no such column, or one of no moments.
    """
    column = _column(rule, frame)
    if isinstance(rule, Retention):
        return _kept(rule, column, frame, keys, rows)
    return _fresh(rule, column, frame, keys, rows)


def too_old(rule: Retention, frame: Frame) -> nw.Expr:
    """Whether a row is older than the contract keeps it. Raises `EvaluationError` as `aged`."""
    column = _column(rule, frame)
    return is_before(nw.col(column), frame.schema[column], earliest(clock.now(), rule.within))


def _column(rule: Freshness | Retention, frame: Frame) -> str:
    column = rule.column or RECORDED_AT
    if column not in frame.schema:
        named = f"{column} is missing in the data"
        raise EvaluationError(named if rule.column else "the contract names no `element` to go by")
    dtype = frame.schema[column]
    if not isinstance(dtype, nw.Date | nw.Datetime):
        told = str(dtype).lower()
        raise EvaluationError(f"{column} is {told} in the data, which tells no moment")
    return column


def _fresh(
    rule: Freshness,
    column: str,
    frame: Frame,
    keys: Sequence[str | None],
    rows: Mapping[str | None, int],
) -> dict[str | None, Answer]:
    """A port is as fresh as its newest event: its newest partition answers for all."""
    told = {key: Answer(True, "a later partition answers for it", rows[key], 0) for key in keys}
    if not keys:
        return told
    last, limit = keys[-1], f"the contract allows {span_in_words(rule.within)}"
    oldest = earliest(clock.now(), rule.within)
    if rule.newest_only and last is not None and frame.partitioning is not None:
        end = frame.partitioning.window(last)[1]
        if end <= oldest:
            told[last] = Answer(
                True, "its time is over: nothing in it can be so new", rows[last], 0
            )
            return told
    newest = _newest(frame, column)
    if newest is None:
        told[last] = Answer(False, f"no row has {a(column)}; {limit}", rows[last], 1)
        return told
    age = max(clock.now() - newest, timedelta())
    message = f"the newest {column} is of {shown(newest)}, {span_in_words(age)} ago; {limit}"
    fresh = newest >= oldest
    told[last] = Answer(fresh, message, rows[last], int(not fresh))
    return told


def _newest(frame: Frame, column: str) -> datetime | None:
    found = collected(frame.rows.select(nw.col(column).max().alias(_NEWEST))).to_series()
    return moment_of(found.dt.epoch("us").item())


def _kept(
    rule: Retention,
    column: str,
    frame: Frame,
    keys: Sequence[str | None],
    rows: Mapping[str | None, int],
) -> dict[str | None, Answer]:
    oldest = earliest(clock.now(), rule.within)
    older = too_old(rule, frame)
    windows = [] if frame.window is None else [WINDOW]
    counts = frame.select(column).select(*windows, older.cast(nw.Int64).alias(FAILED))
    failed = tallied(frame, summed(counts, windows), FAILED)
    told = f"{a(column)} before {shown(oldest)}; the contract keeps {span_in_words(rule.within)}"
    found = {}
    for key in keys:
        older_ones = f"{failed[key]:,} of {count(rows[key], 'row')} {have(failed[key])}"
        message = f"{older_ones} {told}"
        found[key] = Answer(not failed[key], message, rows[key], failed[key])
    return found


def earliest(now: datetime, span: timedelta) -> datetime:
    """The moment a span ago; the beginning of time where that lies before it."""
    try:
        return now - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def is_before(column: nw.Expr, dtype: nw.dtypes.DType, moment: datetime) -> nw.Expr:
    """Whether a column's moments lie before one. A date stands for its first moment in UTC."""
    if isinstance(dtype, nw.Datetime):
        column = moments_in_utc(column, dtype)
        first: Any = moment if dtype.time_zone else moment.replace(tzinfo=None)
    else:
        midnight = moment.timetz() == time(tzinfo=UTC)
        first = moment.date() if midnight else _next_day(moment)
    before: nw.Expr = column < first
    return before


def moment_of(microseconds: int | None) -> datetime | None:
    """The moment so long after 1970 in UTC; DuckDB's `infinity` is the last that Python knows."""
    if microseconds is None:
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        return last if microseconds > 0 else first


def shown(moment: datetime) -> str:
    """`2013-11-08 04:59 UTC`, with seconds where there are any."""
    exact = "milliseconds" if moment.microsecond else "seconds" if moment.second else "minutes"
    return f"{moment.replace(tzinfo=None).isoformat(' ', exact)} UTC"


def _next_day(moment: datetime) -> date:
    return moment.date() + timedelta(days=1) if moment.date() < date.max else date.max
