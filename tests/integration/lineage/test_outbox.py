"""What the journal keeps of run events: their order, their leases, and for how long."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster import clock
from mesh_dagster.journal import open_journal
from mesh_dagster.journal.deliveries import Tried
from mesh_dagster.model.run_event import RunEvent, RunState

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
STATES = list(RunState)
LEASE = 20.0


class Wall:
    """A wall clock that goes as its test says."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(clock, "wall", made)
    return made


@pytest.fixture
def small(tmp_path: Path):
    """A journal in a file."""
    with open_journal(tmp_path / "shop.db", "shop") as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def journal(request: pytest.FixtureRequest):
    """A journal wherever one may be."""
    if request.param == "sqlite":
        yield request.getfixturevalue("small")
        return
    url = request.getfixturevalue("postgresql")
    with open_journal(url, f"shop{uuid.uuid4().hex}") as opened:
        yield opened


def event(run: str, state: RunState, *sinks: str, publication: int | None = None) -> RunEvent:
    body = f"{run} {state}".encode()
    return RunEvent(run, state, "shop/sales/v1", NOON, body, sinks, publication)


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.just("take"), st.integers(1, 5)),
    st.tuples(st.just("end"), st.sampled_from(["ok", "again", "dead", "back"]), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, LEASE + 1])),
)
_names = itertools.count()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEPS, max_size=30))
def test_whatever_happens_no_event_overtakes_one_of_its_run_and_none_is_lost(small, wall, steps):
    journal, outbox = small, small.deliveries
    sink = f"sink {next(_names)}"
    recorded: dict[str, list[int]] = {}
    settled: set[int] = set()
    leased: dict[int, tuple[int, datetime]] = {}

    def took(found):
        for each in found:
            earlier = recorded[each.run][: recorded[each.run].index(each.event)]
            open_ = [e for e in earlier if e not in settled and e not in {f.event for f in found}]
            assert not open_, "it overtakes"
            assert each.event not in settled, "it goes again"
            if each.event in leased:
                assert leased[each.event][1] <= wall.now, "it is somebody else's"
            leased[each.event] = (each.tries, wall.now + timedelta(seconds=LEASE))

    for step in steps:
        match step:
            case ("put", run, state):
                name = f"{sink} {run}"
                new = event(name, STATES[state], sink)
                if outbox.body(new.key) is None:
                    outbox.put([new])
                    with journal._database.reading() as connection:
                        (number,) = connection.exec_driver_sql(
                            "select max(number) from run_events"
                        ).one()
                    recorded.setdefault(name, []).append(number)
            case ("take", limit):
                took(outbox.take(sink, lease=LEASE, limit=limit))
            case ("end", how, at) if leased:
                number = sorted(leased)[at % len(leased)]
                tries, _ = leased.pop(number)
                if how == "back":
                    outbox.hand_back(sink, [number])
                else:
                    error = None if how == "ok" else "no"
                    later = wall.now + timedelta(seconds=5) if how == "again" else None
                    outbox.end(sink, [Tried(number, tries, error, later)])
                    if how != "again":
                        settled.add(number)
            case ("wait", seconds):
                wall.pass_by(seconds)
    for _ in range(100):
        wall.pass_by(LEASE + 10)
        found = outbox.take(sink, lease=LEASE, limit=3)
        took(found)
        outbox.end(sink, [Tried(each.event, each.tries) for each in found])
        settled |= {each.event for each in found}
        leased.clear()
        if not found:
            break
    assert settled == {number for some in recorded.values() for number in some}


def test_an_event_is_recorded_once_however_often_it_is_told(journal):
    told = event("a", RunState.START, "one")
    journal.deliveries.put([told, told])
    journal.deliveries.put([told])
    assert len(journal.deliveries.take("one", lease=LEASE, limit=9)) == 1


def test_a_body_comes_back_as_it_was(journal):
    told = event("a", RunState.START, "one")
    journal.deliveries.put([told])
    (found,) = journal.deliveries.take("one", lease=LEASE, limit=9)
    assert found.body == told.body == journal.deliveries.body(told.key)


def test_a_try_that_was_overtaken_by_another_says_nothing(journal, wall):
    journal.deliveries.put([event("a", RunState.START, "one")])
    (slow,) = journal.deliveries.take("one", lease=LEASE, limit=1)
    wall.pass_by(LEASE + 1)
    (quick,) = journal.deliveries.take("one", lease=LEASE, limit=1)
    journal.deliveries.end("one", [Tried(slow.event, slow.tries, "no", None)])
    (health,) = journal.deliveries.health(["one"])
    assert (health.waiting, health.dead) == (1, 0)
    journal.deliveries.end("one", [Tried(quick.event, quick.tries)])
    (health,) = journal.deliveries.health(["one"])
    assert health.delivered == 1


def test_a_renewed_lease_holds(journal, wall):
    journal.deliveries.put([event("a", RunState.START, "one")])
    (taken,) = journal.deliveries.take("one", lease=LEASE, limit=1)
    wall.pass_by(LEASE - 1)
    journal.deliveries.renew("one", [taken.event], lease=LEASE)
    wall.pass_by(LEASE - 1)
    assert journal.deliveries.take("one", lease=LEASE, limit=1) == []


