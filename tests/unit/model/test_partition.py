"""Partition keys: without gaps, without overlaps, and each names its own window."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.errors import UsageError
from mesh_dagster.model.partition import Every, Partitioning

epoch = datetime(1990, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=25_000)).map(lambda after: epoch + after)
partitionings = st.builds(
    Partitioning, st.sampled_from(Every), st.just("day"), st.just(datetime(2013, 1, 1, tzinfo=UTC))
)


@given(partitionings, moments)
def test_a_moment_lies_in_the_window_of_its_key(cut: Partitioning, moment: datetime) -> None:
    start, end = cut.window(cut.key_of(moment))
    assert start <= moment < end


@given(partitionings, moments)
def test_windows_meet_without_gap_or_overlap(cut: Partitioning, moment: datetime) -> None:
    key = cut.key_of(moment)
    start, end = cut.window(key)
    assert cut.key_of(end) == cut.shift(key, 1)
    assert cut.key_of(start - timedelta(microseconds=1)) == cut.shift(key, -1)


@given(partitionings, moments, st.integers(-40, 40))
def test_shifting_there_and_back_is_no_shift(cut: Partitioning, moment: datetime, by: int) -> None:
    key = cut.key_of(moment)
    assert cut.shift(cut.shift(key, by), -by) == key


@given(partitionings, moments, st.integers(0, 40))
def test_between_counts_every_window_once_in_order(
    cut: Partitioning, moment: datetime, count: int
) -> None:
    first = cut.key_of(moment)
    keys = list(cut.between(first, cut.shift(first, count)))
    assert keys == sorted(set(keys))
    assert len(keys) == count + 1


@given(partitionings, st.integers(0, 24 * 70))
def test_only_windows_that_are_over_have_keys(cut: Partitioning, hours: int) -> None:
    until = cut.start + timedelta(hours=hours)
    keys = list(cut.keys(until))
    assert all(cut.window(key)[1] <= until for key in keys)
    assert all(cut.window(key)[0] >= cut.start for key in keys)
    if keys:
        assert cut.window(cut.shift(keys[-1], 1))[1] > until


@given(partitionings, st.timedeltas(timedelta(0), timedelta(days=99)))
def test_a_replay_begins_where_it_says(cut: Partitioning, after: timedelta) -> None:
    since = cut.start + after
    until = since + timedelta(days=40)
    assert list(cut.keys(until, since)) == [
        key for key in cut.keys(until) if cut.window(key)[1] > since
    ]


@pytest.mark.parametrize(
    ("every", "key"),
    [
        (Every.DAY, "2013-1-32"),
        (Every.DAY, "2013-11-4"),
        (Every.DAY, "２０１３-11-04"),
        (Every.HOUR, "2013-11-04-7:00"),
        (Every.DAY, "2013-01-01-00:00"),
        (Every.DAY, ""),
        (Every.WEEK, "2013-01-01"),
        (Every.MONTH, "2013-01-02"),
        (Every.HOUR, "2013-01-01-00:30"),
    ],
)
def test_what_names_no_window_is_refused(every: Every, key: str) -> None:
    cut = Partitioning(every, "day", datetime(2013, 1, 1, tzinfo=UTC))
    with pytest.raises(UsageError, match="is no partition"):
        cut.window(key)


def test_a_moment_of_another_zone_has_the_key_of_its_instant() -> None:
    cut = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))
    late = datetime(2013, 11, 3, 23, tzinfo=timezone(timedelta(hours=-5)))
    assert cut.key_of(late) == "2013-11-04"


def test_a_moment_without_a_zone_is_one_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert cut.key_of(datetime(2013, 11, 3, 23)) == "2013-11-03"  # noqa: DTZ001
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("every", Every)
def test_the_end_of_the_calendar_is_refused(every: Every) -> None:
    late = datetime(9999, 12, 31, 23, tzinfo=UTC)
    cut = Partitioning(every, "day", datetime(9999, 12, 1, tzinfo=UTC))
    for asked in (
        lambda: cut.window(cut.key_of(late)),
        lambda: cut.shift("9999-10-01", 5_000),
        lambda: list(cut.keys(late)) + list(cut.between(cut.key_of(late), cut.key_of(late))),
        lambda: cut.key_of(late.astimezone(timezone(timedelta(hours=-5)))) + cut.shift("x", 1),
        lambda: cut.key_of(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))),
    ):
        with pytest.raises(UsageError):
            asked()
