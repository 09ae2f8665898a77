"""Indicators of time: a product is as promised at a moment or it is not.

What holds changes only with a publication, or when the limit has passed since the last one, so
the spans in between are known exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.slos.history import AT_PORT, History
from mesh_dagster.slos.measures import Span, Timed, merged


def freshness(history: History, limit: timedelta) -> Timed | None:
    """Bad while the newest fact at the port is older than the limit. None before it is born."""
    if history.born is None or not history.is_born:
        return None
    born, until = history.born, history.until
    moments, newest = newest_facts(history)
    ends = [*moments[1:], until] if moments else []
    spans = [
        (max(at, fact + limit) if fact else at, end)
        for at, fact, end in zip(moments, newest, ends, strict=True)
        if fact is None or end - fact > limit
    ]
    if not moments or moments[0] > born:
        spans.insert(0, (born, moments[0] if moments else until))
    last = newest[-1] if newest else None
    return Timed(born, _living(spans, born), last is None or until - last > limit)


def newest_facts(history: History) -> tuple[Sequence[datetime], Sequence[datetime | None]]:
    """Each moment at which the port changed, and the newest fact there from then on."""
    told = history.told
    if told is history.published and None not in told.fact:
        if not any(told.partition):
            return told.at, told.fact
        if len(set(told.partition)) == len(told.partition):
            return told.at, list(accumulate(told.fact, max))  # type: ignore[arg-type]
    return told.at, list(_newest_each(history))


def _newest_each(history: History) -> Iterator[datetime | None]:
    """The same where a partition was published again or taken back: its facts may be older."""
    facts: dict[str | None, datetime] = {}
    newest: datetime | None = None
    for each in history.told.each():
        before = facts.pop(each.partition, None)
        fact = each.fact if each.outcome in AT_PORT else None
        if fact is not None:
            facts[each.partition] = fact
        if fact is not None and (newest is None or fact >= newest):
            newest = fact
        elif before is not None and before == newest:
            newest = max(facts.values(), default=None)
        yield newest


def frequency(history: History, limit: timedelta) -> Timed | None:
    """Bad while the last publication is longer ago than the product is to change."""
    if history.born is None or not history.is_born:
        return None
    moments = [history.born, *history.publications]
    ends = [*moments[1:], history.until]
    spans = [(at + limit, end) for at, end in zip(moments, ends, strict=True) if end - at > limit]
    return Timed(history.born, _living(spans, history.born), history.until - moments[-1] > limit)


def time_to_repair(history: History, limit: timedelta) -> Timed | None:
    """Bad while something has been in quarantine for longer than a repair may take."""
    if history.born is None or not history.is_born:
        return None
    waiting: dict[str | None, dict[str, datetime]] = defaultdict(dict)
    spans: list[Span] = []
    held = Outcome.QUARANTINED.value
    for each in history.changes.each() if held in history.changes.outcome else ():
        begun = waiting[each.partition]
        if each.outcome == held:
            begun.setdefault(each.attempt, each.at)
        elif each.outcome in AT_PORT:
            # What an older attempt left is settled by it; what a newer one did goes on waiting.
            for settled in [older for older in begun if older <= each.attempt]:
                spans.append((begun.pop(settled) + limit, each.at))
        elif each.attempt in begun:
            spans.append((begun.pop(each.attempt) + limit, each.at))
    waits = [since + limit for begun in waiting.values() for since in begun.values()]
    spans += [(since, history.until) for since in waits]
    failing = any(since < history.until for since in waits)
    return Timed(history.born, _living(spans, history.born), failing)


def time_to_detect(history: History, limit: timedelta) -> Timed | None:
    """Bad from when an incident should have been noticed until it was."""
    if history.born is None or not history.is_born:
        return None
    spans = ((each.began + limit, each.opened) for each in history.incidents)
    return Timed(history.born, _living(spans, history.born), failing=False)


def time_to_notify(history: History, limit: timedelta) -> Timed | None:
    """Bad from when somebody should have been told of an incident until he was, or it was over."""
    if history.born is None or not history.is_born:
        return None
    spans = []
    for each in history.incidents:
        told = each.opened + each.told if each.told is not None else each.closed
        spans.append((each.opened + limit, min(told or history.until, history.until)))
    late = any(first < last == history.until for first, last in spans)
    return Timed(history.born, _living(spans, history.born), failing=late)


def availability(history: History, port: str) -> Timed | None:
    """Bad from a read of the port that found no answer until one that did."""
    seen = [each for each in history.probes if each.port == port and each.since <= history.until]
    if not seen:
        return None
    ends = [*(each.since for each in seen[1:]), history.until]
    spans = ((each.since, end) for each, end in zip(seen, ends, strict=True) if not each.answered)
    return Timed(seen[0].since, merged(spans), not seen[-1].answered)


def _living(spans: Iterable[Span], born: datetime) -> tuple[Span, ...]:
    return merged((max(first, born), last) for first, last in spans)
