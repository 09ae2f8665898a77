"""What became of run events: how sinks are, sending again, and letting go of old ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.letters import State
from mesh_dagster.journal.lineage_tables import event_deliveries, run_events, sinks

_AT_ONCE = 5000
"""Events that one transaction lets go."""


@dataclass(frozen=True, slots=True)
class SinkHealth:
    """One sink: how many events wait, were delivered and were given up.

    `oldest` is when the oldest that waits was recorded, `error` what was said last of one that
    did not arrive. `until` is when a sink that takes nothing is tried again.
    """

    sink: str
    waiting: int = 0
    delivered: int = 0
    dead: int = 0
    oldest: datetime | None = None
    error: str | None = None
    until: datetime | None = None


def sink_healths(connection: sa.Connection, names: Collection[str]) -> tuple[SinkHealth, ...]:
    """How each sink is: those of these names, and others that still have events."""
    table = event_deliveries
    counts: dict[str, dict[str, int]] = {name: {} for name in names}
    by_state = sa.select(table.c.sink, table.c.state, sa.func.count())
    by_state = by_state.group_by(table.c.sink, table.c.state)
    for name, state, count in cast("Iterable[tuple[str, str, int]]", connection.execute(by_state)):
        if name in counts or state != State.DELIVERED:
            counts.setdefault(name, {})[state] = count
    paused = {row.name: row for row in connection.execute(sa.select(sinks))}
    return tuple(
        SinkHealth(
            name,
            states.get(State.WAITING, 0),
            states.get(State.DELIVERED, 0),
            states.get(State.DEAD, 0),
            _oldest(connection, name) if states.get(State.WAITING) else None,
            paused[name].error if name in paused else _last_error(connection, name),
            paused[name].until if name in paused else None,
        )
        for name, states in counts.items()
    )


def _oldest(connection: sa.Connection, name: str) -> datetime | None:
    table = event_deliveries
    oldest = (
        sa.select(run_events.c.recorded)
        .join(table, table.c.event == run_events.c.number)
        .where(table.c.sink == name, table.c.state == sa.literal_column("'waiting'"))
        .order_by(table.c.event)
        .limit(1)
    )
    return connection.execute(oldest).scalar()


def _last_error(connection: sa.Connection, name: str) -> str | None:
    table = event_deliveries
    newest = (
        sa.select(table.c.error)
        .where(
            table.c.sink == name,
            table.c.state != sa.literal_column("'delivered'"),
            table.c.error.is_not(None),
        )
        .order_by(table.c.event.desc())
        .limit(1)
    )
    return connection.execute(newest).scalar()


def replay(
    connection: sa.Connection, since: datetime, names: Collection[str], *, dead: bool
) -> dict[str, int]:
    """Let events wait for sinks (again); how many by sink."""
    table, now = event_deliveries, clock.wall()
    recent = sa.select(run_events.c.number).where(run_events.c.recorded >= since)
    waiting = {"state": State.WAITING.value, "due": now, "ended": None, "error": None, "tries": 0}
    found = {}
    for name in names:
        known = sa.update(table).where(table.c.sink == name, table.c.event.in_(recent))
        states = [State.DEAD.value] if dead else [State.DEAD.value, State.DELIVERED.value]
        again = connection.execute(known.where(table.c.state.in_(states)).values(waiting))
        found[name] = again.rowcount
        if not dead:
            found[name] += _add(connection, name, since, now)
    return found


def drop_others(connection: sa.Connection, since: datetime, known: Collection[str]) -> None:
    """Let events wait for no sink but the known ones: nobody would ever bring them there."""
    table = event_deliveries
    recent = sa.select(run_events.c.number).where(run_events.c.recorded >= since)
    undone = table.c.state != State.DELIVERED.value
    gone = sa.delete(table).where(table.c.sink.not_in(known), undone, table.c.event.in_(recent))
    connection.execute(gone)


def _add(connection: sa.Connection, name: str, since: datetime, now: datetime) -> int:
    """Deliveries to a sink that was not there when the events were recorded."""
    table = event_deliveries
    known = sa.exists().where(table.c.sink == name, table.c.event == run_events.c.number)
    unknown = sa.and_(run_events.c.recorded >= since, ~known)
    # How many an insert of a query was not every driver tells.
    count = sa.select(sa.func.count()).select_from(run_events).where(unknown)
    added = int(connection.execute(count).scalar_one())
    new = sa.select(
        sa.literal(name),
        run_events.c.number,
        run_events.c.run,
        sa.literal(State.WAITING.value),
        sa.literal(0),
        sa.literal(now, table.c.due.type),
    ).where(unknown)
    columns = ["sink", "event", "run", "state", "tries", "due"]
    connection.execute(sa.insert(table).from_select(columns, new))
    return added


def forget(connection: sa.Connection, before: datetime, names: Collection[str]) -> int:
    """Delete events recorded before a moment, but what a sink of these names waits for."""
    table = event_deliveries
    wanted = sa.exists().where(
        table.c.event == run_events.c.number,
        table.c.state == State.WAITING.value,
        table.c.sink.in_(names),
    )
    old = (
        sa.select(run_events.c.number)
        .where(run_events.c.recorded < before, ~wanted)
        .order_by(run_events.c.recorded)
        .limit(_AT_ONCE)
    )
    numbers = [{"n": row.number} for row in connection.execute(old)]
    if numbers:
        of_event = table.c.event == sa.bindparam("n")
        connection.execute(sa.delete(table).where(of_event), numbers)
        gone = sa.delete(run_events).where(run_events.c.number == sa.bindparam("n"))
        connection.execute(gone, numbers)
    return len(numbers)
