"""Run events on their way to sinks.

Delivery is at least once, in the very same bytes each time. An event is leased in one transaction,
sent outside of any, and its end recorded in another; a sender that dies in between leaves a lease
that runs out. Of one run no event goes to a sink before the one before it has arrived there or was
given up. All moments are wall time; only when a publication was told of is the mesh's.
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.delivered import SinkHealth, drop_others, forget, replay, sink_healths
from mesh_dagster.journal.letters import State
from mesh_dagster.journal.lineage_tables import (
    event_deliveries,
    run_events,
    sinks,
    told_publications,
)
from mesh_dagster.journal.run_events import put_run_events
from mesh_dagster.model.run_event import RunEvent

_WAITS = event_deliveries.c.state == State.WAITING.value


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event that is ours to deliver. `tries` counts this one."""

    event: int
    key: str
    run: str
    tries: int
    packed: bytes

    @property
    def body(self) -> bytes:
        """The event as it was composed."""
        return gzip.decompress(self.packed)


@dataclass(frozen=True, slots=True)
class Tried:
    """How one try ended. With an error: when it is tried again, or never (None)."""

    event: int
    tries: int
    error: str | None = None
    retry_at: datetime | None = None


class Deliveries:
    """The run events in a domain's journal. Each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, events: Iterable[RunEvent]) -> None:
        """Record events that tell of nothing in this journal; known ones are left out."""
        found = list(events)
        if found:
            with self._database.writing() as connection:
                put_run_events(connection, found)

    def body(self, key: str) -> bytes | None:
        """The event of a key, as long as it is kept."""
        found = sa.select(run_events.c.packed).where(run_events.c.key == key)
        with self._database.reading() as connection:
            packed = connection.execute(found).scalar()
        return None if packed is None else gzip.decompress(packed)

    def take(self, sink: str, *, lease: float, limit: int) -> list[Outgoing]:
        """Up to `limit` events that may go out now, oldest first; ours for `lease` seconds.

        With an event come those before it of its run, or these have arrived.
        """
        now = clock.wall()
        with self._database.reading() as connection:
            # Most of the time there is nothing to do, and no writer has to wait for that.
            if connection.execute(_ready(sink, now, 1)).first() is None:
                return []
        with self._database.writing() as connection:
            found = connection.execute(_ready(sink, now, limit)).all()
            leased = _of(sink).values(due=now + timedelta(seconds=lease), tries=_TRIES + 1)
            if found:
                connection.execute(leased, [{"e": row.event} for row in found])
        return [Outgoing(row.event, row.key, row.run, row.tries + 1, row.packed) for row in found]

    def renew(self, sink: str, events: Iterable[int], *, lease: float) -> None:
        """Keep events a while longer."""
        rows = [{"e": each} for each in events]
        if rows:
            until = clock.wall() + timedelta(seconds=lease)
            with self._database.writing() as connection:
                connection.execute(_of(sink).values(due=until), rows)

    def hand_back(self, sink: str, events: Iterable[int]) -> None:
        """Give up events that were not tried after all."""
        rows = [{"e": each} for each in events]
        if rows:
            back = _of(sink).values(due=clock.wall(), tries=_TRIES - 1)
            with self._database.writing() as connection:
                connection.execute(back, rows)

    def end(self, sink: str, tried: Sequence[Tried]) -> None:
        """Record how tries went, all in one transaction."""
        if not tried:
            return
        with self._database.writing() as connection:
            now = clock.wall()
            _failed(connection, sink, [each for each in tried if each.error is not None], now)
            _arrived(connection, sink, [each.event for each in tried if each.error is None], now)

    def pause(self, sink: str, error: str, *, failures: int, until: datetime) -> None:
        """Let a sink that takes nothing alone until a moment."""
        row = {"name": sink, "failures": failures, "until": until, "error": error}
        with self._database.writing() as connection:
            connection.execute(sa.delete(sinks).where(sinks.c.name == sink))
            connection.execute(sa.insert(sinks), [row])

    def resume(self, sink: str) -> None:
        """The sink takes events again."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(sinks).where(sinks.c.name == sink))

    def paused(self) -> dict[str, tuple[int, datetime]]:
        """Of the sinks that took nothing last time: how often so far, and until when they rest."""
        with self._database.reading() as connection:
            found = connection.execute(sa.select(sinks)).all()
        return {row.name: (row.failures, row.until) for row in found}

    def health(self, names: Collection[str]) -> tuple[SinkHealth, ...]:
        """How each sink is, those included that are configured no more and still have events."""
        with self._database.reading() as connection:
            return sink_healths(connection, names)

    def replay(
        self,
        since: datetime,
        names: Collection[str],
        *,
        dead: bool = False,
        known: Collection[str] = (),
    ) -> Mapping[str, int]:
        """Send events again that were recorded since a moment; how many, by sink.

        `dead`: those only that were given up. Where the sinks that there are (`known`) are given,
        the events wait for no other any more.
        """
        with self._database.writing() as connection:
            if known and not dead:
                drop_others(connection, since, known)
            return replay(connection, since, names, dead=dead)

    def forget(self, before: datetime, names: Collection[str]) -> int:
        """Delete old events that no sink of these names waits for; how many."""
        with self._database.reading() as connection:
            old = sa.select(run_events.c.number).where(run_events.c.recorded < before).limit(1)
            if connection.execute(old).first() is None:
                return 0
        with self._database.writing() as connection:
            return forget(connection, before, names)


