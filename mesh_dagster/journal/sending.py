"""Messages on their way: composed, leased to who sends them, arrived or given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.alert_tables import cooling, deliveries, incidents, messages
from mesh_dagster.journal.letters import Pending, State

_APART = timedelta(hours=1)
"""By how much clocks of two senders may differ; what is newer is of a clock that was set back."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one try went. `retry_at` None and an error: it is given up."""

    message: str
    tries: int
    error: str | None = None
    retry_at: datetime | None = None


def due_again(now: datetime) -> sa.Select[Any]:
    """The messages whose try, or next try, is due: those that nobody has leased now."""
    chosen = sa.select(messages.c.id, messages.c.channel)
    due = sa.or_(messages.c.due <= now, messages.c.composed > now + _APART)
    return chosen.where(messages.c.state == State.WAITING, due)


def something_waits(connection: sa.Connection, now: datetime) -> bool:
    """Whether there is anything to send."""
    waiting = sa.select(deliveries.c.event).where(deliveries.c.message.is_(None)).limit(1)
    return any(
        connection.execute(each).first() is not None for each in (waiting, due_again(now).limit(1))
    )


def take(connection: sa.Connection, ids: Sequence[str], until: datetime) -> None:
    """Lease messages until a moment, for one more try."""
    if ids:
        leased = sa.update(messages).where(messages.c.id == sa.bindparam("m"))
        leased = leased.values(due=until, tries=messages.c.tries + 1)
        connection.execute(leased, [{"m": each} for each in ids])


def put_messages(
    connection: sa.Connection, groups: Sequence[Sequence[Pending]], now: datetime, until: datetime
) -> list[str]:
    """Make a message of each group, leased until a moment; their ids."""
    made = [(clock.new_id(), group) for group in groups]
    if not made:
        return []
    rows = [
        {
            "id": message,
            "channel": group[0].channel,
            "recipient": group[0].recipient,
            "state": State.WAITING.value,
            "tries": 1,
            "composed": now,
            "due": until,
        }
        for message, group in made
    ]
    connection.execute(sa.insert(messages), rows)
    taken = sa.update(deliveries).where(
        deliveries.c.event == sa.bindparam("e"),
        deliveries.c.channel == sa.bindparam("c"),
        deliveries.c.recipient == sa.bindparam("r"),
    )
    each_taken = [
        {"m": message, "e": each.event, "c": each.channel, "r": each.recipient}
        for message, group in made
        for each in group
    ]
    connection.execute(taken.values(message=sa.bindparam("m")), each_taken)
    return [message for message, _ in made]


def put_failures(connection: sa.Connection, ended: Sequence[Ended], now: datetime) -> None:
    """Messages that did not arrive: to be tried again, or given up."""
    # Another sender may have taken it since; how an older try failed says nothing of that.
    of_try = sa.and_(
        messages.c.id == sa.bindparam("m"),
        messages.c.state == State.WAITING,
        messages.c.tries == sa.bindparam("t"),
    )
    again = [each for each in ended if each.retry_at is not None]
    if again:
        later: dict[str, Any] = {"due": sa.bindparam("at"), "error": sa.bindparam("said")}
        connection.execute(
            sa.update(messages).where(of_try).values(later),
            [{"m": e.message, "t": e.tries, "at": e.retry_at, "said": e.error} for e in again],
        )
    dead = [each for each in ended if each.retry_at is None]
    if dead:
        over = {"state": State.DEAD, "ended": now, "error": sa.bindparam("said")}
        connection.execute(
            sa.update(messages).where(of_try).values(over),
            [{"m": each.message, "t": each.tries, "said": each.error} for each in dead],
        )


def again(connection: sa.Connection, product: str | None, now: datetime) -> int:
    """Let dead letters wait for their sender again; how many."""
    waiting = {"state": State.WAITING, "due": now, "composed": now, "ended": None, "tries": 0}
    return connection.execute(_dead(product).values(waiting)).rowcount


def drop(connection: sa.Connection, product: str | None, by: str, now: datetime) -> int:
    """Let dead letters rest, and record who says so; how many."""
    said = sa.literal(f"dropped by {by}: ") + sa.func.coalesce(messages.c.error, "")
    rests = {"state": State.DROPPED, "ended": now, "error": said}
    return connection.execute(_dead(product).values(rests)).rowcount


def _dead(product: str | None) -> sa.Update:
    """Of all dead letters, or of those that tell of a product."""
    dead = sa.update(messages).where(messages.c.state == State.DEAD)
    if product is None:
        return dead
    telling = sa.select(deliveries.c.message).where(
        deliveries.c.product == product, deliveries.c.message.is_not(None)
    )
    return dead.where(messages.c.id.in_(telling))


def put_arrivals(connection: sa.Connection, ids: Sequence[str], now: datetime) -> None:
    """Messages that arrived, and what follows: topics cool down, incidents are known."""
    if not ids:
        return
    delivered = sa.update(messages).where(messages.c.id.in_(ids))
    connection.execute(delivered.values(state=State.DELIVERED, ended=now, error=None))
    found = connection.execute(sa.select(deliveries).where(deliveries.c.message.in_(ids))).all()
    topics = sorted({(row.channel, row.recipient, row.topic) for row in found})
    of_key = sa.and_(
        cooling.c.channel == sa.bindparam("c"),
        cooling.c.recipient == sa.bindparam("r"),
        cooling.c.topic == sa.bindparam("t"),
    )
    keys = [{"c": channel, "r": recipient, "t": topic} for channel, recipient, topic in topics]
    connection.execute(sa.delete(cooling).where(of_key), keys)
    told = [
        {"channel": channel, "recipient": recipient, "topic": topic, "told": now}
        for channel, recipient, topic in topics
    ]
    connection.execute(sa.insert(cooling), told)
    opened = incidents.c.opened.in_({row.event for row in found})
    first = sa.and_(opened, incidents.c.notified.is_(None))
    connection.execute(sa.update(incidents).where(first).values(notified=now))
