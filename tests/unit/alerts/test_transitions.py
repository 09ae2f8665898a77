"""From how objectives stand to incidents: one for each trouble, opened once and closed once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.alerts.transitions import transitions
from mesh_dagster.journal.told import Trouble
from mesh_dagster.model.event import CLOSES, OPENS, EventKind
from mesh_dagster.model.slo import Indicator, Objective, Standing, Status

START = datetime(2013, 11, 1, tzinfo=UTC)
HOUR, MONTH = timedelta(hours=1), timedelta(days=30)
PATH = "shop/sales/v1"


def standing(status, hours=0, *, failing=False, port=""):
    objective = Objective(Indicator.FRESHNESS, 0.99, MONTH, HOUR, port=port)
    at = START + hours * HOUR
    return Standing(PATH, objective, at, status, budget=1.0, left=0.5, failing=failing)


def told(*standings):
    """The events of standings that are looked at one after the other, as a journal keeps them."""
    troubles, events = {}, []
    for each in standings:
        for event in transitions([each], troubles, {}, {}):
            events.append(event)
            key = (event.subject, event.objective)
            known = troubles.get(key)
            if event.kind in CLOSES:
                troubles[key] = Trouble(known.id, known.kind, event.at)
            else:
                troubles[key] = Trouble(event.incident, event.kind)
    return events


def kinds(*standings):
    return [each.kind for each in told(*standings)]


def test_what_is_kept_is_no_news():
    assert kinds(standing(Status.MET), standing(Status.AT_RISK), standing(Status.UNMEASURED)) == []


def test_a_burning_budget_that_is_then_spent_is_one_incident_that_gets_graver():
    events = told(
        standing(Status.BURNING, 0),
        standing(Status.BURNING, 1),
        standing(Status.BREACHED, 2, failing=True),
        standing(Status.BREACHED, 3, failing=True),
        standing(Status.BREACHED, 4),
        standing(Status.BREACHED, 5),
        standing(Status.MET, 6),
    )
    assert [each.kind for each in events] == [
        EventKind.BURNING,
        EventKind.BREACHED,
        EventKind.RECOVERED,
    ]
    assert len({each.incident for each in events}) == 1
    assert len({each.key for each in events}) == 3


def test_readers_do_not_hear_the_end_of_what_they_did_not_hear_the_beginning():
    burnt = told(standing(Status.BURNING), standing(Status.MET, 1))
    assert [each.concerns_readers for each in burnt] == [False, False]
    broken = told(standing(Status.BREACHED, failing=True), standing(Status.MET, 1))
    assert [each.concerns_readers for each in broken] == [True, True]


def test_who_reads_that_it_is_kept_again_reads_that_its_budget_is_spent_all_the_same():
    late = replace(standing(Status.BREACHED, failing=True), left=-1.0, now="2 d old")
    burst, back = told(late, replace(late, failing=False, now="1 h old"))
    assert burst.summary == f"{PATH}: freshness has spent its error budget (2 d old)"
    assert back.summary == (
        f"{PATH}: freshness is kept again (1 h old); its error budget stays spent"
    )
    (burning,) = told(standing(Status.BURNING))
    assert burning.summary.endswith("too fast; 50% of the budget left")


def test_a_budget_that_stays_spent_is_told_once_and_again_when_it_fails_again():
    spent = [standing(Status.BREACHED, n) for n in range(3)]
    assert kinds(*spent) == [EventKind.BREACHED, EventKind.RECOVERED]
    again = standing(Status.BREACHED, 9, failing=True)
    assert kinds(*spent, again)[2:] == [EventKind.BREACHED]


def test_trouble_that_is_at_risk_only_is_not_over_yet():
    assert kinds(standing(Status.BURNING), standing(Status.AT_RISK, 1)) == [EventKind.BURNING]


def test_what_cannot_be_measured_neither_begins_nor_ends_trouble():
    assert kinds(standing(Status.BURNING), standing(Status.UNMEASURED, 1)) == [EventKind.BURNING]


def test_each_port_has_its_own_incident():
    both = [standing(Status.BURNING), standing(Status.BURNING, port="late")]
    assert [each.objective.name for each in both] == ["freshness", "late/freshness"]
    assert len({each.incident for each in told(*both)}) == 2


@given(st.lists(st.tuples(st.sampled_from(Status), st.booleans()), max_size=30))
def test_incidents_open_and_close_by_turns_and_asking_twice_tells_nothing_new(days):
    looks = [standing(status, n, failing=failing) for n, (status, failing) in enumerate(days)]
    once, twice = told(*looks), told(*(each for look in looks for each in (look, look)))
    turns = [each.kind in OPENS for each in once if each.kind is not EventKind.BREACHED]
    opened = {}
    for each in once:
        if each.kind in CLOSES:
            assert opened.pop(each.incident)
        elif each.incident in opened:
            assert (opened[each.incident], each.kind) == (EventKind.BURNING, EventKind.BREACHED)
        if each.kind in OPENS:
            opened[each.incident] = each.kind
        assert len(opened) <= 1
    assert len(turns) <= len(once)
    spent_and_over = any(s is Status.BREACHED and not f for s, f in days)
    if not spent_and_over:
        assert [each.key for each in twice] == [each.key for each in once]
