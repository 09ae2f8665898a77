"""Recording run events: in the transaction of what they tell of."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.letters import State
from mesh_dagster.journal.lineage_tables import event_deliveries, run_events, told_publications
from mesh_dagster.model.run_event import RunEvent


def put_run_events(connection: sa.Connection, events: Iterable[RunEvent]) -> None:
    """Record events that are not known yet, with a delivery for each of their sinks."""
    for event in events:
        of_key = sa.select(run_events.c.number).where(run_events.c.key == event.key)
        if connection.execute(of_key).first() is None:
            _put(connection, event)


def _put(connection: sa.Connection, event: RunEvent) -> None:
    now = clock.wall()
    row = {
        "key": event.key,
        "run": event.run,
        "state": event.state.value,
        "product": event.product,
        "publication": event.publication,
        "at": event.at,
        "recorded": now,
        "packed": gzip.compress(event.body, mtime=0),
    }
    added = connection.execute(sa.insert(run_events).returning(run_events.c.number), [row])
    number = int(added.scalar_one())
    due = [
        {
            "sink": sink,
            "event": number,
            "run": event.run,
            "state": State.WAITING.value,
            "tries": 0,
            "due": now,
        }
        for sink in dict.fromkeys(event.sinks)
    ]
    if due:
        connection.execute(sa.insert(event_deliveries), due)
    if event.publication is not None:
        _put_told(connection, event, event.publication)


def _put_told(connection: sa.Connection, event: RunEvent, publication: int) -> None:
    """Where nobody is to be told, having it on record is all there is."""
    same = told_publications.c.product == event.product
    same &= told_publications.c.publication == publication
    if connection.execute(sa.select(told_publications.c.run).where(same)).first() is None:
        told = {
            "product": event.product,
            "publication": publication,
            "run": event.run,
            "told": None if event.sinks else event.at,
        }
        connection.execute(sa.insert(told_publications), [told])
