"""The outbox of a domain: what is to be told, to whom, and what became of it.

Sending is at least once. A message is composed and leased in one transaction, sent outside of
any, and its end recorded in another; a sender that dies in between leaves a message whose lease
runs out, and whoever sends next tries the very same one again. Of one product no message goes to
a recipient before the one before it has arrived or was given up. All moments are wall time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.alert_tables import (
    UNROUTED,
    deliveries,
    events,
    heartbeats,
    messages,
)
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.happenings import event_from_row, put_event
from mesh_dagster.journal.hearing import heard_since
from mesh_dagster.journal.letters import Claim, Pending, State, blocked, claimed, pending
from mesh_dagster.journal.pruning import Kept, prune
from mesh_dagster.journal.sending import (
    Ended,
    again,
    drop,
    due_again,
    put_arrivals,
    put_failures,
    put_messages,
    something_waits,
    take,
)
from mesh_dagster.journal.told import (
    Alert,
    Going,
    Health,
    Heartbeat,
    Trouble,
    going,
    health,
    incidents_of,
    newest_alerts,
    news_of,
    troubles,
)
from mesh_dagster.model.event import Event, Incident
from mesh_dagster.model.message import Recipient

Compose = Callable[[Sequence[Pending]], Iterable[Sequence[Pending]]]
"""Which pending deliveries go out now, each group as one message to one recipient."""

_AT_ONCE = 500


class Outbox:
    """The outbox in a domain's journal. Each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, found: Iterable[Event]) -> list[Event]:
        """Record events, all or none; those that were new."""
        found = list(found)
        if not found:
            return []
        with self._database.writing() as connection:
            return [each for each in found if put_event(connection, each) is not None]

    def unknown(self, found: Sequence[Event]) -> list[Event]:
        """Those of the events that are not recorded."""
        known = self.subjects([each.key for each in found])
        return [each for each in found if each.key not in known]

    def subjects(self, keys: Sequence[str]) -> dict[str, str]:
        """Which product each event is about, of the keys that are recorded."""
        found: dict[str, str] = {}
        if not keys:
            return found
        with self._database.reading() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                some = events.c.key.in_(keys[start : start + _AT_ONCE])
                rows = connection.execute(sa.select(events.c.key, events.c.subject).where(some))
                found |= {row.key: row.subject for row in rows}
        return found

    def heard_since(self, subjects: Sequence[str], readers: Sequence[str]) -> dict[str, datetime]:
        """Since when a domain hears of products of others, by their paths; of some it never did.

        `readers` are its products that read them.
        """
        with self._database.reading() as connection:
            return heard_since(connection, subjects, readers)

    def news(self, domain: str, since: datetime, limit: int) -> list[Event]:
        """What the readers of a domain's products hear of, oldest first.

        Its newest events since a moment, and what opened the incidents that go on.
        """
        with self._database.reading() as connection:
            return news_of(connection, domain, since, limit)

    def route(self, recipients: Callable[[Event], Iterable[Recipient]], limit: int = 5000) -> int:
        """Decide of each new event who is told; how many there were."""
        new = sa.select(events).where(UNROUTED).order_by(events.c.number)
        with self._database.reading() as connection:
            # Most of the time there is nothing to do, and no writer has to wait for that.
            if connection.execute(new.limit(1)).first() is None:
                return 0
        with self._database.writing() as connection:
            found = connection.execute(new.limit(limit)).all()
            rows = [
                _delivery(row, recipient)
                for row in found
                for recipient in sorted(set(recipients(event_from_row(row))))
            ]
            if rows:
                connection.execute(sa.insert(deliveries), rows)
            numbers = [{"n": row.number} for row in found]
            routed = sa.update(events).where(events.c.number == sa.bindparam("n"))
            if numbers:
                connection.execute(routed.values(routed=True), numbers)
            return len(found)

    def claim(
        self, compose: Compose, *, lease: float, limit: int, without: Collection[str] = ()
    ) -> list[Claim]:
        """Take up to `limit` messages to send now, none of whose order has to wait.

        What was tried before comes first. They are this caller's for `lease` seconds. `without`
        are channels that are left alone.
        """
        with self._database.reading() as connection:
            if not something_waits(connection, clock.wall()):
                return []
        with self._database.writing() as connection:
            now = clock.wall()
            until = now + timedelta(seconds=lease)
            again = [
                each.id
                for each in connection.execute(due_again(now).order_by(messages.c.due))
                if each.channel not in without
            ][:limit]
            take(connection, again, until)
            free = limit - len(again)
            waiting = [
                each
                for each in pending(connection, busy=blocked(connection))
                if each.channel not in without
            ]
            new = put_messages(connection, list(islice(compose(waiting), free)), now, until)
            return claimed(connection, [*again, *new])

    def hand_back(self, ids: Iterable[str]) -> None:
        """Give up leases on messages that were not tried after all."""
        rows = [{"m": each} for each in ids]
        if not rows:
            return
        of_message = (messages.c.id == sa.bindparam("m")) & (messages.c.state == State.WAITING)
        back = sa.update(messages).where(of_message)
        with self._database.writing() as connection:
            connection.execute(back.values(due=clock.wall(), tries=messages.c.tries - 1), rows)

    def end(self, ended: Iterable[Ended]) -> None:
        """Record how tries went, all in one transaction."""
        found = list(ended)
        if not found:
            return
        with self._database.writing() as connection:
            now = clock.wall()
            put_failures(connection, [each for each in found if each.error is not None], now)
            put_arrivals(connection, [each.message for each in found if each.error is None], now)

    def try_again(self, product: str | None = None) -> int:
        """Let dead letters wait for their sender again, or those about a product; how many."""
        with self._database.writing() as connection:
            return again(connection, product, clock.wall())

    def drop(self, by: str, product: str | None = None) -> int:
        """Let dead letters rest for good, or those about a product, as somebody says; how many."""
        with self._database.writing() as connection:
            return drop(connection, product, by, clock.wall())

    def alerts(self, limit: int, product: str | None = None, *, dead: bool = False) -> list[Alert]:
        """The newest events and who is told, newest first; `dead`: of those given up only."""
        with self._database.reading() as connection:
            return newest_alerts(connection, limit, product, dead=dead)

    def incidents(
        self, product: str | None = None, *, unclosed: bool = False, limit: int = 100
    ) -> list[Incident]:
        """What broke, since when, who was told, and what mended it; newest first."""
        with self._database.reading() as connection:
            return incidents_of(connection, product, unclosed=unclosed, limit=limit)

    def put_changes(
        self, changes: Callable[[Mapping[tuple[str, str], Trouble]], Iterable[Event]]
    ) -> list[Event]:
        """Record what changes about the troubles that there are, nobody else doing so meanwhile."""
        with self._database.writing() as connection:
            found = changes(troubles(connection))
            return [each for each in found if put_event(connection, each) is not None]

    def troubles(self) -> dict[tuple[str, str], Trouble]:
        """The newest incident of each objective that ever was in trouble, by product and name."""
        with self._database.reading() as connection:
            return troubles(connection)

    def going(self) -> list[Going]:
        """The incidents that are not over."""
        with self._database.reading() as connection:
            return going(connection)

    def health(self) -> Health:
        """What is overdue, what was given up, and who gave which sign of life last."""
        with self._database.reading() as connection:
            return health(connection)

    def prune(self, kept: Kept, limit: int) -> int:
        """Let go of what has ended before; how many events went. Fewer than `limit`: all did."""
        with self._database.writing() as connection:
            return prune(connection, kept, limit)

    def heartbeat(self, name: str) -> Heartbeat | None:
        """The last sign of life of one part."""
        of_name = sa.select(heartbeats).where(heartbeats.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(of_name).first()
        return None if row is None else Heartbeat(row.name, row.at, row.every, row.error)

    def beat(self, name: str, every: float, error: str | None = None) -> None:
        """Leave a sign of life, to be repeated every so many seconds."""
        self.beats({name: (clock.wall(), every, error)})

    def beats(
        self,
        signs: Mapping[str, tuple[datetime, float, str | None]],
        *,
        kind: str = "",
        still: Collection[str] = (),
    ) -> None:
        """The same of several at once, each with its own moment.

        Of the parts whose names begin with `kind` those that are `still` there are the only ones:
        the signs of others go.
        """
        rows = [
            {"name": name, "at": at, "every": every, "error": error}
            for name, (at, every, error) in signs.items()
        ]
        if not rows:
            return
        with self._database.writing() as connection:
            connection.execute(sa.delete(heartbeats).where(heartbeats.c.name.in_(signs)))
            if kind:
                of_kind = heartbeats.c.name.startswith(kind, autoescape=True)
                gone = of_kind & heartbeats.c.name.not_in(still)
                connection.execute(sa.delete(heartbeats).where(gone))
            connection.execute(sa.insert(heartbeats), rows)


def _delivery(row: sa.Row[Any], recipient: Recipient) -> dict[str, Any]:
    event = event_from_row(row)
    return {
        "event": row.number,
        "channel": recipient.channel,
        "recipient": recipient.to,
        "product": event.subject,
        "topic": event.topic,
        "cause": event.root,
    }
