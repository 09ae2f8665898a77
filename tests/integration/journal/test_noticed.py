"""Of an incident it is told when it began, when it was noticed, and how soon somebody knew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mesh_dagster.clock import frozen
from mesh_dagster.journal.journal import Journal
from mesh_dagster.journal.past import Asked
from mesh_dagster.model.event import Event, EventKind

START = datetime(2013, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _event(kind: EventKind, at: datetime, began: datetime | None = None) -> Event:
    return Event(
        kind=kind,
        subject="d/a/v1",
        at=at,
        key=f"{kind}:{at.isoformat()}",
        summary="late",
        objective="freshness",
        incident="breach:1",
        began=began,
    )


def test_an_incident_has_its_moments_and_a_past_moment_knows_of_no_later_one(
    journal: Journal,
) -> None:
    events = [
        _event(EventKind.BREACHED, START + 2 * HOUR, START),
        _event(EventKind.RECOVERED, START + 5 * HOUR),
    ]
    with frozen(START + 5 * HOUR):
        journal.outbox.put(events)
    asked = {"d/a/v1": Asked(START, incidents=True), "d/b/v1": Asked(START, incidents=True)}
    found, other = journal.past(asked, START + 6 * HOUR)
    (trouble,) = found.incidents
    assert (trouble.began, trouble.opened, trouble.told, trouble.closed) == (
        START,
        START + 2 * HOUR,
        None,
        START + 5 * HOUR,
    )
    assert list(other.incidents) == []
    before, _ = journal.past(asked, START + HOUR)
    assert list(before.incidents) == []
