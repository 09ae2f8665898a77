"""What happened is recorded with what it tells of, and told once to each, in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.alert_tables import messages
from mesh_dagster.journal.journal import open_journal
from mesh_dagster.journal.sending import Ended
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.message import Recipient
from mesh_dagster.model.snapshot import Outcome

PRODUCT = "flights/departures/v1"
ANNA, TEAM = Recipient("mail", "anna@x.example"), Recipient("hook", "flights")
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


def event(key, kind=EventKind.DEPRECATED, subject=PRODUCT, **rest):
    return Event(kind, subject, NOON, key, f"{subject}: {key}", **rest)


def each_alone(pending):
    """Every line's first delivery as a message of its own."""
    seen = set()
    for each in pending:
        if each.line not in seen:
            seen.add(each.line)
            yield [each]


def claimed(journal, limit=100, lease=60.0, **rest):
    return journal.outbox.claim(each_alone, lease=lease, limit=limit, **rest)


def quarantine(journal, make, *keys):
    bad = make.result("never", Verdict.FAILED, failed=3, message="3 of 10 rows are never")
    decisions = [make.decision(key, Outcome.QUARANTINED, results=(bad,)) for key in keys]
    return make.finished(journal, *decisions)


def test_a_quarantine_is_recorded_with_the_attempt_that_ends_in_it(journal, make):
    attempt = quarantine(journal, make, "2013-11-03", "2013-11-04")
    (alert,) = journal.outbox.alerts(10)
    assert alert.event.kind is EventKind.QUARANTINED
    assert alert.event.subject == PRODUCT
    assert alert.event.details["attempt"] == attempt
    assert alert.event.details["partitions"] == ["2013-11-03", "2013-11-04"]
    assert [each["rule"] for each in alert.event.details["rules"]] == ["never"]
    assert "2013-11-03, 2013-11-04 quarantined" in alert.event.summary


def test_an_attempt_without_quarantine_is_no_event(journal, make):
    make.finished(journal, make.decision("a"))
    assert journal.outbox.alerts(10) == []


def test_an_incident_lasts_from_the_quarantine_until_nothing_of_it_waits(journal, make):
    attempt = quarantine(journal, make, "a", "b")
    journal.decide(attempt, "a", Outcome.RELEASED, publication=7, by="anna", why="looked at it")
    (found,) = journal.outbox.incidents(PRODUCT)
    assert found.closed is None
    assert found.seconds_to_repair is None
    journal.decide(attempt, "b", Outcome.DISCARDED, by="anna", why="wrong file")
    (found,) = journal.outbox.incidents(PRODUCT)
    assert found.closed is not None
    assert found.repair["by"] == "anna"
    assert found.repair["why"] == "wrong file"
    assert found.began == NOON, "when the attempt began"
    assert journal.outbox.incidents(PRODUCT, unclosed=True) == []
    kinds = [each.event.kind for each in journal.outbox.alerts(10)]
    assert kinds == [EventKind.SETTLED, EventKind.QUARANTINED]


def test_a_newer_attempt_that_passes_closes_the_incident(journal, make):
    quarantine(journal, make, "a")
    make.finished(journal, make.decision("a"))
    (found,) = journal.outbox.incidents(PRODUCT)
    assert found.closed is not None
    assert found.repair["outcome"] == "superseded"


def test_the_same_event_recorded_twice_is_one(journal):
    assert len(journal.outbox.put([event("a"), event("a"), event("b")])) == 2
    assert journal.outbox.put([event("a")]) == []
    assert journal.outbox.unknown([event("a"), event("b"), event("c")]) == [event("c")]
    assert [each.event.key for each in journal.outbox.alerts(10)] == ["b", "a"]


def test_each_recipient_is_told_once_of_an_event(journal):
    journal.outbox.put([event("a")])
    assert journal.outbox.route(lambda _: [ANNA, TEAM, ANNA]) == 1
    assert journal.outbox.route(lambda _: [ANNA]) == 0
    claims = claimed(journal)
    assert sorted(each.recipient for each in claims) == sorted([ANNA, TEAM])
    assert claimed(journal) == [], "they are leased"
    journal.outbox.end([Ended(each.id, each.tries) for each in claims])
    assert claimed(journal) == []
    (alert,) = journal.outbox.alerts(10)
    assert {each.state for each in alert.told} == {"delivered"}


def test_of_one_product_the_next_waits_until_the_one_before_has_arrived(journal):
    journal.outbox.put([event("a"), event("b"), event("other", subject="flights/other/v1")])
    journal.outbox.route(lambda _: [ANNA])
    first, other = claimed(journal)
    assert [each.key for each in (*first.events, *other.events)] == ["a", "other"]
    assert claimed(journal) == []
    journal.outbox.end([Ended(first.id, first.tries)])
    (second,) = claimed(journal)
    assert [each.key for each in second.events] == ["b"]


