"""One line a product, however long its history is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mesh_dagster.journal import Summary, glance
from mesh_dagster.journal.database import Database
from mesh_dagster.journal.summary import SQL
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.snapshot import Outcome

PRODUCT = "weather/observations/v1"
EVENT = datetime(2013, 11, 2, 23, tzinfo=UTC)


def test_it_counts_what_is_shown_and_what_the_newest_audits_said(journal, make):
    passed, warned = make.result("a"), make.result("b", Verdict.WARNED, severity=Severity.WARNING)
    failed, error = make.result("c", Verdict.FAILED), make.result("d", Verdict.ERROR)
    unevaluated = make.result("e", Verdict.ERROR, severity=Severity.WARNING)
    make.finished(
        journal,
        make.decision("1", rows=5, results=(passed, warned), publication=1, event_max=EVENT),
        make.decision("2", rows=7, results=(passed, passed, unevaluated), publication=1),
        make.decision("3", Outcome.QUARANTINED, rows=9, results=(passed, failed, error)),
        product=PRODUCT,
    )
    assert journal.summary() == [
        Summary(
            PRODUCT,
            partitions=2,
            rows=12,
            publication=1,
            newest_event=EVENT,
            passed=4,
            warned=2,
            failed=2,
            quarantined=1,
        )
    ]


def test_a_quarantine_leaves_the_published_rows_and_shows_its_failures(journal, make):
    make.finished(journal, make.decision("1", rows=5, publication=1, results=(make.result("a"),)))
    failed = (make.result("a", Verdict.FAILED),)
    make.finished(journal, make.decision("1", Outcome.QUARANTINED, rows=9, results=failed))
    (line,) = journal.summary()
    assert (line.partitions, line.rows, line.quarantined) == (1, 5, 1)
    assert (line.passed, line.failed) == (0, 1)


def test_what_was_discarded_or_superseded_counts_no_more(journal, make):
    failed = (make.result("a", Verdict.FAILED),)
    passed = (make.result("a"),)
    make.finished(journal, make.decision("1", rows=5, publication=1, results=passed))
    attempt = make.finished(journal, make.decision("1", Outcome.QUARANTINED, results=failed))
    make.finished(journal, make.decision("1", Outcome.SUPERSEDED, results=failed))
    journal.decide(attempt, "1", Outcome.DISCARDED)
    (line,) = journal.summary()
    assert (line.partitions, line.rows, line.quarantined) == (1, 5, 0)
    assert (line.passed, line.failed) == (1, 0)


def test_the_later_publication_is_shown_whichever_was_recorded_first(journal, make):
    older, newer = make.begun(journal), make.begun(journal)
    journal.finish(newer, [make.decision("1", rows=2, publication=8)])
    journal.finish(older, [make.decision("1", rows=1, publication=7)])
    (line,) = journal.summary()
    assert (line.partitions, line.rows, line.publication) == (1, 2, 8)


def test_products_are_apart_and_can_be_named(journal, make):
    for product in ("b/b/v1", "a/a/v1", "a/a/v2"):
        make.finished(journal, make.decision(None, publication=1), product=product)
    assert [line.product for line in journal.summary()] == ["a/a/v1", "a/a/v2", "b/b/v1"]
    assert [line.product for line in journal.summary(["a/a/v2"])] == ["a/a/v2"]
    assert journal.summary([]) == []


def test_a_glance_says_the_same(journal, make, url, domain):
    make.finished(journal, make.decision("1", publication=1, event_max=EVENT))
    assert glance(url, domain) == journal.summary()
    assert glance(url, domain, ["a/b/v1"]) == []


def test_last_results_are_of_the_newest_audit_that_counts(journal, make):
    for rule in ("old", "new"):
        make.finished(
            journal,
            make.decision("1", results=(make.result(rule, partition="1"),)),
            make.decision("2", results=(make.result(rule, partition="2"),)),
        )
    make.finished(
        journal, make.decision("2", Outcome.SUPERSEDED, results=(make.result("superseded"),))
    )
    found = journal.last_results("flights/departures/v1")
    assert [(result.rule, result.partition) for result in found] == [("new", "1"), ("new", "2")]
    assert [each.partition for each in journal.last_results("flights/departures/v1", "2")] == ["2"]
    assert journal.last_results("flights/departures/v1", "3") == ()


def test_of_a_long_history_a_summary_reads_what_stands(journal, make, url, domain):
    results = tuple(make.result(f"rule {i}") for i in range(4))
    keys = [f"{hour:05}" for hour in range(1000)]
    for run in range(10):
        decisions = [
            make.decision(
                key,
                results=results if run == 9 else (),
                publication=run + 1,
                event_max=EVENT + timedelta(hours=int(key)),
            )
            for key in keys
        ]
        journal.finish(make.begun(journal, "weather/hourly/v1"), decisions)

    (line,) = journal.summary()
    assert (line.partitions, line.rows, line.passed) == (1000, 10_000, 4000)
    assert line.newest_event == EVENT + timedelta(hours=999)
    assert "decisions_standing" in plan_of_a_summary(url, domain)


def plan_of_a_summary(url, domain):
    """How the database finds its rows, where it may choose an index."""
    database = Database(url, domain)
    asked = SQL.format(decisions=database.quoted("decisions"))
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.reading() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(sa.text(f"{explain} {asked}")).all()
    database.close()
    return str(plan)
