"""Cron schedules without Dagster: whether a text is one, and when it was due last."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LONGEST = timedelta(days=366 * 8)
"""Between two 29ths of February, at the longest."""
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day of the month", 1, 31, []),
    ("month", 1, 12, ["", *_MONTHS]),
    ("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]{1,3}))?", re.ASCII)


def cron_problem(text: str) -> str | None:
    """What is wrong with a schedule; None when nothing is."""
    if text in _NAMED:
        return None
    fields = text.split()
    if len(fields) != 5:
        return f"has {len(fields)} fields, expected minute hour day month weekday"
    for field, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        for part in field.lower().split(","):
            if not _part_fits(part, low, high, words, last=name == "day of the month"):
                return f"has {part[:20]!r} for the {name}, expected {low} to {high}"
    return None


def _part_fits(part: str, low: int, high: int, words: list[str], *, last: bool) -> bool:
    if last and part == "l":
        return True
    found = _PART.fullmatch(part)
    if not found:
        return False
    first, second, step = found.groups()
    if step is not None and int(step) < 1:
        return False
    if first == "*":
        return second is None
    bounds = [_value(each, words) for each in (first, second) if each is not None]
    inside = all(each is not None and low <= each <= high for each in bounds)
    return inside and (len(bounds) < 2 or (bounds[0] or 0) <= (bounds[1] or 0))


def _value(text: str, words: list[str]) -> int | None:
    if text and text in words:
        return words.index(text)
    return int(text) if text.isdecimal() and len(text) < 4 else None


def last_tick(text: str, now: datetime, since: datetime) -> datetime | None:
    """The last moment after `since` and up to `now` that a schedule names; None if there is none.

    Schedules are in UTC. `text` is one in which `cron_problem` finds nothing.
    """
    minutes, hours, days, months, weekdays = _sets(_NAMED.get(text, text))
    by_day = {"days": days, "weekdays": weekdays}
    oldest = max(since, now - _LONGEST)
    day = now.astimezone(UTC).date()
    while day >= oldest.astimezone(UTC).date():
        if day.month in months and _is_of(day, **by_day):
            for hour in sorted(hours, reverse=True):
                for minute in sorted(minutes, reverse=True):
                    tick = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                    if tick <= now:
                        return tick if tick > since else None
        day -= timedelta(days=1)
    return None


def _is_of(day: date, days: set[int] | None, weekdays: set[int] | None) -> bool:
    """Cron's own: where both are restricted, either is enough."""
    last = (day + timedelta(days=1)).day == 1
    by_day = days is not None and (day.day in days or (last and 0 in days))
    by_weekday = weekdays is not None and day.isoweekday() % 7 in weekdays
    if days is None or weekdays is None:
        return (days is None or by_day) and (weekdays is None or by_weekday)
    return by_day or by_weekday


def _sets(text: str) -> tuple[set[int], set[int], set[int] | None, set[int], set[int] | None]:
    minute, hour, day, month, weekday = text.lower().split()
    weekdays = {each % 7 for each in _values(weekday, 4)}
    return (
        _values(minute, 0),
        _values(hour, 1),
        None if day == "*" else _values(day, 2),
        _values(month, 3),
        None if weekday == "*" else weekdays,
    )


def _values(field: str, position: int) -> set[int]:
    """All values of a field; 0 stands for the last day of a month."""
    _, low, high, words = _FIELDS[position]
    found: set[int] = set()
    for part in field.split(","):
        if part == "l":
            found.add(0)
            continue
        parsed = _PART.fullmatch(part)
        assert parsed is not None, f"{part!r} is no part of a schedule"  # noqa: S101
        first, second, step = parsed.groups()
        start = low if first == "*" else _value(first, words) or 0
        end = high if first == "*" or (step and second is None) else start
        if second is not None:
            end = _value(second, words) or 0
        found.update(range(start, end + 1, int(step or 1)))
    return found