def test_a_failed_message_is_the_same_at_its_next_try_and_keeps_its_place(journal):
    journal.outbox.put([event("a"), event("b")])
    journal.outbox.route(lambda _: [ANNA])
    (first,) = claimed(journal)
    journal.outbox.end([Ended(first.id, first.tries, "HTTP 503", clock.wall())])
    (again,) = claimed(journal)
    assert (again.id, again.tries, again.events) == (first.id, 2, first.events)
    later = clock.wall() + timedelta(hours=1)
    journal.outbox.end([Ended(again.id, again.tries, "HTTP 503", later)])
    assert claimed(journal) == []
    (waiting, _) = reversed(journal.outbox.alerts(10))
    assert waiting.told[0].error == "HTTP 503"


def test_a_lease_that_ran_out_is_taken_by_the_next_sender(journal):
    journal.outbox.put([event("a")])
    journal.outbox.route(lambda _: [ANNA])
    (dead,) = claimed(journal, lease=0.0)
    (taken,) = claimed(journal)
    assert taken.id == dead.id
    journal.outbox.end([Ended(dead.id, dead.tries, "too late", None)])
    assert journal.outbox.health().dead == 0, "whoever has it now decides"
    journal.outbox.end([Ended(taken.id, taken.tries)])
    assert claimed(journal) == []


def test_a_dead_letter_lets_the_next_pass_and_can_be_tried_again(journal):
    journal.outbox.put([event("a"), event("b")])
    journal.outbox.route(lambda _: [ANNA])
    (first,) = claimed(journal)
    journal.outbox.end([Ended(first.id, first.tries, "HTTP 404", None)])
    (second,) = claimed(journal)
    assert [each.key for each in second.events] == ["b"]
    journal.outbox.end([Ended(second.id, second.tries)])
    assert [each.event.key for each in journal.outbox.alerts(10, dead=True)] == ["a"]
    assert journal.outbox.try_again() == 1
    (again,) = claimed(journal)
    assert again.id == first.id


def test_what_was_handed_back_is_taken_again_as_if_it_had_not_been_tried(journal):
    journal.outbox.put([event("a")])
    journal.outbox.route(lambda _: [ANNA])
    (first,) = claimed(journal)
    journal.outbox.hand_back([first.id])
    (again,) = claimed(journal)
    assert (again.id, again.tries) == (first.id, 1)


def test_channels_that_are_left_alone_keep_their_messages(journal):
    journal.outbox.put([event("a")])
    journal.outbox.route(lambda _: [ANNA, TEAM])
    (only,) = claimed(journal, without={"mail"})
    assert only.recipient == TEAM


def test_an_incident_knows_when_the_first_of_all_was_told(journal, make):
    quarantine(journal, make, "a")
    journal.outbox.route(lambda _: [ANNA])
    (found,) = journal.outbox.incidents()
    assert found.notified is None
    (claim,) = claimed(journal)
    journal.outbox.end([Ended(claim.id, claim.tries)])
    (found,) = journal.outbox.incidents()
    assert found.seconds_to_notify is not None
    assert 0 <= found.seconds_to_notify < 60
    assert [(each.channel, each.to, each.state) for each in found.told] == [
        ("mail", "anna@x.example", "delivered")
    ]


def test_signs_of_life_are_the_last_of_each_part(journal):
    journal.outbox.beat("drain", 30)
    journal.outbox.beat("drain", 30, "the webhook is down")
    journal.outbox.beat("sensor", 30)
    found = journal.outbox.health().heartbeats
    assert [(each.name, each.error) for each in found] == [
        ("drain", "the webhook is down"),
        ("sensor", None),
    ]


@pytest.mark.parametrize("field", ["details", "affects"])
def test_no_field_of_an_event_is_lost(url, domain, field):
    written = event(
        "a",
        details={"a": [1, None, {"b": "ü"}]},
        objective="freshness",
        cause="weather/observations/v1",
        affects=("journeys/delay_risk/v1",),
    )
    with open_journal(url, domain) as journal:
        journal.outbox.put([written])
    with open_journal(url, domain) as journal:
        (read,) = journal.outbox.alerts(10)
    assert getattr(read.event, field) == getattr(written, field)
    assert read.event.root == "weather/observations/v1"


def test_what_was_composed_in_the_future_is_tried_now(journal):
    journal.outbox.put([event("a")])
    journal.outbox.route(lambda _: [ANNA])
    (first,) = claimed(journal)
    assert claimed(journal) == [], "it is leased"
    ahead = {"composed": clock.wall() + timedelta(days=366), "due": clock.wall() + timedelta(366)}
    with journal._database.writing() as connection:
        connection.execute(sa.update(messages).values(ahead))
    (again,) = claimed(journal)
    assert again.id == first.id
