"""How a product is cut into partitions, and what their keys mean.

Keys are those of Dagster's time-window partitions, so that nothing is translated between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mesh_dagster.errors import UsageError


class Every(StrEnum):
    """The length of a partition's window."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


FORMAT = {
    Every.HOUR: "%Y-%m-%d-%H:%M",
    Every.DAY: "%Y-%m-%d",
    Every.WEEK: "%Y-%m-%d",
    Every.MONTH: "%Y-%m-%d",
}
"""How the start of a window is written as a key, in the words of `strftime`."""

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years in which partitions may start."""


def check_start(start: datetime) -> None:
    """Raise `ValueError` for a start of partitions in a year that is none of the mesh's."""
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise ValueError(f"the year {start.year} is not of {FIRST_YEAR} to {LAST_YEAR}")


def _beyond() -> UsageError:
    return UsageError("there are no partitions beyond the years 1 to 9999")


@dataclass(frozen=True, slots=True)
class Partitioning:
    """Windows of a date or timestamp column. Weeks begin on Sunday, as Dagster's do."""

    every: Every
    column: str
    start: datetime

    def keys(self, until: datetime, since: datetime | None = None) -> Iterator[str]:
        """The keys of all windows that are over at `until`, oldest first."""
        window = self.first(since)
        while (end := self._next(window)) <= until:
            yield window.strftime(FORMAT[self.every])
            window = end

    def first(self, since: datetime | None = None) -> datetime:
        """Where the first window begins: none begins before `start`, nor ends before `since`."""
        window = self._floor(max(self.start, since) if since else self.start)
        return self._next(window) if window < self.start else window

    def exists(self, key: str, until: datetime, since: datetime | None = None) -> bool:
        """Whether a key is one of `keys`. Raises `UsageError` for one that names no window."""
        start, end = self.window(key)
        return start >= self.first(since) and end <= until

    def window(self, key: str) -> tuple[datetime, datetime]:
        """The half-open window [start, end) that a key names.

        Raises `UsageError` for a key of another form or one that begins no window.
        """
        try:
            start = datetime.strptime(key, FORMAT[self.every]).replace(tzinfo=UTC)
        except ValueError:
            start = None
        # strptime reads more than strftime writes, and a window has one key only
        if start is None or self._floor(start) != start or self.key_of(start) != key:
            raise UsageError(
                f"{key!r} is no partition: they are one {self.every} each, like "
                f"{self.key_of(self.start)}",
            )
        return start, self._next(start)

    def key_of(self, moment: datetime) -> str:
        """The key of the window that holds a moment, which is in UTC if it names no zone."""
        return self._floor(moment).strftime(FORMAT[self.every])

    def shift(self, key: str, by: int) -> str:
        """The key of the window that lies `by` windows later (earlier, when negative)."""
        start = self.window(key)[0]
        for _ in range(abs(by)):
            start = self._next(start) if by > 0 else self._before(start)
        return start.strftime(FORMAT[self.every])

    def between(self, first: str, last: str) -> Iterator[str]:
        """All keys from `first` to `last`, both included."""
        start, end = self.window(first)[0], self.window(last)[0]
        while start <= end:
            yield start.strftime(FORMAT[self.every])
            start = self._next(start)

    def _before(self, start: datetime) -> datetime:
        try:
            return self._floor(start - timedelta(hours=1))
        except OverflowError:
            raise _beyond() from None

    def _floor(self, moment: datetime) -> datetime:
        try:
            return self._begin(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC))
        except OverflowError:
            raise _beyond() from None

    def _begin(self, moment: datetime) -> datetime:
        moment = moment.replace(minute=0, second=0, microsecond=0)
        if self.every is Every.HOUR:
            return moment
        moment = moment.replace(hour=0)
        if self.every is Every.WEEK:
            return moment - timedelta(days=moment.isoweekday() % 7)
        return moment.replace(day=1) if self.every is Every.MONTH else moment

    def _next(self, start: datetime) -> datetime:
        try:
            return self._end(start)
        except OverflowError:
            raise _beyond() from None

    def _end(self, start: datetime) -> datetime:
        match self.every:
            case Every.HOUR:
                return start + timedelta(hours=1)
            case Every.DAY:
                return start + timedelta(days=1)
            case Every.WEEK:
                return start + timedelta(weeks=1)
            case Every.MONTH:
                return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
