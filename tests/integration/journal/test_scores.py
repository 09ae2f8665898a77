"""What the ledger saw of products, for all of them at once, and what they scored over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mesh_dagster.journal.journal import Journal
from mesh_dagster.journal.seen import Broken, Seen
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.model.snapshot import InputRead, Outcome, PublicationKind

PRODUCT = "flights/departures/v1"
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)
OTHER = "flights/arrivals/v1"


def told(overall: int, rules: str = "1") -> ScoreTold:
    return ScoreTold(rules, overall, {"secure": overall})


def nothing(*_: object) -> None:
    return None


def test_what_was_never_tried_is_not_seen(journal: Journal) -> None:
    assert journal.scores.seen([PRODUCT]) == {PRODUCT: Seen()}


def test_the_newest_publication_is_seen_with_its_ports(journal: Journal, make) -> None:
    for number in (1, 2):
        attempt = make.begun(journal)
        journal.finish(
            attempt,
            [make.decision(None, publication=number)],
            reads=[InputRead("file", "source:x/y", None, None, None)],
            publication=make.publication(number, attempt),
        )
    seen = journal.scores.seen([PRODUCT])[PRODUCT]
    assert (seen.number, seen.at, seen.ports) == (2, NOON + timedelta(minutes=2), {""})
    assert seen.arrived
    assert seen.summary is not None
    assert seen.broken == ()


def test_a_publication_whose_reads_nobody_recorded_has_no_lineage(journal: Journal, make) -> None:
    attempt = make.begun(journal)
    journal.finish(
        attempt, [make.decision(None, publication=1)], publication=make.publication(1, attempt)
    )
    assert not journal.scores.seen([PRODUCT])[PRODUCT].arrived
    back = make.publication(2, attempt, kind=PublicationKind.ROLLBACK)
    journal.record_publication(PRODUCT, back, ())
    assert journal.scores.seen([PRODUCT])[PRODUCT].arrived


def test_a_rule_that_many_partitions_break_is_seen_once_and_the_worst_first(
    journal: Journal, make
) -> None:
    warns = make.result("a", Verdict.WARNED, severity=Severity.WARNING, where="c.yaml:3")
    fails = make.result("b", Verdict.FAILED, where="c.yaml:9", port="late")
    holds = make.result("c")
    make.finished(
        journal,
        make.decision("2013-11-01", Outcome.QUARANTINED, results=(warns, fails, holds)),
        make.decision("2013-11-02", Outcome.QUARANTINED, results=(warns, fails, holds)),
        make.decision("2013-11-03", results=(warns, holds)),
    )
    make.finished(journal, make.decision(None), product=OTHER)
    seen = journal.scores.seen([PRODUCT, OTHER])
    assert seen[PRODUCT].broken == (
        Broken("b", "required", "late", True, "c.yaml:9"),
        Broken("a", "required", "", False, "c.yaml:3"),
    )
    assert seen[OTHER].broken == ()


def test_what_an_owner_let_pass_blocks_no_more(journal: Journal, make) -> None:
    let = make.result("b", Verdict.FAILED, waived_by="ann@nycair.example")
    make.finished(journal, make.decision(None, results=(let,)))
    (broken,) = journal.scores.seen([PRODUCT])[PRODUCT].broken
    assert not broken.blocks


def test_a_thousand_products_take_as_many_statements_as_one(journal: Journal, make) -> None:
    names = [f"flights/p{number}/v1" for number in range(20)]
    for name in names:
        attempt = make.begun(journal, name)
        journal.finish(
            attempt, [make.decision(None, publication=1)], publication=make.publication(1, attempt)
        )
    journal.scores.record({name: told(80) for name in names}, NOON, nothing)
    found: list[str] = []

    def count(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            found.append(statement)

    engine = journal._database._engine
    sa.event.listen(engine, "before_cursor_execute", count)
    counts = []
    for some in (names[:1], names[:10], names, [*names, *(f"x{n}" for n in range(1000))]):
        found.clear()
        seen = journal.scores.seen(some)
        journal.scores.trends("1", NOON)
        counts.append(len(found))
        assert sum(each.number == 1 for each in seen.values()) == len(set(some) & set(names))
    sa.event.remove(engine, "before_cursor_execute", count)
    assert len(set(counts)) == 1
    assert counts[0] <= 5


def test_a_score_is_kept_when_it_is_another(journal: Journal) -> None:
    for minute, overall in enumerate((70, 70, 80, 80, 75)):
        at = NOON + timedelta(minutes=minute)
        journal.scores.record({PRODUCT: told(overall), OTHER: told(50)}, at, nothing)
    kept = journal.scores.history(PRODUCT)
    assert [each.score.overall for each in kept] == [75, 80, 70]
    assert kept[0].at == NOON + timedelta(minutes=4)
    assert len(journal.scores.history(OTHER)) == 1
    assert len(journal.scores.history(PRODUCT, 2)) == 2


def test_a_trend_is_of_what_stood_then_or_of_the_first_after_it(journal: Journal) -> None:
    for day, overall in enumerate((10, 20, 30)):
        journal.scores.record({PRODUCT: told(overall)}, NOON + timedelta(days=day), nothing)
    journal.scores.record({OTHER: told(40)}, NOON + timedelta(days=2), nothing)
    trends = journal.scores.trends("1", NOON + timedelta(days=1, hours=1))
    assert trends[PRODUCT].before.overall == 20
    assert trends[OTHER].before.overall == 40
    assert journal.scores.trends("1", NOON - timedelta(days=1))[PRODUCT].before.overall == 10


def test_a_new_rule_set_begins_a_new_history(journal: Journal) -> None:
    falls = []

    def fallen(product: str, peak: int, before: ScoreTold, now: ScoreTold) -> None:
        falls.append((peak, before.overall, now.overall))

    journal.scores.record({PRODUCT: told(90)}, NOON, fallen)
    journal.scores.record({PRODUCT: told(40, "2")}, NOON + timedelta(days=1), fallen)
    assert falls == []
    assert journal.scores.trends("2", NOON + timedelta(days=2))[PRODUCT].before.overall == 40
    journal.scores.record({PRODUCT: told(30, "2")}, NOON + timedelta(days=3), fallen)
    assert falls == [(40, 40, 30)]


def test_a_fall_is_told_against_the_best_since_the_last_that_was_told(journal: Journal) -> None:
    def fallen(product: str, peak: int, before: ScoreTold, now: ScoreTold) -> Event | None:
        if peak - now.overall < 10:
            return None
        key = f"fell:{product}:{now.overall}"
        return Event(EventKind.SCORE_FELL, product, NOON, key, f"{peak} to {now.overall}")

    said = []
    for minute, overall in enumerate((90, 86, 82, 79, 75, 70, 95, 84)):
        at = NOON + timedelta(minutes=minute)
        said += journal.scores.record({PRODUCT: told(overall)}, at, fallen)
    assert [each.summary for each in said] == ["90 to 79", "95 to 84"]
    alerts = journal.outbox.alerts(10)
    assert {each.event.kind for each in alerts} == {EventKind.SCORE_FELL}
    assert len(alerts) == 2
