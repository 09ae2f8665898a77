"""Whether a text is a cron schedule, without Dagster."""

from __future__ import annotations

import re

_NAMED = {"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"}
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
