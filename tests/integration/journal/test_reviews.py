"""The ledger's part in decisions: one is first, none is lost, what it did is recorded with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mesh_dagster.clock import new_id
from mesh_dagster.errors import JournalError
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import Action, Ruling, RulingState
from mesh_dagster.model.snapshot import Outcome

NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)
PRODUCT = "flights/departures/v1"
WHO = Identity("owner@example.org", "aws", verified=True, detail="arn:aws:iam::1:user/o")


@pytest.fixture
def waiting(journal, make):
    """An attempt with a published and a quarantined partition, each with something to say."""
    bad = make.result("key", Verdict.FAILED, failed=3)
    warned = make.result("rows", Verdict.WARNED, severity=Severity.WARNING)
    return make.finished(
        journal,
        make.decision("a", results=(warned, make.result("other"))),
        make.decision("b", Outcome.QUARANTINED, results=(bad, make.result("other"))),
        make.decision("c", results=(make.result("other"),)),
    )


def _ruling(attempt, **rest):
    given = {
        "id": new_id(),
        "review": "00000001-aaaaaa",
        "product": PRODUCT,
        "action": Action.RELEASE,
        "by": WHO,
        "why": "so",
        "at": NOON,
        "covers": ((attempt, "b"),),
        "rules": (("", "key"),),
        "revision": 0,
        "state": RulingState.BEGUN,
    }
    return Ruling(**(given | rest))


def test_what_stands_is_what_waits_and_what_does_not_hold(journal, waiting):
    found = journal.reviews.seen()[0]
    assert [(each.partition, each.outcome) for each in found] == [
        ("a", Outcome.PUBLISHED),
        ("b", Outcome.QUARANTINED),
    ]
    assert [[result.rule for result in each.results] for each in found] == [["rows"], ["key"]]
    assert found[1].results[0].failed == 3
    assert journal.reviews.seen("flights/other/v1")[0] == []


def test_a_newer_audit_that_holds_leaves_nothing_to_say(journal, make, waiting):
    make.finished(journal, make.decision("a"), make.decision("b"))
    assert journal.reviews.seen()[0] == []


def test_a_decision_comes_back_as_it_was_recorded(journal, waiting):
    made = _ruling(waiting, until=NOON)
    journal.reviews.put(made)
    assert journal.reviews.rulings(PRODUCT) == [made]
    assert journal.reviews.rulings("flights/other/v1") == []


def test_a_second_decision_on_the_same_is_refused(journal, waiting):
    journal.reviews.put(_ruling(waiting))
    other = Identity("other@example.org", "os", verified=True)
    for review in ("00000001-aaaaaa", "00000001-bbbbbb"):
        second = _ruling(waiting, by=other, review=review, action=Action.DISCARD)
        with pytest.raises(JournalError, match=r"owner@example.org \(aws\) was first") as caught:
            journal.reviews.put(second)
        assert caught.value.code == "MESH-M045"
    assert len(journal.reviews.rulings()) == 1


def test_what_a_decision_did_and_that_it_ended_are_one_record(journal, make, waiting):
    made = _ruling(waiting)
    journal.reviews.put(made)
    publication = make.publication(7, waiting, ("b",))
    journal.decide(
        waiting,
        "b",
        Outcome.RELEASED,
        publication=publication,
        by=made.by.name,
        why=made.why,
        ruling=made.id,
    )
    (ended,) = journal.reviews.rulings()
    assert (ended.state, ended.outcome, ended.publication) == (
        RulingState.DONE,
        Outcome.RELEASED,
        7,
    )
    assert journal.publications(PRODUCT)[0].number == 7
    assert journal.quarantined() == []
    replayed = replace(made, id=new_id(), review="00000001-cccccc")
    with pytest.raises(JournalError, match=r"released by owner@example\.org since"):
        journal.reviews.put(replayed)


def test_a_decision_on_what_a_newer_attempt_published_ends_as_superseded(journal, make, waiting):
    made = _ruling(waiting)
    journal.reviews.put(made)
    make.finished(journal, make.decision("b"))
    decided = journal.decide(waiting, "b", Outcome.RELEASED, ruling=made.id)
    assert decided.outcome is Outcome.SUPERSEDED
    assert journal.reviews.rulings()[0].outcome is Outcome.SUPERSEDED


def test_a_failed_decision_may_be_made_again(journal, waiting):
    made = _ruling(waiting)
    journal.reviews.put(made)
    journal.reviews.fail(made.id, "StorageError: full")
    again = replace(made, id=new_id())
    journal.reviews.put(again)
    assert [each.state for each in journal.reviews.rulings()] == [
        RulingState.FAILED,
        RulingState.BEGUN,
    ]


def test_a_decision_of_a_living_process_is_not_taken_over(journal, waiting):
    made = _ruling(waiting)
    journal.reviews.put(made)
    assert journal.reviews.interrupted() == []
    assert not journal.reviews.take_over(made.id)


def test_a_decision_that_its_process_left_is_taken_over_once(journal, waiting):
    made = _ruling(waiting)
    journal.reviews.put(made)
    journal.reviews.leave(made.id)
    assert journal.reviews.interrupted() == [made]
    assert journal.reviews.take_over(made.id)
    assert journal.reviews.interrupted() == []
    assert not journal.reviews.take_over(made.id)


def test_a_decision_that_cannot_be_handed_back_is_taken_over_by_its_own_process(
    journal, waiting, monkeypatch
):
    def refuse(*_):
        raise JournalError("the database is locked")

    made = _ruling(waiting)
    journal.reviews.put(made)
    with monkeypatch.context() as patch:
        patch.setattr("mesh_dagster.journal.database.Database.writing", refuse)
        journal.reviews.leave(made.id)
        with pytest.raises(JournalError):
            journal.reviews.take_over(made.id)
    assert journal.reviews.interrupted() == [made]
    assert journal.reviews.take_over(made.id)
    assert not journal.reviews.take_over(made.id)


def test_a_decision_that_has_ended_is_not_handed_back(journal, waiting):
    made = _ruling(waiting)
    journal.reviews.put(made)
    journal.reviews.fail(made.id, "StorageError: full")
    journal.reviews.leave(made.id)
    assert journal.reviews.interrupted() == []
