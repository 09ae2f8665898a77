"""When a schedule was due last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.descriptors.cron import cron_problem, last_tick

NOW = datetime(2013, 11, 8, 12, 0, tzinfo=UTC)  # a Friday
LONG_AGO = NOW - timedelta(days=3000)


@pytest.mark.parametrize(
    ("text", "tick"),
    [
        ("0 20 * * *", "2013-11-07 20:00"),
        ("0 12 * * *", "2013-11-08 12:00"),
        ("*/15 * * * *", "2013-11-08 12:00"),
        ("1/15 * * * *", "2013-11-08 11:46"),
        ("0 0 1 * *", "2013-11-01 00:00"),
        ("0 0 l * *", "2013-10-31 00:00"),
        ("0 6 * * mon-wed", "2013-11-06 06:00"),
        ("0 6 * * 7", "2013-11-03 06:00"),
        ("0 6 * * 0", "2013-11-03 06:00"),
        ("0 0 13 * 4", "2013-11-07 00:00"),
        ("0 0 29 2 *", "2012-02-29 00:00"),
        ("@monthly", "2013-11-01 00:00"),
        ("0 5,9 * jan,nov *", "2013-11-08 09:00"),
    ],
)
def test_the_last_moment_that_a_schedule_names(text: str, tick: str) -> None:
    assert cron_problem(text) is None
    assert last_tick(text, NOW, LONG_AGO) == datetime.fromisoformat(f"{tick}+00:00")


def test_a_moment_that_was_already_counted_is_none() -> None:
    assert last_tick("0 12 * * *", NOW, NOW) is None
    assert last_tick("0 12 * * *", NOW, NOW - timedelta(microseconds=1)) == NOW
    assert last_tick("0 0 30 2 *", NOW, LONG_AGO) is None


@given(st.integers(0, 59), st.integers(0, 23), st.integers(1, 60 * 24 * 40))
def test_a_daily_schedule_is_due_once_a_day(minute: int, hour: int, minutes: int) -> None:
    since = NOW - timedelta(minutes=minutes)
    found = last_tick(f"{minute} {hour} * * *", NOW, since)
    today = NOW.replace(hour=hour, minute=minute)
    newest = today if today <= NOW else today - timedelta(days=1)
    assert found == (newest if newest > since else None)
