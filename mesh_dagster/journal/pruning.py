"""Letting go of what has ended long ago, so that a ledger of many years stays quick.

What waits, what was given up and what belongs to an incident that goes on is kept however old it
is; what somebody has dropped is over. Attempts, decisions, publications and what owners decided
are the record: never touched here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.alert_tables import (
    cooling,
    deliveries,
    events,
    heartbeats,
    incidents,
    messages,
)
from mesh_dagster.journal.letters import State
from mesh_dagster.journal.probes import probes
from mesh_dagster.journal.scores import scores


@dataclass(frozen=True, slots=True)
class Kept:
    """From which moments on what has ended is kept; `since` is the mesh's time, `sent` wall time.

    `measured` is that of what is measured over time: incidents, reads of ports, and scores.
    """

    since: datetime
    sent: datetime
    measured: datetime


def prune(connection: sa.Connection, kept: Kept, limit: int) -> int:
    """Delete up to `limit` incidents and as many other events with all that hangs on them.

    How many events went: as long as it is not fewer than the limit, there may be more.
    """
    ended = _incidents(connection, kept, limit)
    old: list[int] = list(connection.execute(_events(kept).limit(limit)).scalars())
    numbers = sorted({*ended, *old})
    _forget(connection, numbers)
    connection.execute(sa.delete(cooling).where(cooling.c.told < kept.sent))
    connection.execute(sa.delete(heartbeats).where(heartbeats.c.at < kept.sent))
    _probes(connection, kept)
    _scores(connection, kept)
    return len(numbers)


def _incidents(connection: sa.Connection, kept: Kept, limit: int) -> list[int]:
    """Delete incidents that were closed before; the events that opened and closed them."""
    closing = events.alias("closing")
    found = connection.execute(
        sa.select(incidents.c.id, incidents.c.opened, incidents.c.closed)
        .join(closing, closing.c.number == incidents.c.closed)
        .where(
            closing.c.at < kept.measured,
            closing.c.noticed < kept.sent,
            ~_is_due(incidents.c.opened),
            ~_is_due(incidents.c.closed),
        )
        .order_by(incidents.c.opened)
        .limit(limit)
    ).all()
    if found:
        gone = sa.delete(incidents).where(incidents.c.id == sa.bindparam("i"))
        connection.execute(gone, [{"i": row.id} for row in found])
    return [number for row in found for number in (row.opened, row.closed)]


def _events(kept: Kept) -> sa.Select[Any]:
    """Old events of which everybody was told, or nobody has to be any more, that began and ended
    no incident and are of none that goes on."""
    going_on = sa.and_(incidents.c.id == events.c.incident, incidents.c.closed.is_(None))
    opened = sa.select(incidents.c.opened)
    closed = sa.select(incidents.c.closed).where(incidents.c.closed.is_not(None))
    return (
        sa.select(events.c.number)
        .where(
            events.c.noticed < kept.sent,
            events.c.at < kept.since,
            events.c.routed,
            events.c.number.not_in(opened.union(closed)),
            ~sa.exists().where(going_on),
            ~_is_due(events.c.number),
        )
        .order_by(events.c.noticed)
    )


def _is_due(number: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether somebody has yet to be told of an event, or could not be, and that matters still."""
    over = sa.and_(
        messages.c.id == deliveries.c.message,
        messages.c.state.in_((State.DELIVERED, State.DROPPED)),
    )
    return (
        sa.select(deliveries.c.event)
        .where(deliveries.c.event == number, ~sa.exists().where(over))
        .exists()
    )


def _forget(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Delete events, who was told of them, and the messages that tell of nothing else."""
    rows = [{"n": number} for number in numbers]
    if not rows:
        return
    of_events: sa.Select[Any] = sa.select(deliveries.c.message).distinct()
    sent = set[str]()
    for start in range(0, len(numbers), 500):
        some = of_events.where(deliveries.c.event.in_(numbers[start : start + 500]))
        sent.update(row.message for row in connection.execute(some) if row.message is not None)
    gone = deliveries.c.event == sa.bindparam("n")
    connection.execute(sa.delete(deliveries).where(gone), rows)
    connection.execute(sa.delete(events).where(events.c.number == sa.bindparam("n")), rows)
    if sent:
        other = sa.exists().where(deliveries.c.message == messages.c.id)
        empty = sa.delete(messages).where(messages.c.id == sa.bindparam("m"), ~other)
        connection.execute(empty, [{"m": each} for each in sorted(sent)])


def _probes(connection: sa.Connection, kept: Kept) -> None:
    """Delete reads of ports but the last before: it says how it was until the next."""
    later = probes.alias("later")
    followed = sa.exists().where(
        later.c.product == probes.c.product,
        later.c.port == probes.c.port,
        later.c.since > probes.c.since,
        later.c.since <= kept.measured,
    )
    connection.execute(sa.delete(probes).where(probes.c.until < kept.measured, followed))


def _scores(connection: sa.Connection, kept: Kept) -> None:
    """Delete scores but the last before: it is what later ones are compared with."""
    later = scores.alias("later")
    followed = sa.exists().where(
        later.c.product == scores.c.product,
        later.c.number > scores.c.number,
        later.c.at <= kept.measured,
    )
    connection.execute(sa.delete(scores).where(scores.c.at < kept.measured, followed))
