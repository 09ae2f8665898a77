"""What retention forgets, what it keeps, and what a commit costs after many."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import ModuleType

import pytest

from mesh_dagster import clock
from mesh_dagster.errors import CorruptState, NeverPublished, UnknownAddress
from mesh_dagster.ports import places, pointer, retention, table
from mesh_dagster.ports.open import open_port
from mesh_dagster.ports.rollback import rollback
from mesh_dagster.ports.stage import scan_staged, stage
from mesh_dagster.ports.storage import Storage

START = datetime(2013, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ROOT = "flights/departures/v1/"


def _daily(world: ModuleType, storage: Storage, days: int) -> None:
    """Every day its own partition, and the first partition once more."""
    for number in range(days):
        keys = [world.key(0), world.key(number)]
        world.run(storage, world.rows(keys, number), keys, base=number, at=START + number * DAY)


def _keys(storage: Storage) -> set[str]:
    return {entry.key for entry in storage.list(ROOT)}


def test_old_publications_go_with_the_files_that_only_they_need(
    world: ModuleType, storage: Storage
) -> None:
    _daily(world, storage, 8)
    before = _keys(storage)
    now = START + 8 * DAY
    cleaned = retention.clean(storage, world.PRODUCT, keep_days=3, keep_count=2, now=now)
    kept = list(pointer.publications(storage, world.PRODUCT))
    # The fifth was the current one until the sixth, which was three days ago to the hour.
    assert [each.number for each in kept] == [8, 7, 6, 5]
    assert cleaned.publications == 4
    assert cleaned.files == len(before - _keys(storage))
    assert cleaned.bytes > 0
    for each in kept:
        frame = open_port(storage, world.PRODUCT, None, each).polars().collect()
        assert sorted(frame["value"].unique()) == list(range(1, each.number))
    files = [key for key in _keys(storage) if key.endswith(".parquet")]
    # A file of each of eight days, and the first day's of the three before.
    assert len(files) == 7 + 4
    again = retention.clean(storage, world.PRODUCT, keep_days=3, keep_count=2, now=now)
    assert again == retention.Cleaned()


def test_the_last_publications_stay_however_old(world: ModuleType, storage: Storage) -> None:
    _daily(world, storage, 5)
    now = START + 1000 * DAY
    retention.clean(storage, world.PRODUCT, keep_days=3, keep_count=2, now=now)
    assert [each.number for each in pointer.publications(storage, world.PRODUCT)] == [5, 4]
    retention.clean(storage, world.PRODUCT, keep_days=0, keep_count=0, now=now)
    assert [each.number for each in pointer.publications(storage, world.PRODUCT)] == [5]
    assert len(world.values(storage)) == 5


def test_what_is_older_than_the_history_is_a_clear_error(
    world: ModuleType, folder: Storage
) -> None:
    _daily(world, folder, 5)
    retention.clean(folder, world.PRODUCT, keep_days=1, keep_count=1, now=START + 5 * DAY)
    with pytest.raises(NeverPublished, match="older than its retention") as caught:
        pointer.as_of(folder, world.PRODUCT, START + DAY)
    assert caught.value.code == "MESH-M028"
    with pytest.raises(UnknownAddress):
        pointer.publication(folder, world.PRODUCT, 1)


def test_what_died_attempts_left_goes_and_what_is_protected_stays(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0)]
    world.run(storage, world.rows(keys, 1), keys)
    staged = {}
    for name in ("quarantined", "died"):
        staged[name] = stage(
            storage,
            world.PRODUCT,
            world.LAYOUT,
            world.rows(keys, 2),
            attempt=clock.new_id(),
            partitions=keys,
            recorded_at=clock.now(),
        )
    waiting = staged["quarantined"].attempt
    retention.clean(storage, world.PRODUCT, now=clock.now(), protected_attempts=lambda: {waiting})
    assert scan_staged(storage, world.PRODUCT, staged["quarantined"]).collect().height == 3
    assert not [key for key in _keys(storage) if staged["died"].attempt in key]
    assert world.values(storage) == {keys[0]: [1] * 3}


def test_documents_of_a_publish_under_way_are_left_alone(
    world: ModuleType, folder: Storage
) -> None:
    keys = [world.key(0)]
    world.run(folder, world.rows(keys, 1), keys)
    written = [f"{ROOT}ports/_/metadata/new-m0.avro", f"{ROOT}publications/000000000002-x.json"]
    for key in written:
        folder.write(key, b"soon")
    retention.clean(folder, world.PRODUCT, now=clock.now() + 100 * DAY)
    assert folder.missing(written) == ()


def test_documents_ahead_of_a_pointer_that_was_put_back_stay(
    world: ModuleType, folder: Storage
) -> None:
    _daily(world, folder, 4)
    documents = [key for key in sorted(_keys(folder)) if "/publications/" in key]
    folder.write(f"{ROOT}pointer.json", folder.read(documents[1]))
    for key in _keys(folder):
        os.utime(folder.path(key), (0, 0))
    folder.write(f"{ROOT}ports/_/metadata/new", b"")
    retention.clean(folder, world.PRODUCT, keep_days=0, keep_count=1, now=START + 100 * DAY)
    assert [key for key in sorted(_keys(folder)) if "/publications/" in key] == documents[1:]


def test_a_pointer_that_went_back_can_go_forward_again(world: ModuleType, folder: Storage) -> None:
    _daily(world, folder, 4)
    newest = folder.read(f"{ROOT}pointer.json")
    documents = [key for key in sorted(_keys(folder)) if "/publications/" in key]
    expected = world.values(folder)
    folder.write(f"{ROOT}pointer.json", folder.read(documents[1]))
    for key in _keys(folder):
        os.utime(folder.path(key), (0, 0))
    folder.write(f"{ROOT}ports/_/metadata/new", b"")
    cleaned = retention.clean(
        folder, world.PRODUCT, keep_days=0, keep_count=1, now=START + 100 * DAY
    )
    assert cleaned.publications == 1
    folder.write(f"{ROOT}pointer.json", newest)
    assert world.values(folder) == expected
    kept = list(pointer.publications(folder, world.PRODUCT))
    assert [each.number for each in kept] == [4, 3, 2]
    for each in kept:
        assert open_port(folder, world.PRODUCT, None, each).polars().collect().height > 0


def test_a_state_that_was_rolled_back_to_keeps_its_files(
    world: ModuleType, folder: Storage
) -> None:
    _daily(world, folder, 4)
    first = pointer.publication(folder, world.PRODUCT, 1)
    rollback(folder, world.PRODUCT, first, attempt=clock.new_id(), at=START + 5 * DAY)
    retention.clean(folder, world.PRODUCT, keep_days=0, keep_count=1, now=START + 100 * DAY)
    assert world.values(folder) == {world.key(0): [0] * 6}


def test_nothing_is_deleted_while_a_publication_cannot_be_read(
    world: ModuleType, folder: Storage
) -> None:
    _daily(world, folder, 4)
    metadata = pointer.publication(folder, world.PRODUCT, 2).ports[""].metadata
    folder.write(folder.key(metadata), b"broken")
    before = _keys(folder)
    with pytest.raises(CorruptState):
        retention.clean(folder, world.PRODUCT, keep_days=0, keep_count=1, now=START + 100 * DAY)
    assert _keys(folder) == before


def test_a_clean_up_that_is_cut_off_anywhere_can_be_finished(
    world: ModuleType, folder: Storage
) -> None:
    class CutOff(Exception):
        pass

    _daily(world, folder, 5)
    now = START + 100 * DAY
    cut, done = 0, False
    while not done:
        cut += 1

        def dying(keys: object, left: list[int]) -> None:
            for key in list(keys):  # type: ignore[call-overload]
                left[0] -= 1
                if left[0] < 0:
                    raise CutOff
                type(folder).delete(folder, [key])

        left = [cut % 4]
        folder.delete = lambda keys, left=left: dying(keys, left)  # type: ignore[method-assign]
        try:
            retention.clean(folder, world.PRODUCT, keep_days=0, keep_count=1, now=now)
            done = True
        except CutOff:
            pass
        numbers = [each.number for each in pointer.publications(folder, world.PRODUCT)]
        assert numbers == list(range(5, 5 - len(numbers), -1))
        assert len(world.values(folder)) == 5
    assert numbers == [5]
    assert cut > 4


@pytest.mark.parametrize("order", ["rising", "falling", "scattered"])
def test_manifests_stay_few_small_and_disjoint(
    world: ModuleType, folder: Storage, order: str
) -> None:
    days = {"rising": range(60), "falling": range(59, -1, -1), "scattered": range(0, 60 * 7, 7)}
    numbers = [day % 60 for day in days[order]]
    for count, number in enumerate(numbers):
        keys = [world.key(number)]
        world.run(folder, world.rows(keys, number), keys, base=count)
    newest = pointer.current(folder, world.PRODUCT)
    place = places.port(world.PRODUCT, None)
    state = table.load(folder, place, newest.ports[""].metadata)
    held = [
        sorted({table.partition_of(entry) for entry in state.entries(manifest)})
        for manifest in state.manifests()
    ]
    assert sum(map(len, held)) == len(set(numbers)) == len(world.values(folder))
    assert len(held) <= 60 // table.SMALLEST_LEAF + 1
    held.sort()
    assert all(one[-1] < other[0] for one, other in pairwise(held))
    assert len(state.metadata.snapshots) == 1
