"""Which deliveries go out now, and which of them together.

Of each line (one product to one recipient) order is kept: what goes is the head of the line.
Nothing is thrown away to keep quiet: what is told too often is held, and goes with the next thing
that is news, or when it has cooled down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile

from mesh_dagster.journal.letters import Line, Pending
from mesh_dagster.model.notification import Patience

MOST_EVENTS = 50
"""In one message; the others go with the next."""


def messages_due(
    pending: Iterable[Pending], patience: Patience, now: datetime
) -> Iterator[Sequence[Pending]]:
    """Groups that are one message each: of one recipient and one cause, in order of events.

    `pending` is in order of events.
    """
    lines: dict[Line, list[Pending]] = {}
    for each in pending:
        lines.setdefault(each.line, []).append(each)
    groups: dict[tuple[str, str, str], list[Pending]] = {}
    for line in lines.values():
        if all(_is_cooling(each, patience, now) for each in line):
            continue
        head = line[0]
        groups.setdefault((head.channel, head.recipient, head.cause), []).extend(_head_of(line))
    for group in sorted(groups.values(), key=_first):
        if _is_ripe(group, patience, now):
            yield sorted(group, key=lambda each: each.event)[:MOST_EVENTS]


def _head_of(line: Sequence[Pending]) -> Iterator[Pending]:
    """What begins a line and is of one cause."""
    cause = line[0].cause
    return takewhile(lambda each: each.cause == cause, line)


def _first(group: Sequence[Pending]) -> int:
    return min(each.event for each in group)


def _is_cooling(each: Pending, patience: Patience, now: datetime) -> bool:
    # What was told in the future was told before a clock was set back: that cools nothing.
    return each.told is not None and 0 <= _seconds(each.told, now) < patience.cool_down


def _is_ripe(group: Sequence[Pending], patience: Patience, now: datetime) -> bool:
    """The first of a cause waits a little for the others that it brings."""
    oldest = min(each.noticed for each in group)
    return len(group) >= MOST_EVENTS or not 0 <= _seconds(oldest, now) < patience.group


def _seconds(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()
