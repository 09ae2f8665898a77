"""Partition sets are the mesh's own, key by key, whatever they are cut by."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from mesh_dagster import clock
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.wiring import TransformKind, TransformRef, Wiring
from mesh_dagster.orchestrate.partitions import mapping, partition_set
from mesh_dagster.products.making.inputs import upstream_keys
from mesh_dagster.products.making.transform import Window

START = datetime(2013, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("every", list(Every))
@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2013-11-08T12:00:00Z", "2013-11-01"),
        ("2013-11-10T00:00:00Z", "2013-10-27"),
        ("2013-03-01T00:00:00Z", None),
        ("2013-01-01T00:30:00Z", None),
    ],
)
def test_a_replayed_set_has_the_keys_of_the_mesh(monkeypatch, every, now, since) -> None:
    monkeypatch.setenv("MESH_NOW", now)
    if since:
        monkeypatch.setenv("MESH_SINCE", since)
    else:
        monkeypatch.delenv("MESH_SINCE", raising=False)
    partitioning = Partitioning(every, "moment", START)
    found = partition_set(partitioning)
    assert found is not None
    assert list(found.get_partition_keys()) == list(partitioning.keys(clock.now(), clock.since()))


def test_equal_sets_are_one_object(monkeypatch) -> None:
    monkeypatch.setenv("MESH_NOW", "2013-11-08T12:00:00Z")
    one = partition_set(Partitioning(Every.DAY, "a_column", START))
    assert one is partition_set(Partitioning(Every.DAY, "another", START))


def test_a_window_reads_the_days_before_and_none_that_does_not_exist(monkeypatch) -> None:
    monkeypatch.setenv("MESH_NOW", "2013-11-08T12:00:00Z")
    monkeypatch.setenv("MESH_SINCE", "2013-11-01")
    days = partition_set(Partitioning(Every.DAY, "day", START))
    assert days is not None
    before = mapping((-7, -1))

    def upstream(key: str) -> list[str]:
        found = before.get_upstream_mapped_partitions_result_for_partitions(
            days.subset_with_partition_keys([key]), days, days
        )
        assert found.required_but_nonexistent_subset.is_empty
        return sorted(found.partitions_subset.get_partition_keys())

    assert upstream("2013-11-01") == []
    assert upstream("2013-11-03") == ["2013-11-01", "2013-11-02"]


@pytest.mark.parametrize("own", list(Every))
@pytest.mark.parametrize("upstream", list(Every))
@pytest.mark.parametrize("window", [(0, 0), (-1, 0), (-7, -1)])
def test_dagster_waits_for_exactly_what_a_run_reads(monkeypatch, own, upstream, window) -> None:
    monkeypatch.setenv("MESH_NOW", "2013-06-20T12:00:00Z")
    monkeypatch.setenv("MESH_SINCE", "2013-03-01")
    ours, theirs = Partitioning(own, "moment", START), Partitioning(upstream, "moment", START)
    wiring = Wiring(TransformRef(TransformKind.SQL, "transform.sql"), ours, windows={"up": window})
    loaded = SimpleNamespace(wiring=wiring)
    our_set, their_set = partition_set(ours), partition_set(theirs)
    assert our_set is not None
    assert their_set is not None
    keys = list(our_set.get_partition_keys())
    for key in {keys[0], keys[len(keys) // 2], keys[-1]}:
        found = mapping(window).get_upstream_mapped_partitions_result_for_partitions(
            our_set.subset_with_partition_keys([key]), our_set, their_set
        )
        read = upstream_keys(loaded, "up", Window((key,), ours), theirs)
        assert sorted(found.partitions_subset.get_partition_keys()) == list(read or ())
