"""What holds for every history, however it came about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.slos.histories import DAILY, DAY, HOUR, START, change, history, objective

from mesh_dagster.model.slo import Change, Indicator, Objective
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.slos.evaluate import measured, standing
from mesh_dagster.slos.measures import MICROSECOND, Timed

_END = START + 20 * DAY
_MINUTES = st.integers(0, 20 * 24 * 60).map(lambda n: START + timedelta(minutes=n))
_TIMED = {
    Indicator.FRESHNESS: 26 * HOUR,
    Indicator.FREQUENCY: DAY,
    Indicator.TIME_TO_REPAIR: 4 * HOUR,
}
_PARTS = (Indicator.LATENCY, Indicator.COMPLETENESS, Indicator.ACCURACY, Indicator.LINEAGE)


@st.composite
def _changes(draw: st.DrawFn) -> list[Change]:
    found = []
    for at in sorted(draw(st.lists(_MINUTES, max_size=30))):
        day = draw(st.integers(0, 19))
        outcome = draw(st.sampled_from(list(Outcome)))
        found.append(
            change(
                at,
                f"{START + day * DAY:%Y-%m-%d}",
                newest=draw(st.none() | _MINUTES.filter(lambda fact, at=at: fact <= at)),
                outcome=outcome,
                failed=int(outcome is Outcome.QUARANTINED),
                known=draw(st.booleans()),
            )
        )
    return found


_slos = st.sampled_from(
    [
        *(objective(each, limit, window=10 * DAY) for each, limit in _TIMED.items()),
        *(objective(each, 30 * HOUR, window=10 * DAY) for each in _PARTS),
    ]
)


@given(_changes(), _slos, st.lists(_MINUTES, min_size=3, max_size=3).map(sorted))
def test_the_tallies_of_two_windows_that_touch_add_up(
    changes: list[Change], slo: Objective, moments: list[datetime]
) -> None:
    found = measured(slo, history(changes, _END, partitioning=DAILY))
    if found is not None:
        first, middle, last = moments
        assert found.tally(first, middle) + found.tally(middle, last) == found.tally(first, last)


@given(_changes(), _slos, _MINUTES)
def test_a_past_moment_has_the_same_answer_whatever_came_later(
    changes: list[Change], slo: Objective, at: datetime
) -> None:
    then = standing(slo, history(changes, at, partitioning=DAILY))
    later = [each for each in changes if each.at > at]
    assert standing(slo, history([*changes, *later], at, partitioning=DAILY)) == then


@given(_changes(), st.sampled_from(list(_TIMED)), _MINUTES, st.integers(0, 10_000))
def test_a_budget_of_time_gets_no_better_than_the_time_that_passes(
    changes: list[Change], indicator: Indicator, at: datetime, minutes: int
) -> None:
    slo = objective(indicator, _TIMED[indicator], window=10 * DAY)
    passed = timedelta(minutes=minutes)
    before = standing(slo, history(changes, at))
    after = standing(slo, history(changes, at + passed))
    most = passed / ((1 - slo.target) * slo.window)
    assert abs(after.left - before.left) <= most + 1e-9
    if not minutes:
        assert (before.left < 0) == (after.left < 0)


@given(_changes(), st.sampled_from(_PARTS), st.integers(1, 40))
def test_publishing_the_same_again_and_again_buys_no_budget(
    changes: list[Change], indicator: Indicator, times: int
) -> None:
    slo = objective(indicator, 30 * HOUR, window=10 * DAY)
    before = standing(slo, history(changes, _END, partitioning=DAILY))
    newest = {each.partition: each for each in changes}
    stands = [each for each in newest.values() if each.number is not None]
    again = [each._replace(at=_END) for each in stands] * times
    now = standing(slo, history([*changes, *again], _END, partitioning=DAILY))
    assert (now.tally, now.status) == (before.tally, before.status)


@given(st.lists(st.tuples(_MINUTES, st.booleans()), min_size=1, max_size=40), st.integers(1, 50))
def test_without_partitions_no_burst_of_good_ones_makes_up_for_a_bad_one(
    audits: list[tuple[datetime, bool]], burst: int
) -> None:
    def made(at: datetime, good: bool) -> Change:
        outcome = Outcome.PUBLISHED if good else Outcome.QUARANTINED
        return change(at, outcome=outcome, failed=int(not good))

    changes = [made(*each) for each in sorted(audits)]
    slo = objective(Indicator.ACCURACY, window=30 * DAY)
    last = changes[-1].at
    before = standing(slo, history(changes, last))
    now = standing(slo, history([*changes, *([made(last, True)] * burst)], last))
    assert now.tally.bad >= before.tally.bad or before.tally.total == 0
    assert now.left <= before.left or before.tally.total == 0


@settings(max_examples=10)
@given(_changes())
def test_fresh_and_stale_time_are_what_a_count_of_minutes_says(changes: list[Change]) -> None:
    limit = 26 * HOUR
    told = history(changes, _END)
    found = measured(objective(Indicator.FRESHNESS, limit), told)
    if not isinstance(found, Timed):
        return
    stale, at = 0, found.begin
    while at < _END:
        # Everything happens on whole minutes, so a minute is stale as a whole or not at all.
        held: dict[str | None, datetime | None] = {}
        for each in told.changes.each():
            if each.at <= at and each.number is not None:
                held[each.partition] = each.fact
        newest = max((each for each in held.values() if each is not None), default=None)
        stale += newest is None or at - newest >= limit
        at += timedelta(minutes=1)
    assert found.tally(found.begin, _END).bad == stale * (timedelta(minutes=1) // MICROSECOND)


@pytest.mark.parametrize("indicator", _PARTS)
def test_a_window_without_parts_costs_nothing(indicator: Indicator) -> None:
    told = history([change(START + HOUR, "2013-10-01")], START + 2 * HOUR, partitioning=DAILY)
    slo = replace(objective(indicator, HOUR), window=timedelta(minutes=1))
    assert standing(slo, told).left == 1.0
