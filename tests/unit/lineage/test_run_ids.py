"""A run has one id, whoever tells of it; ids of the mesh stay what they are."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster import clock
from mesh_dagster.lineage.told import run_id

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_an_id_of_the_mesh_is_the_runs() -> None:
    known = clock.new_id()
    assert run_id(known, datetime.now(UTC)) == known


@given(st.text(), MOMENTS)
def test_of_others_a_uuid_is_made_that_is_the_same_whoever_makes_it(text, at) -> None:
    found = uuid.UUID(run_id(text, at))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert str(found) == run_id(text, at)
    assert found.int >> 80 == int(at.timestamp() * 1000)


@given(st.uuids(version=4), st.uuids(version=4), MOMENTS)
def test_two_runs_have_two_ids(one, other, at) -> None:
    assert (run_id(str(one), at) == run_id(str(other), at)) == (one == other)


@given(st.uuids(version=4), MOMENTS, MOMENTS)
def test_ids_sort_by_time(text, one, other) -> None:
    first, second = sorted((one, other))
    if int(first.timestamp() * 1000) < int(second.timestamp() * 1000):
        assert run_id(str(text), first) < run_id(str(text), second)
