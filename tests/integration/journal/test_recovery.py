"""What storage has and the journal has not is recorded after the fact."""

from __future__ import annotations

from dataclasses import replace

from mesh_dagster.clock import new_id
from mesh_dagster.model.snapshot import AttemptState, Outcome, PortState, PublicationKind

PRODUCT = "flights/departures/v1"


def test_a_lost_journal_is_rebuilt_from_publications(journal, make):
    history = [make.publication(n, new_id(), (f"2013-11-0{n}",)) for n in (1, 2, 3)]

    assert [journal.record_publication(PRODUCT, each) for each in history] == [True] * 3

    assert journal.publications(PRODUCT) == history[::-1]
    assert journal.publications(PRODUCT, limit=1) == history[2:]
    states = {attempt.state for attempt in journal.attempts(PRODUCT)}
    assert states == {AttemptState.FINISHED}
    (line,) = journal.summary()
    assert (line.partitions, line.publication) == (3, 3)


def test_recording_it_twice_changes_nothing(journal, make):
    publication = make.publication(1, new_id(), ("a",))
    journal.record_publication(PRODUCT, publication)
    before = journal.attempts(PRODUCT), journal.summary()
    assert not journal.record_publication(PRODUCT, publication)
    assert (journal.attempts(PRODUCT), journal.summary()) == before


def test_an_attempt_that_died_after_the_swap_gets_its_rows_from_its_manifest(journal, make):
    attempt = make.begun(journal)
    journal.staged(attempt, [make.staged(attempt, None, "a", "b", rows=7)])

    journal.record_publication(PRODUCT, make.publication(1, attempt, ("a", "b")))

    found = journal.attempt(attempt)
    assert found.state is AttemptState.FINISHED
    assert [(each.partition, each.rows) for each in found.decisions] == [("a", 7), ("b", 7)]
    assert journal.unfinished() == journal.running() == []


def test_decisions_that_are_known_are_taken_as_they_are(journal, make):
    attempt = make.begun(journal)
    decisions = (
        make.decision("a", results=(make.result("x"),), publication=1),
        make.decision("b", Outcome.QUARANTINED),
    )
    journal.record_publication(PRODUCT, make.publication(1, attempt, ("a",)), decisions)
    assert journal.attempt(attempt).decisions == decisions


def test_an_owner_that_was_alive_after_all_replaces_what_was_guessed(journal, make):
    attempt = make.begun(journal)
    publication = make.publication(1, attempt, ("a",))
    journal.record_publication(PRODUCT, publication)
    decision = make.decision("a", rows=12, results=(make.result("x"),), publication=1)

    journal.finish(attempt, [decision], publication=publication)

    assert journal.attempt(attempt).decisions == (decision,)
    assert journal.publications(PRODUCT) == [publication]


def test_a_release_that_died_after_the_swap_is_released(journal, make):
    attempt = make.finished(
        journal, make.decision("a", Outcome.QUARANTINED, results=(make.result("x"),))
    )
    release = make.publication(4, attempt, ("a",), kind=PublicationKind.REAUDIT)

    journal.record_publication(PRODUCT, release)

    (decision,) = journal.attempt(attempt).decisions
    assert (decision.outcome, decision.publication) == (Outcome.RELEASED, 4)
    assert decision.results == (make.result("x"),)
    assert journal.quarantined() == []


def test_a_publication_without_partitions_has_all_rows_of_its_ports(journal, make):
    ports = {"": PortState("m", 1, 16), "late": PortState("n", 2, 4)}
    journal.record_publication(PRODUCT, make.publication(1, new_id(), ports=ports))
    (line,) = journal.summary()
    assert (line.partitions, line.rows) == (1, 20)


def test_a_rollback_shows_again_what_was_shown_then(journal, make):
    days = {1: ("a", 10), 2: ("b", 20), 3: ("a", 30)}
    history = {}
    for number, (key, rows) in days.items():
        attempt = make.begun(journal)
        history[number] = make.publication(number, attempt, (key,))
        decision = make.decision(
            key, rows=rows, publication=number, results=(make.result(f"audit {number}"),)
        )
        journal.finish(attempt, [decision], publication=history[number])

    def back_to(number, as_number):
        ports = history[number].ports
        again = make.publication(as_number, new_id(), kind=PublicationKind.ROLLBACK, ports=ports)
        journal.record_publication(PRODUCT, again)
        return journal.summary()[0]

    line = back_to(1, as_number=4)
    assert (line.partitions, line.rows, line.publication) == (1, 10, 4)
    assert [each.rule for each in journal.last_results(PRODUCT)] == ["audit 1"]
    line = back_to(3, as_number=5)
    assert (line.partitions, line.rows, line.publication) == (2, 50, 5)
    attempt = make.begun(journal)
    journal.finish(attempt, [make.decision("b", rows=1, publication=6)])
    assert (journal.summary()[0].partitions, journal.summary()[0].rows) == (2, 31)


def test_a_rollback_to_what_the_journal_does_not_know_is_recorded_as_it_is(journal, make):
    rollback = make.publication(9, new_id(), kind=PublicationKind.ROLLBACK)
    assert journal.record_publication(PRODUCT, replace(rollback, previous="gone"))
    assert journal.summary()[0].rows == 10