_TRIES = event_deliveries.c.tries


def _of(sink: str) -> sa.Update:
    """Of an event `e` that waits for a sink."""
    table = event_deliveries
    return sa.update(table).where(table.c.sink == sink, table.c.event == sa.bindparam("e"), _WAITS)


def _ready(sink: str, now: datetime, limit: int) -> sa.Select[Any]:
    table, earlier = event_deliveries, event_deliveries.alias("earlier")
    held = sa.exists().where(
        earlier.c.sink == table.c.sink,
        earlier.c.run == table.c.run,
        earlier.c.event < table.c.event,
        # Not a parameter: only so does SQLite see that the partial index has them.
        earlier.c.state == sa.literal_column("'waiting'"),
        earlier.c.state != sa.literal_column("'delivered'"),
        earlier.c.due > now,
    )
    waits = table.c.state == sa.literal_column("'waiting'")
    return (
        sa.select(table.c.event, table.c.tries, run_events.c.key, run_events.c.run)
        .add_columns(run_events.c.packed)
        .join(run_events, run_events.c.number == table.c.event)
        .where(table.c.sink == sink, waits, table.c.due <= now, ~held)
        .order_by(table.c.event)
        .limit(limit)
    )


def _failed(connection: sa.Connection, sink: str, tried: Sequence[Tried], now: datetime) -> None:
    # Another sender may have taken it since; how an older try failed says nothing of that.
    of_try = _of(sink).where(sa.bindparam("t") == _TRIES)
    again = [each for each in tried if each.retry_at is not None]
    if again:
        later: dict[str, Any] = {"due": sa.bindparam("at"), "error": sa.bindparam("said")}
        connection.execute(
            of_try.values(later),
            [{"e": e.event, "t": e.tries, "at": e.retry_at, "said": e.error} for e in again],
        )
    dead = [each for each in tried if each.retry_at is None]
    if dead:
        over = {"state": State.DEAD.value, "ended": now, "error": sa.bindparam("said")}
        connection.execute(
            of_try.values(over),
            [{"e": each.event, "t": each.tries, "said": each.error} for each in dead],
        )


def _arrived(connection: sa.Connection, sink: str, events: Sequence[int], now: datetime) -> None:
    if not events:
        return
    table = event_deliveries
    there = sa.update(table).where(table.c.sink == sink, table.c.event == sa.bindparam("e"))
    over = {"state": State.DELIVERED.value, "ended": now, "error": None}
    connection.execute(there.values(over), [{"e": each} for each in events])
    moments = sa.select(run_events.c.run, run_events.c.at, run_events.c.recorded)
    sent = moments.where(run_events.c.number.in_(events)).order_by(run_events.c.number)
    told_at = {row.run: row.at + (now - row.recorded) for row in connection.execute(sent)}
    open_ = sa.exists().where(
        table.c.run == told_publications.c.run,
        table.c.state != sa.literal_column("'delivered'"),
    )
    told = sa.update(told_publications).where(
        told_publications.c.run == sa.bindparam("r"),
        told_publications.c.told.is_(None),
        ~open_,
    )
    rows = [{"r": run, "at": at} for run, at in told_at.items()]
    connection.execute(told.values(told=sa.bindparam("at")), rows)
