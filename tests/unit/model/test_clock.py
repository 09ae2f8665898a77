"""Identifiers order attempts: those of one process sort in the order of the calls."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from mesh_dagster import clock


def test_identifiers_of_one_process_sort_in_the_order_of_the_calls() -> None:
    made = [clock.new_id() for _ in range(5_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_identifiers_sort_even_while_the_wall_clock_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mesh_dagster.clock.time.time_ns", lambda: 1_700_000_000_000_000_000)
    made = [clock.new_id() for _ in range(5_000)]
    assert made == sorted(made)


def test_an_identifier_is_a_uuid_of_version_7_that_tells_its_moment() -> None:
    before = datetime.now(UTC)
    made = uuid.UUID(clock.new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs((made.int >> 80) / 1000 - before.timestamp()) < 5


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_moment_beyond_the_calendar_is_no_moment_in_utc(text: str) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        clock.in_utc(datetime.fromisoformat(text))
