"""What an indicator comes to over any window: spans of time, or parts that are good or bad.

Both add up: the tallies of two windows that touch are together that of the window they make.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from mesh_dagster.model.slo import Tally

MICROSECOND = timedelta(microseconds=1)

Span = tuple[datetime, datetime]
"""From the first moment to the one that is no more in it."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Time that was bad, of a life that began at `begin` and goes on. Spans are disjoint."""

    begin: datetime
    spans: tuple[Span, ...]
    failing: bool

    def tally(self, start: datetime, end: datetime) -> Tally:
        """Of the time from `start` until `end`."""
        start = max(start, self.begin)
        if end <= start:
            return Tally(0, 0)
        bad = timedelta()
        for first, last in reversed(self.spans):
            if last <= start:
                break
            if first < end:
                bad += min(last, end) - max(first, start)
        return Tally(bad // MICROSECOND, (end - start) // MICROSECOND)


@dataclass(frozen=True, slots=True)
class Part:
    """Something bad that counts at one moment: a partition that was due, with so many rows.

    `since` is when it became bad, where that is another moment: what was made long after it was
    due, or did not come.
    """

    at: datetime
    bad: int
    name: str = ""
    told: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Parts that were due one after the other, and those of them that are bad.

    `sizes` are the sizes of all parts up to each; None where each counts as one.
    """

    moments: Sequence[datetime]
    bad: tuple[Part, ...]
    sizes: Sequence[int] | None = None

    @classmethod
    def of(cls, parts: Iterable[tuple[int, Part]]) -> Counted:
        """Parts with their sizes, in whatever order."""
        found = sorted(parts, key=lambda each: each[1].at)
        return cls(
            [part.at for _, part in found],
            tuple(part for _, part in found if part.bad),
            (0, *accumulate(size for size, _ in found)),
        )

    @property
    def failing(self) -> bool:
        """Whether the last of them is bad."""
        return bool(self.bad and self.bad[-1].at == self.moments[-1])

    def tally(self, start: datetime, end: datetime) -> Tally:
        """Of the parts that were due after `start` and not after `end`."""
        first = bisect_right(self.moments, start)
        last = max(first, bisect_right(self.moments, end))
        total = last - first if self.sizes is None else self.sizes[last] - self.sizes[first]
        return Tally(sum(each.bad for each in self.bad if start < each.at <= end), total)


Measured = Timed | Counted


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same time in disjoint spans, the earliest first; empty ones are gone."""
    found: list[Span] = []
    for first, last in sorted(span for span in spans if span[0] < span[1]):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def clipped(spans: Sequence[Span], begin: datetime, end: datetime) -> tuple[Span, ...]:
    """What of the spans lies between two moments."""
    cut = ((max(first, begin), min(last, end)) for first, last in spans)
    return tuple(span for span in cut if span[0] < span[1])
