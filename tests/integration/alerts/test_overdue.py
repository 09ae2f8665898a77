"""What waits too long in the inbox of owners is told them once, of whatever kind it is."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from mesh_dagster import clock
from mesh_dagster.alerts.text import message_from
from mesh_dagster.journal.letters import Claim
from mesh_dagster.model.event import EventKind
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.message import Recipient
from mesh_dagster.model.review import Action, Ruling
from mesh_dagster.model.snapshot import Decision, Outcome
from mesh_dagster.products.deciding.reviewing import reviews_in
from mesh_dagster.products.keeping.overdue import overdue

SALES = "shop/sales/v1"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PATIENCE = 2 * DAY
OWNER = Identity("owner@example.org", "os", True)
WARNED = RuleResult("some", "row_count", Verdict.WARNED, Severity.WARNING, "1 row, not 2")
FAILED = RuleResult("n_required", "required", Verdict.FAILED, Severity.ERROR, "n is null")


@pytest.fixture
def made(world):
    """Records an attempt of the whole product at a moment, with the results of its audit."""

    def record(at, *results, outcome=Outcome.PUBLISHED):
        with world.mesh.journal("shop") as journal, clock.frozen(at):
            attempt = clock.new_id()
            journal.begin(SALES, attempt, started_at=at)
            journal.finish(attempt, [Decision(None, outcome, 1, results=results)])

    return record


@pytest.fixture
def told(world):
    """What is told at a moment that was not told before."""

    def look(at):
        mesh = world.mesh
        (domain,) = [each for each in mesh.domains if each.name == "shop"]
        with mesh.journal("shop") as journal, clock.frozen(at):
            return journal.outbox.put(overdue(mesh, domain, journal, PATIENCE))

    return look


@pytest.fixture
def decided(world):
    """Records a decision on the one thing that waits."""

    def record(at, action, until=None, rules=()):
        with world.mesh.journal("shop") as journal, clock.frozen(at):
            (review,) = [each for each in reviews_in(journal) if each.is_open]
            journal.reviews.put(
                Ruling(
                    clock.new_id(),
                    review.id,
                    SALES,
                    action,
                    OWNER,
                    "known",
                    at,
                    until,
                    review.covers,
                    rules,
                )
            )

    return record


def test_a_rule_that_does_not_hold_in_what_is_published_is_told_once(made, told):
    made(START, WARNED)
    assert told(START + PATIENCE - timedelta(seconds=1)) == []
    (event,) = told(START + PATIENCE)
    assert event.kind is EventKind.REVIEW_OVERDUE
    assert event.summary == (
        "shop/sales/v1: is published although a rule does not hold since 2026-11-01 12:00 UTC, "
        "and nobody has decided: 1 row, not 2"
    )
    assert event.details["waits"] == "check"
    assert told(START + 9 * DAY) == []


def test_what_each_new_publication_breaks_again_waits_since_the_first(made, told):
    for day in range(4):
        made(START + day * DAY, WARNED)
        found = told(START + day * DAY)
        assert len(found) == (day == 2), day


def test_what_held_in_between_waits_anew(made, told):
    made(START, WARNED)
    assert len(told(START + 2 * DAY)) == 1
    made(START + 3 * DAY)
    assert told(START + 3 * DAY) == []
    made(START + 4 * DAY, WARNED)
    assert told(START + 5 * DAY) == []
    assert len(told(START + 6 * DAY)) == 1


def test_what_was_acknowledged_for_a_while_is_told_when_that_is_over(made, told, decided):
    made(START, WARNED)
    assert len(told(START + 2 * DAY)) == 1
    decided(START + 3 * DAY, Action.ACKNOWLEDGE, START + 10 * DAY, (("", "some"),))
    assert told(START + 9 * DAY) == []
    assert told(START + 11 * DAY) == []
    assert len(told(START + 12 * DAY)) == 1
    assert told(START + 13 * DAY) == []


def test_a_quarantine_and_a_breach_are_told(world, made, told, event):
    made(START, FAILED, outcome=Outcome.QUARANTINED)
    world.put(
        event("a", at=START, objective="freshness", incident="slo:a", began=START),
    )
    assert told(START + DAY) == []
    found = told(START + 2 * DAY)
    assert {each.details["waits"] for each in found} == {"quarantine", "breach"}
    assert len({each.topic for each in found}) == 2
    assert told(START + 3 * DAY) == []


def test_a_waiver_is_told_before_it_ends_and_when_it_has(made, told, decided):
    made(START, WARNED)
    decided(START, Action.WAIVE, START + 30 * DAY, (("", "some"),))
    assert told(START + 24 * DAY) == []
    (before,) = told(START + 25 * DAY)
    assert "the waiver of some ends at 2026-12-01 12:00 UTC" in before.summary
    assert told(START + 29 * DAY) == []
    (after,) = told(START + 30 * DAY)
    assert "the waiver of some by owner@example.org ended at 2026-12-01 12:00 UTC" in after.summary
    assert "1 row, not 2" in after.summary
    assert told(START + 31 * DAY) == []


def test_however_patient_an_owner_is_a_waiver_is_told_before_its_end(world, made, decided):
    made(START, WARNED)
    decided(START, Action.WAIVE, START + 30 * DAY, (("", "some"),))
    mesh = world.mesh
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    with mesh.journal("shop") as journal:
        for day, number in ((28, 0), (29, 1)):
            with clock.frozen(START + day * DAY):
                assert len(overdue(mesh, domain, journal, 365 * DAY)) == number


def test_a_waiver_that_has_ended_is_not_told_where_its_rule_holds(made, told, decided):
    made(START, WARNED)
    decided(START, Action.WAIVE, START + 30 * DAY, (("", "some"),))
    assert len(told(START + 25 * DAY)) == 1
    made(START + 26 * DAY)
    assert told(START + 30 * DAY) == []


def test_nothing_waits_of_a_product_that_was_removed(world, made, told):
    made(START, WARNED)
    (folder,) = world.root.glob("domains/shop/**/defs/sales*")
    shutil.rmtree(folder)
    assert told(START + 9 * DAY) == []


def test_the_message_says_which_command_shows_what_waits(world, hook, made):
    world.hooked(reviewWithin="2d")
    made(START, WARNED)
    with clock.frozen(START + 3 * DAY):
        world.tell()
    with world.mesh.journal("shop") as journal, clock.frozen(START + 3 * DAY):
        (review,) = reviews_in(journal)
    assert [each["kind"] for each in hook.alerts()] == ["review overdue"]
    assert hook.alerts()[0]["details"]["review"] == review.id
    (alert,) = world.alerts()
    claim = Claim("m", Recipient("hook", "shop"), 1, START, (alert.event,))
    assert f"look: mesh review show {review.id}" in message_from(claim).text
