"""Simulated histories of which the answer is known by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from unit.slos.histories import DAILY, DAY, HOUR, START, change, history, objective

from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.slo import Answer, Indicator, Noticed, Objective, Probes, Standing, Status
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.slos.evaluate import measured, standing
from mesh_dagster.slos.measures import MICROSECOND, Timed

_NOW = START + 30 * DAY


def _daily(hour: float = 6, missing: tuple[int, ...] = ()) -> list:
    """Thirty days, each published at an hour of the next with facts up to its midnight."""
    days = [START + n * DAY for n in range(30) if n not in missing]
    return [
        change(day + DAY + hour * HOUR, f"{day:%Y-%m-%d}", newest=day + DAY - HOUR) for day in days
    ]


def test_daily_data_is_stale_for_as_long_as_it_is_older_than_promised() -> None:
    # The newest fact is of 23:00, so at 06:00 two days later it is 31 hours old: 5 too many.
    told = history(_daily(), _NOW + 6 * HOUR)
    found = standing(objective(Indicator.FRESHNESS, 26 * HOUR), told)
    assert found.tally.total == (29 * DAY) // MICROSECOND
    assert found.tally.bad == 29 * 5 * HOUR // MICROSECOND
    assert found.status is Status.BREACHED
    assert found.left == pytest.approx(1 - (29 * 5) / (0.01 * 30 * 24))


def test_data_that_comes_in_time_spends_nothing() -> None:
    told = history(_daily(), _NOW + 6 * HOUR)
    found = standing(objective(Indicator.FRESHNESS, 32 * HOUR), told)
    assert (found.status, found.left, found.lasts) == (Status.MET, 1.0, None)
    assert found.now == "the newest fact is 7 h old, promised 1 d 8 h"


def test_one_missed_day_is_told_to_the_microsecond() -> None:
    told = history(_daily(missing=(10,)), _NOW + 6 * HOUR)
    found = measured(objective(Indicator.FRESHNESS, 32 * HOUR), told)
    assert isinstance(found, Timed)
    # What was published on the 11th at 06:00 is of the 10th, 23:00, and stood until the 13th.
    assert found.spans == ((START + 9 * DAY + 23 * HOUR + 32 * HOUR, START + 12 * DAY + 6 * HOUR),)


def test_as_old_as_promised_is_fresh() -> None:
    newest = START + 2 * DAY
    told = [change(newest + HOUR, newest=newest)]
    exactly = standing(objective(Indicator.FRESHNESS, 5 * HOUR), history(told, newest + 5 * HOUR))
    later = history(told, newest + 5 * HOUR + MICROSECOND)
    assert exactly.status is Status.MET
    assert exactly.tally.bad == 0
    assert standing(objective(Indicator.FRESHNESS, 5 * HOUR), later).tally.bad == 1


def test_a_rollback_that_takes_the_newest_facts_away_makes_data_old_again() -> None:
    taken = change(START + 3 * DAY, "2013-10-02", outcome=Outcome.DISCARDED)._replace(number=3)
    told = [
        change(START + DAY, "2013-10-01", newest=START + DAY),
        change(START + 2 * DAY, "2013-10-02", newest=START + 2 * DAY),
        taken,
    ]
    found = measured(
        objective(Indicator.FRESHNESS, 36 * HOUR), history(told, START + 3 * DAY + HOUR)
    )
    assert isinstance(found, Timed)
    assert found.spans == ((START + 3 * DAY, START + 3 * DAY + HOUR),)


def test_the_interval_of_change_counts_the_time_by_which_a_publication_is_late() -> None:
    told = [change(START), change(START + DAY), change(START + 3 * DAY)]
    found = standing(objective(Indicator.FREQUENCY, DAY), history(told, START + 4 * DAY + 2 * HOUR))
    assert found.tally.bad == (DAY + 2 * HOUR) // MICROSECOND
    assert found.failing


def test_latency_counts_the_first_publication_of_each_partition() -> None:
    told = _daily(hour=6, missing=(3,))
    told.append(change(START + 20 * DAY, "2013-10-05", newest=START + 5 * DAY))
    # The fourth day was made a week late.
    told.append(change(START + 11 * DAY, "2013-10-04", newest=START + 4 * DAY - HOUR))
    found = standing(
        objective(Indicator.LATENCY, 8 * HOUR, target=0.95),
        history(told, _NOW + 7 * HOUR, partitioning=DAILY),
    )
    assert (found.tally.bad, found.tally.total) == (1, 30)
    assert found.now == "1 of 30 later than 8 h: 2013-10-04"


def test_a_partition_that_never_comes_is_late_once_the_limit_has_passed() -> None:
    slo = objective(Indicator.LATENCY, 8 * HOUR)
    told = _daily()[:10]
    soon = history(told, START + 11 * DAY + 8 * HOUR, partitioning=DAILY)
    late = history(told, START + 11 * DAY + 8 * HOUR + MICROSECOND, partitioning=DAILY)
    assert standing(slo, soon).tally.bad == 0
    assert standing(slo, late).tally.bad == 1


def test_completeness_counts_the_rows_that_a_rule_expects() -> None:
    told = _daily()[:5]
    answers = [
        Answer(each.partition, each.outcome, each.at, "", "expected_rows", False, 72, 2)
        for each in told
    ]
    found = standing(
        objective(Indicator.COMPLETENESS, target=0.95),
        history(told, START + 5 * DAY + 7 * HOUR, partitioning=DAILY, answers=answers),
    )
    assert (found.tally.bad, found.tally.total) == (10, 360)


def test_what_waits_in_quarantine_is_not_there_and_a_release_brings_it() -> None:
    good, held = START + 30 * HOUR, START + 54 * HOUR
    told = [
        change(good, "2013-10-01", newest=good),
        change(held, "2013-10-02", outcome=Outcome.QUARANTINED, failed=1, attempt="b"),
    ]
    answers = [
        Answer("2013-10-01", Outcome.PUBLISHED, good, "", "expected_rows", True, 72, 0),
        Answer("2013-10-02", Outcome.QUARANTINED, held, "", "expected_rows", False, 75, 4),
    ]
    slo = objective(Indicator.COMPLETENESS, target=0.9)
    now = held + DAY
    found = standing(slo, history(told, now, partitioning=DAILY, answers=answers))
    assert (found.tally.bad, found.tally.total) == (75, 147)
    told.append(change(now, "2013-10-02", outcome=Outcome.RELEASED, attempt="b"))
    answers.append(Answer("2013-10-02", Outcome.RELEASED, now, "", "expected_rows", False, 75, 4))
    found = standing(slo, history(told, now, partitioning=DAILY, answers=answers))
    assert (found.tally.bad, found.tally.total) == (4, 147)


@pytest.mark.parametrize(
    ("percent", "bad", "days"),
    [(90, 3, 30), (80, 2, 10), (92, 2, 25), (93, 7, 100), (99.9, 1, 1000)],
)
def test_a_promise_that_is_kept_exactly_has_nothing_left_and_is_no_breach(
    percent: float, bad: int, days: int
) -> None:
    slo = objective(Indicator.ACCURACY, target=percent / 100, window=days * DAY)

    def stands(failing: int) -> Standing:
        starts = [START + n * DAY for n in range(days)]
        told = [
            change(day + DAY, f"{day:%Y-%m-%d}", newest=day, failed=int(n < failing))
            for n, day in enumerate(starts)
        ]
        return standing(slo, history(told, START + days * DAY, partitioning=DAILY))

    exactly = stands(bad)
    assert (exactly.tally.bad, exactly.tally.total) == (bad, days)
    assert (exactly.left, exactly.budget) == (0, bad)
    assert exactly.status is not Status.BREACHED
    assert stands(bad + 1).status is Status.BREACHED


def test_a_promise_of_time_that_is_kept_exactly_is_no_breach() -> None:
    told = [change(START), *(change(START + n * DAY) for n in range(4, 30))]
    slo = objective(Indicator.FREQUENCY, DAY, target=0.9)
    found = standing(slo, history(told, _NOW))
    assert (found.tally.bad, found.left) == (3 * DAY // MICROSECOND, 0)
    assert found.status is not Status.BREACHED


def test_accuracy_goes_by_the_newest_audit_of_each_partition() -> None:
    told = _daily()
    told[4] = told[4]._replace(outcome=Outcome.QUARANTINED, number=None, failed=2)
    slo = objective(Indicator.ACCURACY, target=0.9)
    found = standing(slo, history(told, _NOW + 7 * HOUR, partitioning=DAILY))
    assert (found.tally.bad, found.tally.total) == (1, 30)
    again = change(_NOW, told[4].partition, newest=_NOW)
    found = standing(slo, history([*told, again], _NOW + 7 * HOUR, partitioning=DAILY))
    assert found.tally.bad == 0


def test_without_partitions_a_cadence_is_as_good_as_the_worst_in_it() -> None:
    bad = change(START + 5 * HOUR, outcome=Outcome.QUARANTINED, failed=1)
    good = [change(START + n * HOUR) for n in (1, 6, 7, 8, 30, 54)]
    found = standing(objective(Indicator.ACCURACY), history([bad, *good], START + 3 * DAY))
    assert (found.tally.bad, found.tally.total) == (1, 3)


def test_a_repair_counts_from_when_it_took_too_long() -> None:
    told = [
        change(START, "2013-10-01"),
        change(START + DAY, "2013-10-02", outcome=Outcome.QUARANTINED, failed=1, attempt="a"),
        change(START + 2 * DAY, "2013-10-02", outcome=Outcome.RELEASED, attempt="a"),
    ]
    found = standing(objective(Indicator.TIME_TO_REPAIR, 4 * HOUR), history(told, START + 3 * DAY))
    assert found.tally.bad == 20 * HOUR // MICROSECOND
    assert not found.failing


def test_what_a_newer_attempt_left_in_quarantine_waits_on_when_an_older_one_is_released() -> None:
    told = [
        change(START, "2013-10-01"),
        change(START + DAY, "2013-10-02", outcome=Outcome.QUARANTINED, failed=1, attempt="a"),
        change(START + 2 * DAY, "2013-10-02", outcome=Outcome.QUARANTINED, failed=1, attempt="b"),
        change(START + 2 * DAY + HOUR, "2013-10-02", outcome=Outcome.RELEASED, attempt="a"),
    ]
    found = standing(objective(Indicator.TIME_TO_REPAIR, 4 * HOUR), history(told, START + 3 * DAY))
    assert found.tally.bad == (21 + 20) * HOUR // MICROSECOND
    assert found.failing


@pytest.mark.parametrize("known", [True, False])
def test_a_part_that_a_rollback_took_away_has_no_origin_to_tell(known: bool) -> None:
    told = [
        change(START + DAY, "2013-10-01", known=True),
        change(START + 2 * DAY, "2013-10-02", known=known),
        change(START + 3 * DAY, "2013-10-02", outcome=Outcome.DISCARDED)._replace(number=3),
    ]
    past = history(told, START + 4 * DAY, partitioning=DAILY)
    found = standing(objective(Indicator.LINEAGE), past)
    assert (found.tally.bad, found.tally.total) == (0, 1)


@pytest.mark.parametrize("partitioning", [None, DAILY])
def test_what_was_due_before_the_window_measures_nothing(partitioning: Partitioning | None) -> None:
    told = [change(START + DAY, partitioning and "2013-10-01", failed=1)]
    past = history(told, START + 9 * DAY, partitioning=partitioning)
    found = standing(objective(Indicator.ACCURACY, window=DAY), past)
    assert (found.status, found.failing) == (Status.UNMEASURED, False)


def test_an_incident_is_to_be_noticed_soon_and_somebody_told_of_it() -> None:
    began = START + DAY
    minute = timedelta(minutes=1)
    incidents = [
        Noticed(began, began + minute, 2 * minute, began + HOUR),
        Noticed(began + HOUR, began + HOUR + 9 * minute, 30 * minute, None),
        Noticed(began + 5 * HOUR, began + 5 * HOUR, None, None),
    ]
    told = history([change(START)], began + 6 * HOUR, incidents=incidents)
    detect = standing(objective(Indicator.TIME_TO_DETECT, 5 * minute), told)
    assert detect.tally.bad == 4 * minute // MICROSECOND
    assert not detect.failing
    assert detect.now == "1 of 3 incidents noticed later than 5 min"
    notify = standing(objective(Indicator.TIME_TO_NOTIFY, 10 * minute), told)
    assert notify.tally.bad == (20 + 50) * minute // MICROSECOND
    assert notify.failing
    assert notify.now == "2 of 3 incidents told of later than 10 min"


def test_a_port_is_away_from_the_read_that_failed_until_one_that_did_not() -> None:
    probes = [
        Probes("", START, START + HOUR, True, 60, 0.1, 0.2, None),
        Probes("", START + 2 * HOUR, START + 3 * HOUR, False, 60, 0.1, 0.2, "gone"),
        Probes("", START + 4 * HOUR, START + 5 * HOUR, True, 60, 0.1, 0.2, None),
    ]
    slo = objective(Indicator.AVAILABILITY, target=0.995)
    found = standing(slo, history([change(START)], START + 6 * HOUR, probes=probes))
    assert (found.tally.bad, found.tally.total) == (
        2 * HOUR // MICROSECOND,
        6 * HOUR // MICROSECOND,
    )
    assert found.now == "the last 60 reads were answered, in 100 ms on average"
    during = standing(slo, history([change(START)], START + 3 * HOUR, probes=probes))
    assert during.tally.bad == HOUR // MICROSECOND
    assert during.failing
    assert during.now == "no answer since 2013-10-01 02:00 UTC: gone"


def test_before_the_first_publication_nothing_is_promised() -> None:
    found = standing(objective(Indicator.FRESHNESS, HOUR), history([], _NOW))
    assert found.status is Status.UNMEASURED


def test_the_budget_of_a_product_that_stopped_burns_and_ends_when_it_says() -> None:
    told = [change(START + n * HOUR, newest=START + n * HOUR) for n in range(25 * 24)]
    stale = told[-1].at + 2 * HOUR
    slo = objective(Indicator.FRESHNESS, 2 * HOUR, cadence=HOUR)
    soon = standing(slo, history(told, stale + timedelta(minutes=6)))
    assert (soon.status, soon.failing) == (Status.AT_RISK, True)
    later = standing(slo, history(told, stale + timedelta(minutes=10)))
    assert [each.name for each in later.burns if each.fires] == ["fast"]
    assert later.status is Status.BURNING
    assert later.lasts is not None
    end = later.at + later.lasts
    assert standing(slo, history(told, end)).left == pytest.approx(0)
    assert standing(slo, history(told, end + MICROSECOND)).status is Status.BREACHED


@pytest.mark.parametrize(
    ("slo", "hours"),
    [
        (objective(Indicator.COMPLETENESS, target=0.9), 0),
        (objective(Indicator.COMPLETENESS, target=0.9), 23),
        (objective(Indicator.LATENCY, 8 * HOUR, target=0.85), 7),
        (objective(Indicator.LATENCY, 8 * HOUR, target=0.85), 23),
    ],
)
def test_partitions_that_do_not_come_burn_the_budget(slo: Objective, hours: int) -> None:
    told = history(_daily(missing=(28, 29)), _NOW + DAY + hours * HOUR, partitioning=DAILY)
    found = standing(slo, told)
    assert found.failing
    assert found.left > 0
    assert found.status is Status.BURNING


def test_what_is_not_kept_began_when_what_was_bad_last_did() -> None:
    late = change(_NOW, "2013-10-05", newest=START)
    told = history([*_daily(missing=(4, 20, 28, 29)), late], _NOW + DAY, partitioning=DAILY)

    def since(indicator: Indicator, limit: timedelta | None = None) -> datetime | None:
        return standing(objective(indicator, limit), told).since

    assert since(Indicator.FRESHNESS, 26 * HOUR) == START + 28 * DAY - HOUR + 26 * HOUR
    assert since(Indicator.COMPLETENESS) == START + 31 * DAY, "of the 30th, a cadence after it"
    assert since(Indicator.LATENCY, 30 * HOUR) == START + 29 * DAY + 30 * HOUR
    assert since(Indicator.FRESHNESS, 99 * DAY) is None


def test_a_part_that_is_bad_is_so_since_it_was_made_and_not_since_it_was_due() -> None:
    told = _daily()
    again = told[4]._replace(at=_NOW, outcome=Outcome.QUARANTINED, number=None, failed=2)
    past = history([*told, again], _NOW + HOUR, partitioning=DAILY)
    assert standing(objective(Indicator.ACCURACY), past).since == _NOW


def test_that_an_incident_was_noticed_late_began_when_it_was_noticed() -> None:
    incidents = [Noticed(START, START + 10 * DAY, None, None)]
    told = history([change(START)], START + 10 * DAY, incidents=incidents)
    found = standing(objective(Indicator.TIME_TO_DETECT, HOUR), told)
    assert (found.status, found.since) == (Status.BREACHED, None)


def test_the_rules_are_those_of_the_workbook_for_thirty_days_and_grow_with_the_window() -> None:
    told = history([change(START)], _NOW)
    burns = standing(objective(Indicator.FREQUENCY, DAY, cadence=HOUR), told).burns
    assert [(each.long, each.short, each.limit) for each in burns] == [
        (HOUR, timedelta(minutes=5), 14.4),
        (6 * HOUR, timedelta(minutes=30), 6.0),
        (3 * DAY, 6 * HOUR, 1.0),
    ]
    yearly = objective(Indicator.FREQUENCY, 365 * DAY, cadence=365 * DAY, window=4 * 365 * DAY)
    assert standing(yearly, told).burns[0].long == 4 * 365 * DAY / 720


def test_a_first_moment_that_was_bad_is_no_trend_and_nine_minutes_are() -> None:
    slo = objective(Indicator.FRESHNESS, 26 * HOUR)
    old = change(START, "2013-09-29", newest=START - 2 * DAY)
    new = change(START + MICROSECOND, "2013-10-01", newest=START)
    at_once = standing(slo, history([old, new], START + MICROSECOND))
    assert (at_once.status, at_once.tally.bad) == (Status.MET, 1)
    soon = standing(slo, history([old], START + timedelta(minutes=5)))
    assert soon.status is Status.AT_RISK
    later = standing(slo, history([old], START + timedelta(minutes=9)))
    assert [each.fires for each in later.burns] == [True, False, False]


def test_a_budget_that_hardly_goes_lasts_without_an_end_to_tell() -> None:
    late = change(_NOW + 6 * HOUR + MICROSECOND, "2013-10-30", newest=_NOW)
    told = [*_daily(missing=(29,)), late]
    slo = objective(Indicator.FRESHNESS, 31 * HOUR)
    found = standing(slo, history(told, _NOW + 7 * HOUR))
    assert (found.tally.bad, found.status, found.lasts) == (1, Status.MET, None)
