"""A full disk, a read-only folder, files gone or broken: a clear error, and no damage."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from mesh_dagster import clock
from mesh_dagster.errors import CorruptState, StorageError, TransformError
from mesh_dagster.ports import pointer, retention
from mesh_dagster.ports.open import open_port
from mesh_dagster.ports.publish import publish
from mesh_dagster.ports.storage import Storage, open_storage

WORLD = str(Path(__file__).with_name("world.py"))
POINTER = "flights/departures/v1/pointer.json"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _fill(disk: Path, pages: int) -> Path:
    """Leave so many pages of 4 KiB free."""
    filler = disk / "filler"
    filler.write_bytes(b"\0" * max(shutil.disk_usage(disk).free - pages * 4096, 0))
    return filler


def test_a_full_disk_refuses_the_new_and_keeps_what_was_published(
    world: ModuleType, small_disk: Path
) -> None:
    storage = open_storage(str(small_disk))
    keys = [world.key(0), world.key(1)]
    world.run(storage, world.rows(keys, 1), keys)
    filler = _fill(small_disk, 0)
    for _ in range(2):
        with pytest.raises(StorageError, match="No space left on device") as caught:
            world.run(storage, world.rows(keys, 2), keys, base=1)
        assert caught.value.fix
        assert "free space" in caught.value.fix
        assert world.values(storage) == {day: [1] * 3 for day in keys}
    filler.unlink()
    world.run(storage, world.rows(keys, 3), keys, base=1)
    assert world.values(storage) == {day: [3] * 3 for day in keys}


def test_a_disk_that_fills_at_any_byte_of_a_publish_damages_nothing(
    world: ModuleType, small_disk: Path
) -> None:
    storage = open_storage(str(small_disk))
    keys = [world.key(0)]
    world.run(storage, world.rows(keys, 1), keys)
    refused = 0
    for pages in range(0, 16, 2):
        filler = _fill(small_disk, pages)
        try:
            world.run(storage, world.rows(keys, 2), keys, base=1)
        except StorageError:
            refused += 1
        assert world.values(storage) in ({keys[0]: [1] * 3}, {keys[0]: [2] * 3})
        filler.unlink()
    assert refused


def test_a_limit_on_file_sizes_is_a_clear_error(world: ModuleType, folder: Storage) -> None:
    keys = [world.key(0)]
    world.run(folder, world.rows(keys, 1), keys)
    done = subprocess.run(
        [sys.executable, WORLD, "fill", folder.url, "700"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["error"] == "StorageError"
    assert "File too large" in told["text"]
    assert world.values(folder) == {keys[0]: [1] * 3}


def test_a_read_only_folder_is_a_clear_error(world: ModuleType, small_disk: Path) -> None:
    storage = open_storage(str(small_disk))
    keys = [world.key(0)]
    world.run(storage, world.rows(keys, 1), keys)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageError, match="Read-only file system"):
        world.run(storage, world.rows(keys, 2), keys, base=1)
    with pytest.raises(StorageError, match="Read-only file system") as caught:
        storage.write("a", b"")
    assert "writable" in str(caught.value.fix)
    assert world.values(storage) == {keys[0]: [1] * 3}


def test_a_path_that_is_a_file_is_a_clear_error(world: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="Not a directory"):
        world.run(open_storage(f"{tmp_path}/file/storage"), world.rows([], 1), [world.key(0)])


def test_a_deleted_data_file_is_named(world: ModuleType, storage: Storage) -> None:
    keys = [world.key(0), world.key(1)]
    done = world.run(storage, world.rows(keys, 1), keys)
    newest = done.publication
    data = open_port(storage, world.PRODUCT, None, newest)
    gone = next(path for path in data.files if keys[0] in path)
    storage.delete([gone[gone.index("flights/") :]])
    with pytest.raises(CorruptState, match=f"1 of 2 data files.*{keys[0]}"):
        open_port(storage, world.PRODUCT, None, newest)
    other = open_port(storage, world.PRODUCT, None, newest, partitions=keys[1:])
    assert other.polars().collect().height == 3
    world.run(storage, world.rows(keys[:1], 2), keys[:1], base=1)
    assert world.values(storage) == {keys[0]: [2] * 3, keys[1]: [1] * 3}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schemaVersion": 1}', b"\xff\xfe", b'{"schemaVersion": "x"}']
)
def test_a_corrupt_pointer_is_named_and_never_overwritten(
    world: ModuleType, folder: Storage, content: bytes
) -> None:
    keys = [world.key(0)]
    world.run(folder, world.rows(keys, 1), keys)
    good = folder.read(POINTER)
    folder.write(POINTER, content)
    with pytest.raises(CorruptState, match=r"pointer\.json") as caught:
        pointer.current(folder, world.PRODUCT)
    assert "publications/" in str(caught.value.fix)
    with pytest.raises(CorruptState):
        world.run(folder, world.rows(keys, 2), keys)
    assert folder.read(POINTER) == content
    newest = max(entry.key for entry in folder.list("flights/departures/v1/publications/"))
    folder.write(POINTER, folder.read(newest))
    assert folder.read(POINTER) == good
    assert world.values(folder) == {keys[0]: [1] * 3}


def test_a_lost_pointer_is_named_and_nothing_is_deleted(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0)]
    for value in range(3):
        world.run(storage, world.rows(keys, value), keys, base=value or None)
    good = storage.read(POINTER)
    storage.delete([POINTER])
    before = [entry.key for entry in storage.list("flights/")]
    for attempt in (
        lambda: pointer.current(storage, world.PRODUCT),
        lambda: retention.clean(storage, world.PRODUCT, now=clock.now() + timedelta(days=999)),
        lambda: publish(storage, world.PRODUCT, {}, partitions=(), attempt="new", base=None),
    ):
        with pytest.raises(CorruptState, match=r"pointer\.json is gone") as caught:
            attempt()
        assert "publications/000000000003-" in str(caught.value.fix)
    assert [entry.key for entry in storage.list("flights/")] == before
    newest = max(key for key in before if "/publications/" in key)
    storage.write(POINTER, storage.read(newest))
    assert storage.read(POINTER) == good
    assert world.values(storage) == {keys[0]: [2] * 3}


def test_a_first_publish_that_was_cut_off_before_its_swap_is_made_again(
    world: ModuleType, folder: Storage
) -> None:
    keys = [world.key(0)]
    world.run(folder, world.rows(keys, 1), keys)
    folder.delete([POINTER])
    assert pointer.current(folder, world.PRODUCT) is None
    retention.clean(folder, world.PRODUCT, now=clock.now() + timedelta(days=999))
    assert list(folder.list("flights/departures/v1/publications/"))
    world.run(folder, world.rows(keys, 2), keys)
    assert world.values(folder) == {keys[0]: [2] * 3}


def test_a_history_that_loops_is_named(world: ModuleType, folder: Storage) -> None:
    keys = [world.key(0)]
    for value in range(3):
        world.run(folder, world.rows(keys, value), keys, base=value or None)
    first = pointer.publication(folder, world.PRODUCT, 1)
    key = f"flights/departures/v1/publications/000000000001-{first.id}.json"
    folder.write(key, folder.read(POINTER))
    with pytest.raises(CorruptState, match="it is of publication 3") as caught:
        list(pointer.publications(folder, world.PRODUCT))
    assert key in str(caught.value)


OTHER = "file:///storage/shop/sales/v1/ports/_/metadata/a.metadata.json"
OUTSIDE = "file:///storage/flights/departures/v1/ports/_/metadata/../../../../x.json"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schemaVersion", float("inf")),
        ("product", "mesh://shop/sales/v1"),
        ("number", 0),
        ("number", 1.5),
        ("number", True),
        ("id", 7),
        ("attempt", None),
        ("previous", 7),
        ("at", "2013-11-01T00:00:00"),
        ("partitions", "2013-11-01"),
        ("partitions", [1]),
        ("ports", {"": {"metadata": OTHER, "snapshotId": 1, "rows": 1}}),
        ("ports", {"": {"metadata": OUTSIDE, "snapshotId": 1, "rows": 1}}),
        ("ports", {"": {"metadata": 1, "snapshotId": 1, "rows": float("inf")}}),
    ],
)
def test_a_pointer_that_says_what_cannot_be_is_named(
    world: ModuleType, folder: Storage, field: str, value: object
) -> None:
    keys = [world.key(0)]
    world.run(folder, world.rows(keys, 1), keys)
    content = json.loads(folder.read(POINTER))
    folder.write(POINTER, json.dumps(content | {field: value}).encode())
    with pytest.raises(CorruptState, match=r"pointer\.json is no readable document"):
        pointer.current(folder, world.PRODUCT)


def test_a_pointer_that_is_nested_without_end_is_named(world: ModuleType, folder: Storage) -> None:
    folder.write(POINTER, b"[" * 200_000)
    with pytest.raises(CorruptState, match=r"pointer\.json is no readable document"):
        pointer.current(folder, world.PRODUCT)


def test_a_pointer_of_a_newer_release_says_to_upgrade(world: ModuleType, folder: Storage) -> None:
    folder.write(POINTER, b'{"schemaVersion": 2}')
    with pytest.raises(CorruptState, match="schema version 2") as caught:
        pointer.current(folder, world.PRODUCT)
    assert "upgrade" in str(caught.value.fix)


@pytest.mark.parametrize("kind", ["metadata.json", "snap-", "-m0.avro"])
@pytest.mark.parametrize("damage", ["gone", "cut", "garbage"])
def test_damaged_iceberg_documents_are_named_and_stop_a_publish(
    world: ModuleType, folder: Storage, kind: str, damage: str
) -> None:
    keys = [world.key(0), world.key(1)]
    done = world.run(folder, world.rows(keys, 1), keys)
    key = next(
        e.key for e in folder.list("flights/departures/v1/ports/_/metadata") if kind in e.key
    )
    content = folder.read(key)
    if damage == "gone":
        folder.delete([key])
    else:
        folder.write(key, content[: len(content) // 2] if damage == "cut" else b"\0garbage" * 99)
    before = folder.read(POINTER)
    with pytest.raises(CorruptState, match=key.rpartition("/")[2]):
        open_port(folder, world.PRODUCT, None, done.publication)
    with pytest.raises(CorruptState):
        world.run(folder, world.rows(keys[:1], 2), keys[:1], base=1)
    assert folder.read(POINTER) == before
    folder.write(key, content)
    assert world.values(folder) == {day: [1] * 3 for day in keys}


def test_a_gap_in_the_history_is_named(world: ModuleType, folder: Storage) -> None:
    for number in range(4):
        world.run(folder, world.rows([world.key(number)], 1), [world.key(number)])
    second = pointer.publication(folder, world.PRODUCT, 2)
    name = f"000000000002-{second.id}.json"
    folder.delete([f"flights/departures/v1/publications/{name}"])
    with pytest.raises(CorruptState, match=name):
        list(pointer.publications(folder, world.PRODUCT))
    assert pointer.current(folder, world.PRODUCT).number == 4


def test_a_frame_that_fails_is_the_domains_error(world: ModuleType, folder: Storage) -> None:
    frame = world.rows([world.key(0)], 1).lazy().select("nothing")
    with pytest.raises(TransformError, match="nothing"):
        world.run(folder, frame, [world.key(0)])
    assert pointer.current(folder, world.PRODUCT) is None
