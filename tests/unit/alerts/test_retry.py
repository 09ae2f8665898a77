"""Tries are further and further apart, and end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.alerts.notifier import NotNow, Refused
from mesh_dagster.alerts.retry import next_try, pause
from mesh_dagster.model.notification import Patience

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = Patience(first=10, longest=3600, give_up=86400)


@given(st.integers(1, 10**9))
def test_a_pause_doubles_up_to_the_longest(tries):
    assert pause(1, PATIENCE) == 10
    assert pause(tries, PATIENCE) <= pause(tries + 1, PATIENCE) <= 3600
    assert pause(tries + 1, PATIENCE) in (2 * pause(tries, PATIENCE), 3600)


def test_a_refusal_is_not_tried_again():
    assert next_try(Refused("no"), 1, NOW, NOW, PATIENCE) is None


def test_what_was_tried_for_long_enough_is_given_up():
    composed = NOW - timedelta(days=1)
    assert next_try(OSError(), 99, composed, NOW, PATIENCE) is None
    assert next_try(OSError(), 99, composed + timedelta(seconds=1), NOW, PATIENCE) is not None


def test_the_other_side_may_ask_for_a_longer_pause_but_not_for_a_shorter():
    def wait(after):
        return (next_try(NotNow("", after), 2, NOW, NOW, PATIENCE) - NOW).total_seconds()

    assert wait(None) == wait(1) == 20
    assert wait(60) == 60
    assert wait(10**9) == 3600
