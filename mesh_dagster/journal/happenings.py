"""Events as the ledger keeps them: recorded with what they tell of, in one transaction.

What a gate decides and what is told of it cannot come apart: an attempt that leaves data in
quarantine, or a decision that settles it, records its event where it records itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.alert_tables import events, incidents
from mesh_dagster.journal.tables import decisions
from mesh_dagster.model.event import CLOSES, OPENS, Event, EventKind, spelled
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.snapshot import Decision, Outcome

MOST_LISTED = 20
"""Partitions and rules that an event lists; it always counts them all."""


def put_event(connection: sa.Connection, event: Event) -> int | None:
    """Record an event, and the incident that it opens or closes; its number, None if known."""
    of_key = sa.select(events.c.number).where(events.c.key == event.key)
    if connection.execute(of_key).first() is not None:
        return None
    added = connection.execute(sa.insert(events).returning(events.c.number), [_row(event)])
    number = int(added.scalar_one())
    if event.incident is not None:
        _follow(connection, event, event.incident, number)
    return number


def last_opening() -> sa.ScalarSelect[int]:
    """Of an incident in a query the number of the event that says what it has come to."""
    telling = events.alias("telling")
    return (
        sa.select(sa.func.max(telling.c.number))
        .where(
            telling.c.subject == incidents.c.product,
            telling.c.number >= incidents.c.opened,
            telling.c.incident == incidents.c.id,
            telling.c.kind.in_(OPENS),
        )
        .correlate(incidents)
        .scalar_subquery()
    )


def quarantined(row: sa.Row[Any], values: Iterable[Decision]) -> Event | None:
    """What to tell of an attempt's decisions; None where it left nothing in quarantine."""
    waiting = [each for each in values if each.outcome is Outcome.QUARANTINED]
    if not waiting:
        return None
    failing: dict[tuple[str | None, str], RuleResult] = {}
    for result in (result for each in waiting for result in each.results if result.blocks):
        failing.setdefault((result.port, result.rule), result)
    keys = sorted(each.partition for each in waiting if each.partition is not None)
    rules = sorted({rule for _, rule in failing})
    return Event(
        EventKind.QUARANTINED,
        row.product,
        clock.now(),
        key=f"{EventKind.QUARANTINED}:{row.id}",
        summary=f"{row.product}: {spelled(keys) or 'all of it'} quarantined, not published; "
        f"{spelled(rules) or 'no rule'} failed",
        details={
            "attempt": row.id,
            "run": row.run_id,
            "base": row.base,
            "partitions": keys[:MOST_LISTED],
            "waiting": len(waiting),
            "rules": [_told(each) for each in list(failing.values())[:MOST_LISTED]],
        },
        incident=f"quarantine:{row.id}",
        began=row.started_at,
    )


def settle(
    connection: sa.Connection, row: sa.Row[Any], decision: Decision, by: str | None, why: str | None
) -> None:
    """Record, after a decision, that nothing of its attempt waits any more; if that is so."""
    waiting = sa.select(decisions.c.attempt).where(
        decisions.c.attempt == row.id,
        decisions.c.current,
        decisions.c.outcome == Outcome.QUARANTINED.value,
    )
    if connection.execute(waiting.limit(1)).first() is not None:
        return
    who = f" by {by}" if by else ""
    event = Event(
        EventKind.SETTLED,
        row.product,
        clock.now(),
        key=f"{EventKind.SETTLED}:{row.id}",
        summary=f"{row.product}: {decision.partition or 'what was quarantined'} is "
        f"{decision.outcome}{who}; nothing of that attempt waits any more",
        details={
            "attempt": row.id,
            "outcome": decision.outcome.value,
            "publication": decision.publication,
            "by": by,
            "why": why,
        },
        incident=f"quarantine:{row.id}",
    )
    put_event(connection, event)


def event_from_row(row: sa.Row[Any]) -> Event:
    return Event(
        kind=EventKind(row.kind),
        subject=row.subject,
        at=row.at,
        key=row.key,
        summary=row.summary,
        details=row.details,
        objective=row.objective,
        cause=row.cause,
        incident=row.incident,
        affects=tuple(row.affects),
    )


def _row(event: Event) -> dict[str, Any]:
    return {
        "key": event.key,
        "kind": event.kind.value,
        "subject": event.subject,
        "at": event.at,
        "noticed": clock.wall(),
        "summary": event.summary,
        "details": dict(event.details),
        "objective": event.objective,
        "cause": event.root,
        "incident": event.incident,
        "affects": list(event.affects),
        "routed": False,
    }


def _follow(connection: sa.Connection, event: Event, incident: str, number: int) -> None:
    of_incident = incidents.c.id == incident
    if event.kind in OPENS:
        if connection.execute(sa.select(incidents.c.id).where(of_incident)).first() is None:
            opened = {
                "id": incident,
                "product": event.subject,
                "kind": event.kind.value,
                "objective": event.objective,
                "began": event.began or event.at,
                "opened": number,
            }
            connection.execute(sa.insert(incidents), [opened])
        elif event.kind is EventKind.BREACHED:
            graver = sa.update(incidents).where(of_incident)
            connection.execute(graver.values(kind=event.kind.value))
    elif event.kind in CLOSES:
        still = sa.and_(of_incident, incidents.c.closed.is_(None))
        connection.execute(sa.update(incidents).where(still).values(closed=number))


def _told(result: RuleResult) -> dict[str, Any]:
    return {
        "rule": result.rule,
        "port": result.port,
        "failed": result.failed,
        "checked": result.checked,
        "message": result.message,
        "where": result.where,
    }
