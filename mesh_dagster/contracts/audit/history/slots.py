"""Expected rows: moments at which each group should have one, over days of a time zone.

The engine only tells which groups have a row in which hour (or minute) of UTC; what local days
those are, of 23, 24 or 25 hours, is decided here on that small table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw
import polars as pl

from mesh_dagster import clock
from mesh_dagster.contracts.audit.counts import Answer
from mesh_dagster.contracts.audit.data.frame import WINDOW, Frame, collected
from mesh_dagster.contracts.audit.data.zones import moments_in_utc
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.contracts.rules.kinds import ExpectedRows
from mesh_dagster.contracts.rules.service_levels import span_in_words
from mesh_dagster.contracts.rules.wording import allowed
from mesh_dagster.errors import EvaluationError

DAY = timedelta(days=1)
MOST = 5_000_000
"""Expected rows beyond which no audit counts: a list of them would fill the memory."""

_HOUR = timedelta(hours=1)
_SLOT = "__mesh_slot"
_SHOWN = 3


def gaps(rule: ExpectedRows, frame: Frame, keys: Sequence[str | None]) -> dict[str | None, Answer]:
    """How many expected rows are missing in each partition: `checked` counts the expected.

    Those of which the time has not passed yet are not expected. Raises `EvaluationError` where
    the data has not the columns, or none that tells the moments.
    """
    zone = ZoneInfo(rule.timezone)
    seen = {key: _slots(table, rule, zone) for key, table in _seen(rule, frame, zone).items()}
    groups = _groups(rule, list(seen.values()))
    found = {}
    for key in keys:
        there = seen.get(key)
        slots = pl.Series(_SLOT, list(_expected(rule, frame, key, there, zone)))
        found[key] = _compared(rule, groups, slots, there, zone)
    return found


def _compared(
    rule: ExpectedRows,
    groups: pl.DataFrame | None,
    slots: pl.Series,
    there: pl.DataFrame | None,
    zone: ZoneInfo,
) -> Answer:
    number = len(slots) * (1 if groups is None else groups.height)
    _check_number(number)
    if number == 0:
        return Answer(True, "no row is expected", 0, 0)
    expected = slots.cast(pl.Datetime("us", "UTC")).to_frame()
    if groups is not None:
        expected = groups.join(expected, how="cross")
    missing = expected
    if there is not None:
        missing = expected.join(there, on=expected.columns, how="anti")
    failed = missing.height
    each = span_in_words(rule.every)
    told = f"{failed:,} of {count(number, 'expected row')}, one every {each}{_by(rule)}, "
    told += "is missing" if failed == 1 else "are missing"
    if failed:
        first = missing.sort(_SLOT, *rule.per).head(_SHOWN).iter_rows()
        told += f": {', '.join(_told(row, zone) for row in first)}"
        told += " and more" if failed > _SHOWN else ""
    message = f"{told}; {allowed(rule.bound)}"
    return Answer(rule.bound.keeps(failed, number), message, number, failed)


def _check_number(number: int) -> None:
    if number > MOST:
        raise EvaluationError(f"{number:,} rows are expected, and at most {MOST:,} can be counted")


def _by(rule: ExpectedRows) -> str:
    return f" by {', '.join(rule.per)}" if rule.per else ""


def _told(row: tuple[Any, ...], zone: ZoneInfo) -> str:
    """`EWR 2013-11-03 01:00-05:00`: the group, and the moment on the clocks of the place."""
    *group, moment = row
    local = moment.astimezone(zone)
    return " ".join([*map(str, group), local.isoformat(" ", "minutes")])


def _seen(rule: ExpectedRows, frame: Frame, zone: ZoneInfo) -> dict[str | None, pl.DataFrame]:
    """By partition the groups and the hours, minutes or days in which they have rows."""
    column = rule.column or ""
    for name in (column, *rule.per):
        if name not in frame.schema:
            raise EvaluationError(f"{name} is missing in the data")
    moment = _truncated(rule, nw.col(column), frame.schema[column], zone)
    windows = [] if frame.window is None else [WINDOW]
    rows = frame.select(column, *(name for name in rule.per if name != column))
    distinct = rows.select(*windows, *rule.per, moment.alias(_SLOT)).unique()
    table = collected(distinct).drop_nulls([_SLOT, *rule.per])
    if not windows:
        return {None: table}
    found: dict[str | None, list[pl.DataFrame]] = {}
    for (window,), part in table.partition_by(WINDOW, as_dict=True).items():
        found.setdefault(frame.key_of(window), []).append(part.drop(WINDOW))
    return {key: pl.concat(parts) for key, parts in found.items()}


def _truncated(
    rule: ExpectedRows, column: nw.Expr, dtype: nw.dtypes.DType, zone: ZoneInfo
) -> nw.Expr:
    if isinstance(dtype, nw.Date):
        if rule.every != DAY:
            raise EvaluationError(f"{rule.column} is a date, which tells no {rule.every}")
        return column
    if not isinstance(dtype, nw.Datetime):
        raise EvaluationError(f"{rule.column} is {str(dtype).lower()}, which tells no moment")
    if dtype.time_zone is None and len(_offsets(zone)) > 1:
        raise EvaluationError(
            f"{rule.column} has no time zone: of the hour that {zone.key} has twice a year it "
            "does not tell which"
        )
    column = moments_in_utc(column, dtype)
    hourly = rule.every % _HOUR == timedelta() and not any(each % _HOUR for each in _offsets(zone))
    return column.dt.truncate("1h" if hourly else "1m")


@cache
def _offsets(zone: ZoneInfo) -> frozenset[timedelta]:
    """How far from UTC the clocks of the place have been since 1970."""
    years = range(1970, clock.now().year + 2)
    moments = (datetime(year, month, 1, tzinfo=UTC) for year in years for month in range(1, 13))
    return frozenset(each.astimezone(zone).utcoffset() or timedelta() for each in moments)


def _slots(table: pl.DataFrame, rule: ExpectedRows, zone: ZoneInfo) -> pl.DataFrame:
    """The beginnings in UTC of the slots in which the table's rows lie, each once."""
    moment = pl.col(_SLOT)
    dtype = table.schema[_SLOT]
    if isinstance(dtype, pl.Datetime):
        utc = moment.dt.convert_time_zone("UTC")
        if dtype.time_zone is None:
            utc = moment.dt.replace_time_zone(zone.key).dt.convert_time_zone("UTC")
        table = table.with_columns(utc.dt.cast_time_unit("us"))
        day = moment.dt.convert_time_zone(zone.key).dt.date()
    else:
        day = moment
    days = table.select(day.alias("day")).unique()["day"].to_list()
    starts = pl.Series([_midnight(each, zone) for each in days], dtype=pl.Datetime("us", "UTC"))
    start = day.replace_strict(days, starts, return_dtype=starts.dtype)
    slot = start
    if isinstance(dtype, pl.Datetime) and rule.every < DAY:
        step = rule.every // timedelta(microseconds=1)
        passed = (moment - start).dt.total_microseconds() // step * step
        slot = start + pl.duration(microseconds=passed)
    return (
        table.with_columns(slot.alias(_SLOT)).unique()
        if days
        else table.with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias(_SLOT))
    )


