"""The past of products is told in one query, for any moment, whatever was recorded later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from mesh_dagster.clock import frozen, new_id
from mesh_dagster.journal.journal import Journal
from mesh_dagster.journal.past import Asked, Past
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.snapshot import (
    Decision,
    InputRead,
    Outcome,
    PortState,
    Publication,
    PublicationKind,
)

START = datetime(2013, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _publish(
    journal: Journal,
    product: str,
    number: int,
    at: datetime,
    partition: str | None,
    *,
    fact: datetime | None = None,
    outcome: Outcome = Outcome.PUBLISHED,
    missing: int | None = None,
    reads: bool = False,
) -> str:
    attempt = new_id()
    held = outcome is Outcome.QUARANTINED
    results = [] if missing is None else [_expected(missing)]
    decision = Decision(
        partition, outcome, 10, tuple(results), fact, fact, None if held else number
    )
    state = {"": PortState("m.json", 1, 10)}
    kind = PublicationKind.MATERIALIZATION
    asked = None if partition is None else (partition,)
    told = Publication(number, f"{product}{number}", None, at, attempt, kind, state, asked)
    with frozen(at + timedelta(seconds=5)):
        journal.begin(product, attempt, started_at=at, partitions=asked)
        journal.finish(
            attempt,
            [decision],
            reads=[InputRead("rows", "source:rows")] if reads else (),
            publication=None if held else told,
        )
    return attempt


def _expected(missing: int) -> RuleResult:
    verdict = Verdict.WARNED if missing else Verdict.PASSED
    return RuleResult(
        "rows", "expected_rows", verdict, Severity.WARNING, "rows", checked=72, failed=missing
    )


def _past(journal: Journal, until: datetime = START + 30 * DAY, **asked: Asked) -> list[Past]:
    return list(journal.past({f"d/{name}/v1": each for name, each in asked.items()}, until))


def test_each_product_has_its_own_changes_in_the_order_of_time(journal: Journal) -> None:
    _publish(journal, "d/b/v1", 1, START + DAY, "2013-11-01", fact=START)
    _publish(journal, "d/a/v1", 2, START + 2 * DAY, "2013-10-01", fact=START + DAY)
    _publish(journal, "d/a/v1", 1, START + DAY, "2013-11-01", fact=START)
    a, none, b = _past(journal, a=Asked(LONG_AGO), none=Asked(LONG_AGO), b=Asked(LONG_AGO))
    assert (a.product, a.born) == ("d/a/v1", START + DAY)
    assert list(a.changes.at) == [START + DAY, START + 2 * DAY]
    assert list(a.changes.fact) == [START, START + DAY]
    assert list(a.changes.number) == [1, 2]
    assert (none.born, none.changes.at) == (None, ())
    assert list(b.changes.partition) == ["2013-11-01"]


def test_a_past_moment_knows_nothing_of_what_came_later(journal: Journal) -> None:
    for day in range(1, 6):
        _publish(journal, "d/a/v1", day, START + day * DAY, f"2013-11-0{day}", fact=START)
    before = _past(journal, START + 3 * DAY, a=Asked(LONG_AGO))
    assert len(before[0].changes.at) == 3
    _publish(journal, "d/a/v1", 6, START + 6 * DAY, "2013-11-01", fact=START)
    assert _past(journal, START + 3 * DAY, a=Asked(LONG_AGO)) == before


def test_the_newest_publication_until_then_is_told_however_old_it_is(journal: Journal) -> None:
    for day in range(1, 4):
        _publish(journal, "d/a/v1", day, START + day * DAY, f"2013-11-0{day}", fact=START)
    for until, changed in ((60 * DAY, 3), (3 * DAY, 3), (2 * DAY, 2)):
        (found,) = _past(journal, START + until, a=Asked(START + 50 * DAY))
        assert (found.born, found.changed) == (START + DAY, START + changed * DAY)
        assert found.changes.at == ()
    (found,) = _past(journal, START, a=Asked(LONG_AGO))
    assert (found.born, found.changed) == (START + DAY, None)


def test_what_is_older_is_left_out_unless_its_facts_are_newer(journal: Journal) -> None:
    _publish(journal, "d/a/v1", 1, START, "2013-10-01", fact=START)
    _publish(journal, "d/a/v1", 2, START + DAY, "2014-01-01", fact=START + 60 * DAY)
    _publish(journal, "d/a/v1", 3, START + 2 * DAY, "2014-01-02", fact=START + 61 * DAY)
    _publish(journal, "d/a/v1", 4, START + 3 * DAY, "2014-01-02", fact=START)
    _publish(journal, "d/a/v1", 5, START + 9 * DAY, "2013-10-02", fact=START)
    (found,) = _past(journal, a=Asked(START + 5 * DAY))
    assert list(found.changes.number) == [2, 5]
    assert found.born == START


def test_what_waits_and_what_rules_said_are_told(journal: Journal) -> None:
    _publish(journal, "d/a/v1", 1, START, "2013-11-01", fact=START, missing=4, reads=True)
    _publish(
        journal, "d/a/v1", 2, START + DAY, "2013-11-02", outcome=Outcome.QUARANTINED, missing=0
    )
    (found,) = _past(journal, a=Asked(LONG_AGO, ("expected_rows",), lineage=True))
    assert list(found.changes.outcome) == ["published", "quarantined"]
    assert list(map(bool, found.changes.known)) == [True, False]
    assert list(found.changes.number) == [1, None]
    assert [(each.partition, each.held, each.checked, each.failed) for each in found.answers] == [
        ("2013-11-01", False, 72, 4),
        ("2013-11-02", True, 72, 0),
    ]
    assert found.answers[0].at == START


def test_what_rules_counted_row_by_row_is_added_up_for_each_audit(journal: Journal) -> None:
    def said(rule: str, checked: int | None, failed: int | None, **rest: object) -> RuleResult:
        given = {"kind": "range", "severity": Severity.ERROR, "message": rule} | rest
        verdict = Verdict.FAILED if failed else Verdict.PASSED
        return RuleResult(rule=rule, verdict=verdict, checked=checked, failed=failed, **given)

    audits = {
        "a": (said("r", 10, 3), said("u", 10, 1, kind="unique"), said("r2", 10, 0)),
        "b": (said("r", 20, 0), said("r2", None, None), said("r", 7, 2, port="late")),
        "c": (
            said("w", 10, 9, severity=Severity.WARNING),
            said("n", 1, 1, kind="row_count"),
        ),
    }
    attempt = new_id()
    journal.begin("d/p/v1", attempt, started_at=START)
    found = [Decision(key, Outcome.QUARANTINED, 10, said) for key, said in audits.items()]
    with frozen(START):
        journal.finish(attempt, found)
    journal.begin("d/other/v1", new_id(), started_at=START)
    asked = {
        "d/other/v1": Asked(LONG_AGO, rows=("range", "unique")),
        "d/p/v1": Asked(LONG_AGO, rows=("range", "unique")),
    }
    _, past = journal.past(asked, START + DAY)
    assert sorted(each[0:1] + each[3:] for each in past.answers) == [
        ("a", "", "rows", False, 30, 4),
        ("b", "", "rows", True, 20, 0),
        ("b", "late", "rows", False, 7, 2),
    ]
    assert {each.at for each in past.answers} == {START}


def test_what_the_whole_port_showed_before_is_told_however_old(journal: Journal) -> None:
    for number, at in enumerate((START, START + DAY, START + 9 * DAY), 1):
        _publish(journal, "d/a/v1", number, at, None, fact=START)
    (found,) = _past(journal, a=Asked(START + 5 * DAY))
    assert list(found.changes.number) == [2, 3]


def test_what_has_waited_since_before_is_told_until_it_is_settled(journal: Journal) -> None:
    held = _publish(journal, "d/a/v1", 1, START, "2013-10-01", outcome=Outcome.QUARANTINED)
    (found,) = _past(journal, a=Asked(START + 9 * DAY))
    assert list(found.changes.attempt) == [held]
    with frozen(START + 10 * DAY):
        journal.decide(held, "2013-10-01", Outcome.DISCARDED)
    (found,) = _past(journal, a=Asked(START + 9 * DAY))
    assert list(found.changes.outcome) == ["quarantined", "discarded"]
    (found,) = _past(journal, a=Asked(START + 11 * DAY))
    assert found.changes.at == ()


def test_what_a_rollback_shows_again_is_of_known_origin(journal: Journal) -> None:
    _publish(journal, "d/a/v1", 1, START, "2013-10-01", fact=START, reads=True)
    _publish(journal, "d/a/v1", 2, START + DAY, "2013-10-01", fact=START)
    ports = {"": PortState("m.json", 1, 10)}
    kind = PublicationKind.ROLLBACK
    back = Publication(3, new_id(), None, START + 2 * DAY, new_id(), kind, ports, None)
    with frozen(START + 2 * DAY):
        journal.record_publication("d/a/v1", back)
    (found,) = _past(journal, a=Asked(LONG_AGO, lineage=True))
    assert list(map(bool, found.changes.known)) == [True, False, True]


@pytest.mark.parametrize("count", [1, 40])
def test_however_many_products_are_asked_for_it_is_the_same_few_queries(
    journal: Journal, count: int
) -> None:
    asked = {f"d/p{n}/v1": Asked(LONG_AGO, ("expected_rows",)) for n in range(count)}
    engine = journal._database._engine
    said: list[str] = []

    def listen(connection, cursor, statement, *_) -> None:
        said.append(statement)

    sa.event.listen(engine, "before_cursor_execute", listen)
    assert len(list(journal.past(asked, START))) == count
    assert len([each for each in said if "asked" in each]) == 3