def test_old_events_go_and_what_a_sink_waits_for_stays(journal, wall):
    outbox = journal.deliveries
    outbox.put([event("a", RunState.START, "one"), event("b", RunState.START, "gone")])
    outbox.put([event("c", RunState.START)])
    wall.pass_by(100)
    outbox.put([event("d", RunState.START)])
    assert outbox.forget(wall.now - timedelta(seconds=50), ["one"]) == 2
    kept = [name for name in "abcd" if outbox.body(f"{name}:START")]
    assert kept == ["a", "d"]
    assert outbox.forget(wall.now - timedelta(seconds=50), ["one"]) == 0


def test_a_replay_brings_all_since_then_also_to_a_sink_that_was_not_there(journal, wall):
    outbox = journal.deliveries
    outbox.put([event("a", RunState.START, "one")])
    wall.pass_by(100)
    since = wall.now
    outbox.put([event("b", RunState.START, "one"), event("c", RunState.START, "one")])
    taken = outbox.take("one", lease=LEASE, limit=9)
    assert len(taken) == 3
    outbox.end("one", [Tried(each.event, each.tries) for each in taken[:2]])
    outbox.end("one", [Tried(taken[2].event, taken[2].tries, "HTTP 400", None)])
    assert outbox.replay(since, ["one"], dead=True) == {"one": 1}
    assert [each.run for each in outbox.take("one", lease=LEASE, limit=9)] == ["c"]
    assert outbox.replay(since, ["one", "two"]) == {"one": 1, "two": 2}
    assert [each.run for each in outbox.take("two", lease=LEASE, limit=9)] == ["b", "c"]


def test_a_publication_is_told_once_the_last_sink_has_it(journal):
    import sqlalchemy as sa

    from mesh_dagster.journal.lineage_tables import told_publications

    def told():
        with journal._database.reading() as connection:
            return connection.execute(sa.select(told_publications.c.told)).scalars().all()

    journal.deliveries.put([event("a", RunState.COMPLETE, "one", "two", publication=1)])
    for sink in ("one", "two"):
        assert told() == [None]
        (taken,) = journal.deliveries.take(sink, lease=LEASE, limit=9)
        journal.deliveries.end(sink, [Tried(taken.event, taken.tries)])
    assert told() != [None]


def test_a_publication_does_not_wait_for_a_sink_that_is_gone_once_it_is_sent_again(journal, wall):
    import sqlalchemy as sa

    from mesh_dagster.journal.lineage_tables import told_publications

    outbox = journal.deliveries
    outbox.put([event("a", RunState.COMPLETE, "gone", publication=1)])
    since = wall.now - timedelta(days=1)

    def told(sink):
        for each in outbox.take(sink, lease=LEASE, limit=9):
            outbox.end(sink, [Tried(each.event, each.tries)])
        with journal._database.reading() as connection:
            (at,) = connection.execute(sa.select(told_publications.c.told)).scalars()
        return at is not None

    outbox.replay(since, ["new"], known=["new", "gone"])
    assert not told("new"), "one of those that there are still waits"
    outbox.replay(since, ["new"], dead=True, known=["new"])
    assert [each.waiting for each in outbox.health(["new"])] == [0, 1]
    outbox.replay(since, ["new"], known=["new"])
    assert told("new")
    assert [each.sink for each in outbox.health(["new"])] == ["new"]


def test_when_a_publication_was_told_is_in_the_time_of_the_mesh(journal, wall):
    import sqlalchemy as sa

    from mesh_dagster.journal.lineage_tables import told_publications

    def told():
        with journal._database.reading() as connection:
            return connection.execute(sa.select(told_publications.c.told)).scalars().all()

    at = datetime(2013, 11, 1, tzinfo=UTC)
    journal.deliveries.put([replace(event("a", RunState.COMPLETE, "one", publication=1), at=at)])
    wall.pass_by(600)
    (taken,) = journal.deliveries.take("one", lease=LEASE, limit=9)
    journal.deliveries.end("one", [Tried(taken.event, taken.tries)])
    assert told() == [at + timedelta(seconds=600)]
    with journal._database.writing() as connection:
        connection.execute(sa.delete(told_publications))
    journal.deliveries.put([replace(event("b", RunState.COMPLETE, publication=2), at=at)])
    assert told() == [at]


def test_asking_what_is_due_does_not_walk_through_what_was_delivered(small):
    from mesh_dagster.journal.deliveries import _ready

    query = _ready("one", NOON, 10).compile(
        dialect=small._database._engine.dialect, compile_kwargs={"literal_binds": True}
    )
    with small._database.reading() as connection:
        plan = connection.exec_driver_sql(f"explain query plan {query}").all()
    told = " | ".join(str(row[-1]) for row in plan)
    assert "event_deliveries_waiting" in told
    assert "event_deliveries_unsettled" in told
    assert "SCAN" not in told
