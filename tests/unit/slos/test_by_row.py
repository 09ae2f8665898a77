"""Accuracy as a share of rows: exact, whatever was audited how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from unit.slos.histories import DAILY, DAY, HOUR, START, change, history, objective

from mesh_dagster.model.slo import ROWS, Answer, Indicator, Status
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.slos.evaluate import measured, standing
from mesh_dagster.slos.measures import Counted

_END = START + 20 * DAY
_SLO = replace(objective(Indicator.ROW_ACCURACY, target=0.9), window=10 * DAY)


def _key(day: int) -> str:
    return f"{START + day * DAY:%Y-%m-%d}"


def _audit(at: datetime, key: str | None, checked: int, failed: int, **rest: object) -> Answer:
    outcome = Outcome.QUARANTINED if failed else Outcome.PUBLISHED
    said = Answer(key, outcome.value, at, "", ROWS, failed == 0, checked, failed)
    return said._replace(**rest)


@st.composite
def _audits(draw: st.DrawFn, *, partitioned: bool = True) -> list[Answer]:
    found = []
    for minutes in sorted(draw(st.lists(st.integers(0, 20 * 24 * 60), max_size=30, unique=True))):
        checked = draw(st.integers(0, 10**12))
        key = _key(draw(st.integers(0, 19))) if partitioned else None
        failed = draw(st.integers(0, checked))
        found.append(_audit(START + timedelta(minutes=minutes), key, checked, failed))
    return found


def _told(audits: list[Answer], until: datetime = _END, *, partitioned: bool = True) -> object:
    return history(
        [change(START, _key(0) if partitioned else None)],
        until,
        answers=[each for each in audits if each.at <= until],
        partitioning=DAILY if partitioned else None,
    )


@given(_audits())
def test_it_is_the_sum_over_the_newest_audit_of_each_partition_in_the_window(
    audits: list[Answer],
) -> None:
    newest = {each.partition: each for each in audits if each.checked}
    due = [newest[_key(day)] for day in range(10, 20) if _key(day) in newest]
    found = standing(_SLO, _told(audits))
    assert found.tally.total == sum(each.checked for each in due)
    assert found.tally.bad == sum(each.failed for each in due)
    if due and found.tally.bad * 10 > found.tally.total:
        assert found.status is Status.BREACHED


@given(_audits(), st.lists(st.integers(0, 20 * 24), min_size=3, max_size=3).map(sorted))
def test_windows_that_touch_add_up(audits: list[Answer], hours: list[int]) -> None:
    found = measured(_SLO, _told(audits))
    first, middle, last = (START + hour * HOUR for hour in hours)
    assert isinstance(found, Counted)
    assert found.tally(first, middle) + found.tally(middle, last) == found.tally(first, last)


@given(_audits(), st.integers(1, 40))
def test_the_same_audit_again_and_again_changes_nothing(audits: list[Answer], times: int) -> None:
    before = standing(_SLO, _told(audits))
    newest = {each.partition: each for each in audits if each.checked}
    again = [each._replace(at=_END) for each in newest.values()] * times
    assert standing(_SLO, _told([*audits, *again])).tally == before.tally


@given(_audits(partitioned=False), st.integers(1, 40))
def test_without_partitions_a_burst_of_good_ones_makes_up_for_nothing(
    audits: list[Answer], burst: int
) -> None:
    if not audits:
        return
    last = audits[-1].at
    slo = replace(_SLO, window=30 * DAY)
    before = standing(slo, _told(audits, last, partitioned=False))
    good = [_audit(last, None, 10**6, 0)] * burst
    now = standing(slo, _told([*audits, *good], last, partitioned=False))
    assert now.tally.bad == before.tally.bad


def test_of_several_audits_in_one_cadence_the_worst_share_counts() -> None:
    audits = [
        _audit(START + HOUR, None, 1000, 20),
        _audit(START + 2 * HOUR, None, 10, 5),
        _audit(START + DAY, None, 100, 0),
    ]
    found = standing(_SLO, _told(audits, START + DAY, partitioned=False))
    assert (found.tally.bad, found.tally.total) == (5, 110)
    assert "5 of 110 rows that a rule looked at broke it" in found.now


def test_what_was_discarded_or_superseded_was_not_audited_anew() -> None:
    audits = [
        _audit(START + 12 * DAY, _key(11), 100, 7),
        _audit(START + 13 * DAY, _key(11), 100, 7, outcome=Outcome.DISCARDED.value),
    ]
    assert standing(_SLO, _told(audits)).tally.bad == 7


def test_another_port_and_other_rules_say_nothing_of_it() -> None:
    audits = [
        _audit(START + 12 * DAY, _key(11), 100, 7, port="late"),
        _audit(START + 12 * DAY, _key(11), 100, 7, kind="shape"),
    ]
    assert standing(_SLO, _told(audits)).status is Status.UNMEASURED