def _groups(rule: ExpectedRows, seen: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
    """The groups that the contract lists, else those that the data holds; None for no groups."""
    if not rule.per:
        return None
    held = pl.concat(table.select(rule.per) for table in seen).unique() if seen else None
    if rule.groups is None:
        return held if held is not None else pl.DataFrame(schema=list(rule.per))
    listed = pl.DataFrame(list(rule.groups), schema=list(rule.per), orient="row")
    if held is None:
        return listed
    return listed.cast(dict(held.schema), strict=False)  # type: ignore[arg-type]


def _expected(
    rule: ExpectedRows,
    frame: Frame,
    key: str | None,
    there: pl.DataFrame | None,
    zone: ZoneInfo,
) -> Iterator[datetime]:
    """The slots of a partition, or of the days from the first of the data to the last.

    A partition by date holds local days; one by a moment is cut in UTC.
    """
    now, first, last = clock.now(), None, None
    if key is None or frame.partitioning is None:
        if there is None or there.is_empty():
            return
        days = there[_SLOT].dt.convert_time_zone(zone.key).dt.date()
        first, last = days.min(), days.max()
        yield from _of_days(first, last, rule.every, zone, now)  # type: ignore[arg-type]
        return
    start, end = frame.partitioning.window(key)
    if isinstance(frame.schema[frame.partitioning.column], nw.Datetime):
        first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
        slots = _of_days(first, last, rule.every, zone, now)
        yield from (each for each in slots if start <= each < end)
        return
    yield from _of_days(start.date(), (end - DAY).date(), rule.every, zone, now)


def _of_days(
    first: date, last: date, every: timedelta, zone: ZoneInfo, now: datetime
) -> Iterator[datetime]:
    _check_number(((last - first).days + 1) * (DAY // every))
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        slot, end = _midnight(day, zone), _midnight(day + DAY, zone)
        while slot < end and min(slot + every, end) <= now:
            yield slot
            slot += min(every, end - slot)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins: where the clocks leave out midnight, with its first moment."""
    naive = datetime.combine(day, time())
    moment = naive.replace(tzinfo=zone).astimezone(UTC)
    while moment.astimezone(zone).replace(tzinfo=None) < naive:
        moment += timedelta(minutes=15)
    return moment
