"""What has ended long ago goes; what waits, what is on the record and what goes on does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.pruning import Kept
from mesh_dagster.journal.sending import Ended
from mesh_dagster.journal.tables import metadata
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.message import Recipient
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.model.snapshot import Outcome

PRODUCT = "flights/departures/v1"
TEAM = Recipient("hook", "flights")
HOUR = timedelta(hours=1)


def at(hours):
    return clock.wall() + hours * HOUR


def event(key, kind=EventKind.DEPRECATED, **rest):
    return Event(kind, PRODUCT, at(-1), key, f"{PRODUCT}: {key}", **rest)


def kept(measured=-1000):
    """From now on, but for what service levels are measured by."""
    return Kept(since=at(1), sent=at(1), measured=at(measured))


@pytest.fixture
def rows(url, domain, journal):
    """The rows of each table that has any."""
    database = Database(url, domain)

    def count():
        with database.reading() as connection:
            counts = {
                table.name: connection.execute(sa.select(sa.func.count()).select_from(table))
                for table in metadata.sorted_tables
            }
            return {name: n for name, each in counts.items() if (n := each.scalar_one())}

    yield count
    database.close()


@pytest.fixture
def tell(journal):
    """Record events, and let each reach its recipient or not; together: as one message."""

    def put(*found, error=None, together=False, wait=False):
        journal.outbox.put(found)
        journal.outbox.route(lambda _: [TEAM])

        def compose(pending):
            every = list(pending)
            return [every] if together else [[each] for each in every]

        claims = journal.outbox.claim(compose, lease=60, limit=100)
        if not wait:
            journal.outbox.end([Ended(each.id, each.tries, error) for each in claims])

    return put


def test_what_everybody_was_told_of_goes_with_its_messages(journal, tell, rows):
    tell(event("a"), event("b"), together=True)
    journal.outbox.beat("gone", 60)
    assert journal.outbox.prune(Kept(at(-2), at(-2), at(-2)), 100) == 0
    before = rows()
    assert (before["events"], before["deliveries"], before["messages"]) == (2, 2, 1)
    assert journal.outbox.prune(kept(), 100) == 2
    assert rows() == {"alembic_version": 1}
    assert journal.outbox.prune(kept(), 100) == 0


def test_what_waits_and_what_was_given_up_stays(journal, tell):
    tell(event("dead"), error="refused")
    tell(event("on its way"), wait=True)
    journal.outbox.put([event("unsent")])
    journal.outbox.route(lambda _: [TEAM])
    journal.outbox.put([event("of nobody yet")])
    assert journal.outbox.prune(kept(100), 100) == 0
    told = {each.event.key: [one.state for one in each.told] for each in journal.outbox.alerts(10)}
    assert told == {
        "dead": ["dead"],
        "on its way": ["waiting"],
        "unsent": ["held"],
        "of nobody yet": ["new"],
    }


def test_what_was_dropped_goes_as_what_arrived_does(journal, tell, rows):
    tell(event("dead"), error="refused")
    assert journal.outbox.drop("noor", "flights/other/v1") == 0
    assert journal.outbox.prune(kept(), 100) == 0
    assert journal.outbox.drop("noor", PRODUCT) == 1
    ((told,),) = [each.told for each in journal.outbox.alerts(10)]
    assert (told.state, told.error) == ("dropped", "dropped by noor: refused")
    assert told.at is not None
    assert journal.outbox.try_again() == 0
    assert journal.outbox.prune(kept(), 100) == 1
    assert rows() == {"alembic_version": 1}


def test_an_incident_that_goes_on_keeps_all_of_its_events(journal, tell):
    tell(
        event("burns", EventKind.BURNING, incident="slo:x", objective="freshness"),
        event("breaks", EventKind.BREACHED, incident="slo:x", objective="freshness"),
    )
    assert journal.outbox.prune(kept(100), 100) == 0
    (incident,) = journal.outbox.incidents()
    assert [each.state for each in incident.told] == ["delivered"]


def test_an_incident_that_is_over_goes_when_no_service_level_counts_it(journal, tell, rows):
    tell(
        event("burns", EventKind.BURNING, incident="slo:x", objective="freshness"),
        event("breaks", EventKind.BREACHED, incident="slo:x", objective="freshness"),
        event("mended", EventKind.RECOVERED, incident="slo:x", objective="freshness"),
        together=True,
    )
    assert journal.outbox.prune(kept(), 100) == 1, "what neither began nor ended it"
    (incident,) = journal.outbox.incidents()
    assert incident.closed is not None
    assert incident.told[0].state == "delivered"
    assert journal.outbox.prune(kept(100), 100) == 2
    assert rows() == {"alembic_version": 1}


def test_an_incident_whose_end_somebody_still_has_to_hear_of_stays(journal, tell):
    tell(event("breaks", EventKind.BREACHED, incident="slo:x"))
    tell(event("mended", EventKind.RECOVERED, incident="slo:x"), error="refused")
    assert journal.outbox.prune(kept(100), 100) == 0
    assert len(journal.outbox.incidents()) == 1


def test_a_message_that_also_tells_of_what_is_kept_stays(journal, tell):
    tell(event("a"), event("breaks", EventKind.BREACHED, incident="slo:x"), together=True)
    assert journal.outbox.prune(kept(100), 100) == 1
    (alert,) = journal.outbox.alerts(10)
    assert [each.state for each in alert.told] == ["delivered"]


def test_the_record_is_not_touched(journal, make, tell, rows):
    bad = make.result("never", Verdict.FAILED, failed=3)
    make.finished(journal, make.decision("a", Outcome.QUARANTINED, results=(bad,)))
    make.finished(journal, make.decision("a"))
    tell(event("b"))
    before = rows()
    assert journal.outbox.prune(kept(100), 100) == 3
    after = rows()
    gone = {"events", "deliveries", "messages", "incidents", "cooling"}
    assert after == {name: n for name, n in before.items() if name not in gone}


def test_much_goes_little_by_little(journal, tell):
    tell(*(event(f"{n}") for n in range(7)), together=True)
    assert [journal.outbox.prune(kept(), 3) for _ in range(4)] == [3, 3, 1, 0]


def test_of_reads_of_a_port_the_last_before_says_how_it_was(journal):
    for hours, error in ((-10, None), (-8, "away"), (-6, None), (-2, "away")):
        journal.probed(PRODUCT, None, at=at(hours), seconds=0.1, error=error)
    journal.outbox.prune(kept(-5), 100)
    from mesh_dagster.journal.past import Asked

    (past,) = journal.past({PRODUCT: Asked(at(-100), probes=True)}, at(0))
    assert [each.answered for each in past.probes] == [True, False]


def test_of_scores_the_last_before_is_what_later_ones_are_compared_with(journal):
    for hours, overall in ((-5, 10), (-4, 20), (-3, 30), (-1, 40)):
        told = {PRODUCT: ScoreTold("1", overall, {})}
        journal.scores.record(told, at(hours), lambda *_: None)
    journal.outbox.prune(kept(-2), 100)
    assert [each.score.overall for each in journal.scores.history(PRODUCT)] == [40, 30]
    journal.outbox.prune(kept(1), 100)
    assert [each.score.overall for each in journal.scores.history(PRODUCT)] == [40]
