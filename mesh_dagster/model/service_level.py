"""One promise about time or reliability (ODCS slaProperties), its units read in one place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

_UNITS = {
    "s": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hr": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "d": timedelta(days=1),
    "day": timedelta(days=1),
    "w": timedelta(days=7),
    "wk": timedelta(days=7),
    "week": timedelta(days=7),
    "mo": timedelta(days=30.4375),
    "month": timedelta(days=30.4375),
    "y": timedelta(days=365.25),
    "yr": timedelta(days=365.25),
    "year": timedelta(days=365.25),
}
UNITS = "s, min, h, d, w, month or y"
"""The units of time, as a message names them. `m` is none: a minute to some, a month to others."""

SPANS = frozenset(
    {
        "freshness",
        "latency",
        "retention",
        "frequency",
        "timeToDetect",
        "timeToNotify",
        "timeToRepair",
    }
)
"""Promises that are a span of time."""

SHARES = frozenset(
    {
        "availability",
        "errorRate",
        "completeness",
        "accuracy",
        "rowAccuracy",
        "statisticalShape",
        "lineage",
    }
)
"""Promises that are a share, in percent unless the unit says otherwise. The last five are the
mesh's own: the standard has no name for them."""

MOMENTS = frozenset({"generalAvailability", "endOfSupport", "endOfLife"})
"""Promises that are a moment."""

KNOWN = (*sorted(SPANS | SHARES | MOMENTS), "throughput", "timeOfAvailability")

_ISO = re.compile(
    r"P(?:(?P<w>\d{1,9})W)?(?:(?P<d>\d{1,9})D)?(?:T(?:(?P<h>\d{1,9})H)?(?:(?P<min>\d{1,9})M)?(?:(?P<s>\d{1,9})S)?)?"
)
_NUMBER = re.compile(r"\d+(\.\d+)?")
_NUMBER_AND_UNIT = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)")

OBJECTIVES = "objectives"
"""The customProperty of a contract that says in which share of time a promise is to be kept."""

TARGET = 0.99
"""In which share of the time a promise is to be kept where the contract says none."""


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """One promise about time (ODCS slaProperties): freshness, retention, frequency, ..."""

    name: str
    value: Any
    unit: str | None = None
    element: str | None = None
    where: str | None = field(default=None, compare=False)
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def span(self) -> timedelta | None:
        """The span of time; None where the value is no number, or the unit none of time.

        Without a unit it is days; a text such as `PT30M` carries its own.
        """
        if isinstance(self.value, str) and self.unit is None and len(self.value) > 1:
            parts = _ISO.fullmatch(self.value)
            if parts and self.value[-1] != "T":
                given = {unit: int(each) for unit, each in parts.groupdict().items() if each}
                return _added(given)
        number = self._number
        unit = (self.unit or "d").strip().lower()
        length = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
        if length is None or number is None:
            return None
        try:
            return length * number
        except OverflowError:
            return None

    @property
    def days(self) -> float | None:
        """The span of time in days; None where it is none."""
        span = self.span
        return None if span is None else span / timedelta(days=1)

    @property
    def share(self) -> float | None:
        """A share between 0 and 1: of `99.5` with the unit percent, or without one, 0.995."""
        number, unit = self._number, (self.unit or "percent").strip().lower()
        if number is None or unit not in ("percent", "%", "pct", "ratio", "share"):
            return None
        share = number if unit in ("ratio", "share") else number / 100
        return share if share <= 1 else None

    @property
    def moment(self) -> datetime | None:
        """A moment, in UTC where it names no zone; a date stands for its first."""
        found = self.value
        try:
            found = datetime.fromisoformat(found) if isinstance(found, str) else found
            if isinstance(found, date) and not isinstance(found, datetime):
                found = datetime.combine(found, time())
            if not isinstance(found, datetime):
                return None
            return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    @property
    def wanted(self) -> tuple[str, str] | None:
        """What the value should be, in words and by an example; None where it is that.

        Nothing is wanted of a promise that the mesh does not know.
        """
        if self.name in SPANS and self.span is None:
            return f"a number of {UNITS}", "value: 30, unit: d"
        if self.name in SHARES and self.share is None:
            return "a share in percent", "value: 99.5, unit: percent"
        if self.name in MOMENTS and self.moment is None:
            return "a date or a moment", "value: 2030-12-31"
        return None

    @property
    def stated(self) -> str:
        """Value and unit as the contract has them."""
        return f"{self.value!r:.60} {self.unit or ''}".rstrip()

    @property
    def _number(self) -> float | None:
        value = self.value
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if 0 <= value < math.inf else None


def _added(given: Mapping[str, int]) -> timedelta | None:
    try:
        return sum((number * _UNITS[unit] for unit, number in given.items()), timedelta())
    except OverflowError:
        return None


def service_objectives(rest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """By the name of a service level what the customProperty `objectives` says of it.

    `rest` is that of a contract. What is no mapping with an `of` is left out: it is told where
    the contract is read.
    """
    for each in rest.get("customProperties", ()):
        if isinstance(each, Mapping) and each.get("property") == OBJECTIVES:
            stated = each.get("value")
            items = stated if isinstance(stated, list | tuple) else ()
            return {str(item["of"]): item for item in items if is_objective(item)}
    return {}


def is_objective(item: Any) -> bool:
    return isinstance(item, Mapping) and "of" in item


def span_of(text: Any) -> timedelta | None:
    """`30 d` as a span; None for what is none."""
    found = _NUMBER_AND_UNIT.fullmatch(text.strip()) if isinstance(text, str) else None
    return ServiceLevel("", float(found[1]), found[2]).span if found else None
