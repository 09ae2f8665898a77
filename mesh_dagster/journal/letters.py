"""What the outbox holds: deliveries that wait for a message, messages that wait for a sender."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from mesh_dagster.journal.alert_tables import cooling, deliveries, events, messages
from mesh_dagster.journal.happenings import event_from_row
from mesh_dagster.model.event import Event
from mesh_dagster.model.message import Recipient

MOST_PENDING = 20_000
"""Deliveries that are looked at at once; the others wait for these."""

_AT_ONCE = 500


class State(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"
    """It was dead, and somebody has said that nobody has to be told any more."""


Line = tuple[str, str, str]
"""Channel, recipient and product: what order is kept in."""


@dataclass(frozen=True, slots=True)
class Pending:
    """One event for one recipient that no message has yet. `told`: its topic, last time."""

    event: int
    channel: str
    recipient: str
    product: str
    topic: str
    cause: str
    noticed: datetime
    told: datetime | None = None

    @property
    def line(self) -> Line:
        return (self.channel, self.recipient, self.product)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours to send, with its events in order."""

    id: str
    recipient: Recipient
    tries: int
    composed: datetime
    events: tuple[Event, ...]


def blocked(connection: sa.Connection) -> set[Line]:
    """The lines with a message on its way: what comes after it waits."""
    found = (
        sa.select(deliveries.c.channel, deliveries.c.recipient, deliveries.c.product)
        .join(messages, messages.c.id == deliveries.c.message)
        .where(messages.c.state == State.WAITING)
        .distinct()
    )
    return {(row.channel, row.recipient, row.product) for row in connection.execute(found)}


def pending(connection: sa.Connection, busy: set[Line]) -> Iterator[Pending]:
    """What waits for a message, in the order in which it happened."""
    same = sa.and_(
        cooling.c.channel == deliveries.c.channel,
        cooling.c.recipient == deliveries.c.recipient,
        cooling.c.topic == deliveries.c.topic,
    )
    waiting = (
        sa.select(
            deliveries.c.event,
            deliveries.c.channel,
            deliveries.c.recipient,
            deliveries.c.product,
            deliveries.c.topic,
            deliveries.c.cause,
            events.c.noticed,
            cooling.c.told,
        )
        .join(events, events.c.number == deliveries.c.event)
        .outerjoin(cooling, same)
        .where(deliveries.c.message.is_(None))
        .order_by(deliveries.c.event, deliveries.c.channel, deliveries.c.recipient)
    )
    taken = 0
    for row in connection.execute(waiting.execution_options(yield_per=1000)):
        each = Pending(**row._mapping)
        if each.line not in busy:
            taken += 1
            yield each
        if taken >= MOST_PENDING:
            return


def claimed(connection: sa.Connection, ids: Sequence[str]) -> list[Claim]:
    """Messages with their events, in the order of `ids`."""
    found: dict[str, sa.Row[Any]] = {}
    told: dict[str, list[Event]] = {each: [] for each in ids}
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        for row in connection.execute(sa.select(messages).where(messages.c.id.in_(some))):
            found[row.id] = row
        of_messages = (
            sa.select(deliveries.c.message, events)
            .join(events, events.c.number == deliveries.c.event)
            .where(deliveries.c.message.in_(some))
            .order_by(events.c.number)
        )
        for row in connection.execute(of_messages):
            told[row.message].append(event_from_row(row))
    return [
        Claim(
            each,
            Recipient(found[each].channel, found[each].recipient),
            found[each].tries,
            found[each].composed,
            tuple(told[each]),
        )
        for each in ids
    ]
