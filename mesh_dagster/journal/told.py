"""What the ledger tells of alerts: who was told what, incidents, and signs of life."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.alert_tables import (
    UNROUTED,
    deliveries,
    events,
    heartbeats,
    incidents,
    messages,
)
from mesh_dagster.journal.happenings import event_from_row, last_opening
from mesh_dagster.journal.letters import State
from mesh_dagster.model.event import OPENS, TOLD_DOWNSTREAM, Event, EventKind, Incident, Told

NEW = "new"
"""The state of an event of which nobody has decided yet who is told."""

HELD = "held"
"""The state of a delivery that waits to be put into a message."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Alert:
    """An event, when it was noticed (wall time), and who is told."""

    event: Event
    noticed: datetime
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """The newest incident of an objective: what it came to, and since when it is over."""

    id: str
    kind: EventKind
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """An incident that goes on; `objective` is empty where it is none of a service level."""

    id: str
    product: str
    kind: EventKind
    objective: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last sign of life of a part, how often it gives one, and what went wrong then."""

    name: str
    at: datetime
    every: float
    error: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """The state of an outbox: what is overdue in it, what was given up, who is alive."""

    heartbeats: tuple[Heartbeat, ...]
    dead: int
    waiting: int
    oldest: datetime | None
    """When the oldest event that somebody still has to be told of was noticed."""
    failing: tuple[tuple[str, str], ...]
    """Channel and error of messages that were tried in vain, each once."""


def newest_alerts(
    connection: sa.Connection, limit: int, product: str | None, *, dead: bool
) -> list[Alert]:
    """The newest events, newest first; `dead`: those with a message that was given up."""
    newest = sa.select(events).order_by(events.c.number.desc()).limit(limit)
    if product is not None:
        newest = newest.where(events.c.subject == product)
    if dead:
        given_up = (
            sa.select(deliveries.c.event)
            .join(messages, messages.c.id == deliveries.c.message)
            .where(messages.c.state == State.DEAD)
        )
        newest = newest.where(events.c.number.in_(given_up))
    rows = connection.execute(newest).all()
    told = _told(connection, [row.number for row in rows])
    return [
        Alert(event_from_row(row), row.noticed, tuple(told[row.number]) or _nobody_yet(row))
        for row in rows
    ]


def news_of(connection: sa.Connection, domain: str, since: datetime, limit: int) -> list[Event]:
    """What a domain tells its readers, oldest first: the newest, and what began what goes on."""
    told = events.c.subject.startswith(f"{domain}/", autoescape=True)
    told &= events.c.kind.in_(TOLD_DOWNSTREAM)
    newest = sa.select(events).where(told, events.c.noticed >= since)
    newest = newest.order_by(events.c.noticed.desc(), events.c.number.desc()).limit(limit)
    of_incident = sa.and_(
        events.c.subject == incidents.c.product,
        events.c.number >= incidents.c.opened,
        events.c.incident == incidents.c.id,
    )
    began = sa.select(events).select_from(incidents).join(events, of_incident)
    began = began.where(told, incidents.c.closed.is_(None), events.c.kind.in_(OPENS))
    found = {
        row.number: event_from_row(row)
        for query in (newest, began)
        for row in connection.execute(query)
    }
    return [found[number] for number in sorted(found)]


def incidents_of(
    connection: sa.Connection, product: str | None, *, unclosed: bool, limit: int
) -> list[Incident]:
    """Incidents, newest first, each in the words for what it came to, with who was told."""
    opening, graver, closing = (events.alias(each) for each in ("opening", "graver", "closing"))
    found = (
        sa.select(
            incidents,
            opening.c.at.label("opened_at"),
            opening.c.noticed,
            graver.c.summary,
            graver.c.details,
            closing.c.at.label("closed_at"),
            closing.c.details.label("repair"),
        )
        .join(opening, opening.c.number == incidents.c.opened)
        .join(graver, graver.c.number == last_opening())
        .outerjoin(closing, closing.c.number == incidents.c.closed)
        .order_by(incidents.c.opened.desc())
        .limit(limit)
    )
    if product is not None:
        found = found.where(incidents.c.product == product)
    if unclosed:
        found = found.where(incidents.c.closed.is_(None))
    rows = connection.execute(found).all()
    told = _told(connection, [row.opened for row in rows])
    return [
        Incident(
            id=row.id,
            product=row.product,
            kind=EventKind(row.kind),
            summary=row.summary,
            began=row.began,
            opened=row.opened_at,
            noticed=row.noticed,
            closed=row.closed_at,
            notified=row.notified,
            objective=row.objective,
            details=row.details,
            repair=row.repair or {},
            told=tuple(told[row.opened]),
        )
        for row in rows
    ]


def troubles(connection: sa.Connection) -> dict[tuple[str, str], Trouble]:
    """The newest incident of each objective, by product and objective."""
    newest = (
        sa.select(sa.func.max(incidents.c.opened))
        .where(incidents.c.objective != "")
        .group_by(incidents.c.product, incidents.c.objective)
    )
    closing = events.alias("closing")
    found = (
        sa.select(incidents, closing.c.at)
        .outerjoin(closing, closing.c.number == incidents.c.closed)
        .where(incidents.c.opened.in_(newest))
    )
    return {
        (row.product, row.objective): Trouble(row.id, EventKind(row.kind), row.at)
        for row in connection.execute(found)
    }


def going(connection: sa.Connection) -> list[Going]:
    """The incidents that are not over, in a query of what is open alone."""
    found = sa.select(incidents).where(incidents.c.closed.is_(None)).order_by(incidents.c.opened)
    return [
        Going(row.id, row.product, EventKind(row.kind), row.objective)
        for row in connection.execute(found)
    ]


def health(connection: sa.Connection) -> Health:
    """How the outbox is, in a few counts."""
    undone = messages.c.state.in_((State.WAITING, State.DEAD))
    states = sa.select(messages.c.state, sa.func.count()).where(undone).group_by(messages.c.state)
    counts = {row[0]: int(row[1]) for row in connection.execute(states)}
    held = sa.select(sa.func.count()).where(deliveries.c.message.is_(None))
    oldest = [connection.execute(each).scalar() for each in _unsent()]
    vain = sa.select(messages.c.channel, messages.c.error).distinct()
    vain = vain.where(messages.c.state == State.WAITING, messages.c.error.is_not(None)).limit(20)
    beats = connection.execute(sa.select(heartbeats).order_by(heartbeats.c.name))
    return Health(
        heartbeats=tuple(Heartbeat(row.name, row.at, row.every, row.error) for row in beats),
        dead=counts.get(State.DEAD, 0),
        waiting=counts.get(State.WAITING, 0) + int(connection.execute(held).scalar_one()),
        oldest=min((each for each in oldest if each is not None), default=None),
        failing=tuple((row.channel, row.error) for row in connection.execute(vain)),
    )


def _unsent() -> Iterator[sa.Select[Any]]:
    """When the oldest event was noticed of which somebody has to be told, by what it waits for.

    Each in a query of its own, that looks at what waits and at nothing else.
    """
    of_event = events.c.number == deliveries.c.event
    of_message = messages.c.id == deliveries.c.message
    yield (sa.select(events.c.noticed).where(UNROUTED).order_by(events.c.number).limit(1))
    oldest = sa.select(sa.func.min(events.c.noticed)).select_from(deliveries).join(events, of_event)
    yield oldest.where(deliveries.c.message.is_(None))
    yield oldest.join(messages, of_message).where(messages.c.state == State.WAITING)


def _told(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[Told]]:
    found: dict[int, list[Told]] = defaultdict(list)
    for start in range(0, len(numbers), _AT_ONCE):
        of_events = (
            sa.select(deliveries, messages)
            .outerjoin(messages, messages.c.id == deliveries.c.message)
            .where(deliveries.c.event.in_(numbers[start : start + _AT_ONCE]))
            .order_by(deliveries.c.event, deliveries.c.channel, deliveries.c.recipient)
        )
        for row in connection.execute(of_events):
            found[row.event].append(_told_from_row(row))
    return found


def _told_from_row(row: sa.Row[Any]) -> Told:
    held = Told(row.channel, row.recipient, HELD)
    if row.message is None:
        return held
    return replace(
        held,
        state=row.state,
        message=row.message,
        tries=row.tries,
        at=row.ended,
        due=row.due if row.state == State.WAITING else None,
        error=row.error,
    )


def _nobody_yet(row: sa.Row[Any]) -> tuple[Told, ...]:
    return () if row.routed else (Told("", "", NEW),)
