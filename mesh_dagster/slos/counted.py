"""Indicators of parts: partitions that were due, each of them good or bad as it is now.

Which parts there are follows from the calendar and not from how often something was published:
nobody gets a better share by publishing the same thing again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter, sub
from typing import TypeVar

from mesh_dagster.model.slo import Answer, Changes, Objective
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.slos.history import AT_PORT, History, due
from mesh_dagster.slos.measures import Counted, Part
from mesh_dagster.slos.spoken import span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OUT = (Outcome.SUPERSEDED.value, Outcome.DISCARDED.value)

T = TypeVar("T")

Bad = tuple[datetime, str]
"""Since when a partition is bad, and what is wrong with it."""

Judged = tuple[str | None, datetime, bool]
"""A partition, when something was said of it, and whether that was bad."""


def latency(history: History, objective: Objective) -> Counted | None:
    """Parts that were published later than the limit after their newest fact.

    Only the first publication of a partition counts: a correction is not late. One that is not
    there yet counts as soon as it is late.
    """
    limit = objective.limit or timedelta()
    if history.partitioning is None:
        return _by_cadence(_skews(history.published, limit), objective.cadence)
    ends = calendar(history, objective)
    if ends is None or history.born is None:
        return None
    late = {}
    if not _soon(history.published, limit):
        first = _first(history, ends)
        late = {key: (fact, at - fact) for key, at, fact in first if at - fact > limit}
    absent = {key: history.until - ends[key] for key in ends.keys() - history.here}
    late |= {key: (ends[key], skew) for key, skew in absent.items() if skew > limit}
    begun = next(iter(ends.values()), history.until)
    unborn = set[str]()
    if begun + limit < history.born:
        unborn = {key for key, end in ends.items() if end + limit < history.born}
    bad = {
        key: (fact + limit, f"{span(skew)} after its newest fact")
        for key, (fact, skew) in late.items()
    }
    return _partitions(ends, bad, unborn | (absent.keys() - late.keys()))


def _soon(published: Changes, limit: timedelta) -> bool:
    """Whether nothing at all was published late, told without a step of Python for each."""
    if not published.at or None in published.fact:
        return False
    latest: timedelta = max(map(sub, published.at, published.fact))
    return latest <= limit


def _first(
    history: History, ends: Mapping[str, datetime]
) -> Iterator[tuple[str, datetime, datetime]]:
    """Of each partition of the calendar its first publication, and the newest fact in it."""
    published = history.published
    seen = set()
    for key, at, fact in zip(published.partition, published.at, published.fact, strict=True):
        if key in ends and key not in seen and key is not None:
            seen.add(key)
            yield key, at, fact or ends[key]


def _skews(published: Changes, limit: timedelta) -> Iterator[Judged]:
    """Of a product without partitions every publication that brought newer facts."""
    newest = None
    for at, fact in zip(published.at, published.fact, strict=True):
        if fact is not None and (newest is None or fact > newest):
            newest = fact
            yield None, at, at - fact > limit


def accuracy(history: History, objective: Objective) -> Counted | None:
    """Parts whose newest audit met all rules that block."""
    changes = history.changes
    columns = (changes.partition, changes.at, changes.failed)
    if changes is not history.published:
        kept = (
            (key, at, failed > 0)
            for key, at, failed, outcome, number in zip(
                *columns, changes.outcome, changes.number, strict=True
            )
            if _audited(outcome, number)
        )
        return _newest(history, objective, kept)
    if history.partitioning is not None and not any(changes.failed):
        return _all_good(history, objective)
    found = ((key, at, failed > 0) for key, at, failed in zip(*columns, strict=True))
    return _newest(history, objective, found)


def lineage(history: History, objective: Objective) -> Counted | None:
    """Parts of whose newest publication the lineage has arrived where it was to go."""
    there = history.published
    if history.partitioning is not None and all(there.known):
        return _all_good(history, objective)
    columns = zip(there.partition, there.at, there.known, strict=True)
    found = ((key, at, not known) for key, at, known in columns if key in history.here)
    return _newest(history, objective, found)


def shape(history: History, objective: Objective) -> Counted | None:
    """Parts whose newest audit found the data shaped as before."""
    shapes = answers(history, objective, "shape")
    shapes.sort(key=lambda each: (each.at, each.partition or ""))
    whole = (
        (key, at, not all(each.held for each in group))
        for (at, key), group in groupby(shapes, lambda each: (each.at, each.partition))
    )
    return _newest(history, objective, whole)


def completeness(history: History, objective: Objective) -> Counted | None:
    """Rows that are at the port, of those that a rule of the contract expects in each partition.

    Without such a rule partitions that are there, of those that are over. What waits in
    quarantine is not there. A partition that was over just now has one cadence to come.
    """
    of_port = (each for each in history.answers if each.port == objective.port)
    told = [each for each in of_port if each.kind == "expected_rows"]
    if history.partitioning is None:
        return _of_the_whole(told)
    ends = calendar(history, objective)
    if ends is None:
        return None
    late = history.until - objective.cadence
    absent = ends.keys() - history.here
    soon = {key for key in absent if ends[key] > late}
    if not told:
        gone = {key: (ends[key] + objective.cadence, "not there") for key in absent}
        return _partitions(ends, gone, soon)
    by_audit = {(each.partition, each.at): each for each in told}
    newest = {each.partition: each for each in told}
    published = dict(zip(history.published.partition, history.published.at, strict=True))
    parts = []
    for key in (key for key in ends if key not in soon):
        found = newest.get(key) if key in absent else by_audit.get((key, published[key]))
        total = (found.checked if found else None) or history.expected(objective.port, key) or 1
        bad = total if key in absent else min(found.failed, total) if found else 0
        words, since = f"{bad:,} of {total:,} missing", published.get(key)
        if key in absent:
            words, since = f"not there: all {total:,}", ends[key] + objective.cadence
        parts.append((total, Part(ends[key], bad, key, words, since)))
    return Counted.of(parts)


def _of_the_whole(told: Sequence[Answer]) -> Counted | None:
    last = next((each for each in reversed(told) if each.outcome in AT_PORT), None)
    if last is None:
        return None
    words = f"{last.failed:,} of {last.checked:,} missing"
    return Counted.of([(last.checked, Part(last.at, last.failed, "the newest publication", words))])


def _newest(history: History, objective: Objective, facts: Iterable[Judged]) -> Counted | None:
    """Each partition by the newest fact on it; without partitions each cadence by its worst."""
    if history.partitioning is None:
        return _by_cadence(facts, objective.cadence)
    ends = calendar(history, objective)
    if ends is None:
        return None
    newest = {key: at if is_bad else None for key, at, is_bad in facts}
    bad = {key: (at, "not as promised") for key, at in newest.items() if at and key is not None}
    return _partitions(ends, bad, ends.keys() - newest.keys())


def _all_good(history: History, objective: Objective) -> Counted | None:
    ends = calendar(history, objective)
    if ends is None:
        return None
    return _partitions(ends, {}, ends.keys() - history.here)


def _by_cadence(facts: Iterable[Judged], cadence: timedelta) -> Counted:
    """Of all that was in one cadence the worst, when the first of it was: one part."""
    parts = []
    for several in in_cadences(facts, cadence, itemgetter(1)):
        first = several[0][1]
        bad = next((at for _, at, is_bad in several if is_bad), None)
        name = f"{bad or first:%Y-%m-%d %H:%M} UTC"
        parts.append((1, Part(first, int(bad is not None), name, "not as promised", bad)))
    return Counted.of(parts)


def in_cadences(
    facts: Iterable[T], cadence: timedelta, moment: Callable[[T], datetime]
) -> Iterator[list[T]]:
    """What was in one cadence, together; all of it is in the order of time."""
    groups = groupby(facts, lambda each: (moment(each) - _EPOCH) // cadence)
    return (list(group) for _, group in groups)


def answers(history: History, objective: Objective, kind: str) -> list[Answer]:
    """What rules of a kind said of the port, where the data was not dropped for other data."""
    of_port = (each for each in history.answers if each.port == objective.port)
    return [each for each in of_port if each.kind == kind and each.outcome not in _OUT]


def calendar(history: History, objective: Objective) -> Mapping[str, datetime] | None:
    """The partitions that were due in the window, with the end of each."""
    if history.partitioning is None or not history.is_born:
        return None
    begin = history.until - objective.window
    return due(history.partitioning, begin, history.until, history.first)


def _partitions(
    ends: Mapping[str, datetime], bad: Mapping[str, Bad], left_out: Set[str]
) -> Counted:
    """Each partition that was due is one part; of those that are bad what is wrong with them."""
    counted = {key: ends[key] for key in ends if key not in left_out} if left_out else ends
    found = sorted((counted[key], key, *told) for key, told in bad.items() if key in counted)
    parts = tuple(Part(end, 1, key, told, since) for end, key, since, told in found)
    return Counted(list(counted.values()), parts)


def _audited(outcome: str, number: int | None) -> bool:
    """Whether an audit says something of the data as it was made last; a rollback does not."""
    if outcome == Outcome.SUPERSEDED:
        return False
    return not (outcome == Outcome.DISCARDED and number is not None)
