"""A full disk, a read-only folder, files gone or broken: a clear error, and no damage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.errors import CorruptState, JournalError, MeshError, StorageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import AttemptState
from mesh_dagster.ports import places
from mesh_dagster.products.reading.read import publication_at, read

WORLD = str(Path(__file__).with_name("world.py"))
ADDRESS = Address.parse("shop/sales/v1")
DAY, NEXT = "2013-11-01", "2013-11-02"


def _mount(place: Path, *options: str) -> None:
    done = subprocess.run(
        ["mount", *options, str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no right to mount here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    _mount(place, "-t", "tmpfs", "-o", "size=2m", "tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def on_disk(world: ModuleType, disk: Path, tmp_path: Path) -> Any:
    """`shop/sales`, published once, with its storage on the small disk."""
    shop = world.Shop.new(tmp_path / "mesh", storage=str(disk / "storage"))
    shop.product(rows=world.sold({DAY: [1], NEXT: [1]}))
    shop.make(DAY, NEXT)
    shop.feed(world.sold({DAY: [2], NEXT: [2]}))
    return shop


@pytest.fixture
def sales(shop: Any, world: ModuleType) -> Any:
    shop.product(rows=world.sold({DAY: [1], NEXT: [1]}))
    shop.make(DAY)
    shop.make(NEXT)
    shop.feed(world.sold({DAY: [2], NEXT: [2]}))
    return shop


def test_a_full_disk_refuses_the_new_and_keeps_what_was_published(on_disk: Any, disk: Path) -> None:
    full: list[StorageError] = []
    for pages in range(0, 24, 4):
        before = on_disk.amounts()
        filler = disk / "filler"
        filler.write_bytes(b"\0" * max(shutil.disk_usage(disk).free - pages * 4096, 0))
        try:
            on_disk.make(DAY, NEXT)
        except StorageError as error:
            full.append(error)
            after = on_disk.amounts()
            assert after == before
        filler.unlink()
    assert full
    assert all("free space" in error.fix for error in full)
    on_disk.make(DAY, NEXT)
    assert on_disk.amounts() == {DAY: [2], NEXT: [2]}
    with on_disk.mesh.journal("shop") as journal:
        states = [each.state for each in journal.attempts(ADDRESS.path)]
    assert states.count(AttemptState.FAILED) == len(full)
    assert set(states) <= {AttemptState.FAILED, AttemptState.FINISHED}


def test_a_limit_on_the_size_of_files_is_told(sales: Any, world: ModuleType) -> None:
    done = subprocess.run(
        [sys.executable, WORLD, "fill", str(sales.root), "200", DAY],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("StorageError MESH-", "JournalError MESH-"))
    assert sales.amounts() == {DAY: [1], NEXT: [1]}
    sales.make(DAY)
    assert sales.amounts() == {DAY: [2], NEXT: [1]}


def test_a_read_only_mount_is_told_and_still_read(on_disk: Any, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        with pytest.raises(StorageError, match=r"(?i)read-only") as caught:
            on_disk.make(DAY)
        assert caught.value.fix
        assert on_disk.amounts() == {DAY: [1], NEXT: [1]}
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    on_disk.make(DAY)
    assert on_disk.amounts() == {DAY: [2], NEXT: [1]}


def test_a_data_file_that_is_gone_is_named_and_made_again(sales: Any) -> None:
    first, second = sorted(read("shop/sales", mesh=sales.mesh).files)
    Path(first).unlink()
    with pytest.raises(CorruptState, match=r"1 of 2 data files .* are gone") as caught:
        sales.amounts()
    assert caught.value.fix.endswith("mesh run shop/sales/v1")
    assert Path(second).exists()
    gone = places.origin(first)[1]
    sales.make(gone)
    assert sales.amounts() == {DAY: [1], NEXT: [1]} | {gone: [2]}


def _pointer(shop: Any) -> Path:
    return Path(shop.mesh.storage.path(places.pointer(ADDRESS)))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\x00", b'{"schemaVersion": 1}'])
def test_a_corrupt_pointer_is_told_and_nothing_is_written_over_it(
    sales: Any, content: bytes
) -> None:
    kept = _pointer(sales).read_bytes()
    _pointer(sales).write_bytes(content)
    for attempt in (sales.amounts, lambda: sales.make(DAY), lambda: sales.rollback(1)):
        with pytest.raises(CorruptState, match="no readable document") as caught:
            attempt()
        assert "publications/" in caught.value.fix
    assert _pointer(sales).read_bytes() == content
    newest = sorted(_pointer(sales).parent.glob("publications/*.json"))[-1]
    assert newest.read_bytes() == kept
    shutil.copy(newest, _pointer(sales))
    sales.make(DAY)
    assert sales.amounts() == {DAY: [2], NEXT: [1]}


@pytest.mark.parametrize("restored", ["older", "gone"])
def test_a_pointer_that_went_backwards_is_told_and_nothing_is_published_on_it(
    sales: Any, restored: str
) -> None:
    kept = _pointer(sales).read_bytes()
    older, newest = sorted(_pointer(sales).parent.glob("publications/*.json"))
    if restored == "older":
        shutil.copy(older, _pointer(sales))
        told = "names publication 1, and the journal knows of publication 2"
    else:
        _pointer(sales).unlink()
        newest.unlink()  # what is left may be a first publish that was cut off
        told = "is gone, and the journal knows of publication 2"
    with pytest.raises(CorruptState, match=told) as caught:
        sales.make(DAY)
    assert "000000000002-*.json" in caught.value.fix
    _pointer(sales).write_bytes(kept)
    if restored == "gone":
        newest.write_bytes(kept)
    sales.make(DAY)
    assert sales.amounts() == {DAY: [2], NEXT: [1]}


def test_a_newer_pointer_asks_for_a_newer_release(sales: Any) -> None:
    text = _pointer(sales).read_text()
    _pointer(sales).write_text(text.replace('"schemaVersion": 1', '"schemaVersion": 2'))
    with pytest.raises(CorruptState, match="schema version 2") as caught:
        sales.amounts()
    assert "--upgrade mesh-dagster" in caught.value.fix


def test_corrupt_metadata_is_told_and_earlier_states_still_read(sales: Any) -> None:
    published = publication_at(sales.mesh, ADDRESS)
    metadata = Path(published.ports[""].metadata.removeprefix("file://"))
    good = metadata.read_bytes()
    metadata.write_bytes(good[:100])
    with pytest.raises(CorruptState):
        sales.amounts()
    with pytest.raises(CorruptState):
        sales.make(DAY)
    assert sales.amounts(as_of=1) == {DAY: [1]}
    metadata.write_bytes(good)
    assert sales.amounts() == {DAY: [1], NEXT: [1]}


def test_a_corrupt_journal_stops_a_run_and_no_reader(sales: Any) -> None:
    file = sales.mesh.config.state / "journals/shop.db"
    for beside in file.parent.glob("shop.db-*"):
        beside.unlink()
    file.write_bytes(b"this is no database" * 400)
    with pytest.raises(JournalError) as caught:
        sales.make(DAY)
    assert caught.value.code == "MESH-M030"
    assert caught.value.fix
    assert sales.amounts() == {DAY: [1], NEXT: [1]}
    file.unlink()
    sales.make(DAY)
    assert sales.amounts() == {DAY: [2], NEXT: [1]}
    with sales.mesh.journal("shop") as journal:
        assert [each.number for each in journal.publications(ADDRESS.path)] == [3, 2, 1]


def test_a_journal_that_refuses_at_the_end_loses_nothing_that_was_published(
    sales: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mesh_dagster.journal import Journal

    def refuse(*_: Any, **__: Any) -> None:
        raise JournalError("the journal is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "finish", refuse)
        with pytest.raises(JournalError):
            sales.make(DAY)
    assert sales.amounts() == {DAY: [2], NEXT: [1]}
    sales.make(NEXT)
    assert sales.amounts() == {DAY: [2], NEXT: [2]}
    with sales.mesh.journal("shop") as journal:
        assert journal.running(ADDRESS.path) == [], "although its process is still there"
        assert [each.number for each in journal.publications(ADDRESS.path)] == [4, 3, 2, 1]


def test_a_storage_that_is_away_at_the_end_loses_nothing_that_was_published(
    sales: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mesh_dagster.journal import Journal
    from mesh_dagster.products.making import materialize

    def refuse(*_: Any, **__: Any) -> None:
        raise StorageError("the storage is away")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "finish", refuse)
        patch.setattr(materialize, "publication_of", refuse)
        with pytest.raises(StorageError):
            sales.make(DAY)
    assert sales.amounts() == {DAY: [2], NEXT: [1]}


def test_a_registry_that_refuses_does_not_undo_a_publication(
    sales: Any, world: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    sales.name_owners("ada")
    monkeypatch.setenv("MESH_USER", "ada")
    document = Path(sales.mesh.config.registry, "shop/discovery.json")
    shutil.rmtree(document.parent)
    document.parent.write_text("in the way")
    sales.make(DAY)
    assert sales.amounts() == {DAY: [2], NEXT: [1]}
    document.parent.unlink()
    sales.make(NEXT)
    assert document.is_file()


@pytest.mark.parametrize("file", ["contract.odcs.yaml", "product.odps.yaml", "defs.yaml"])
def test_broken_files_of_a_product_keep_nobody_from_reading_it(
    sales: Any, world: ModuleType, file: str
) -> None:
    sales.product(
        "books/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=world.DAILY,
        sql="select day, sum(amount)::bigint as amount from sales group by day",
    )
    sales.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    (sales.load().folder / file).write_text("this: is: no: yaml")
    assert sales.amounts("shop/sales") == {DAY: [1], NEXT: [1]}
    sales.make(DAY, address="books/totals")
    assert sales.amounts("books/totals") == {DAY: [1]}
    sales.make(address="shop/items")
    with pytest.raises(MeshError):
        sales.make(DAY)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_told(sales: Any) -> None:
    folder = Path(sales.mesh.storage.path("shop/sales/v1"))
    folder.chmod(0o555)
    try:
        with pytest.raises(MeshError, match="Permission denied"):
            sales.make(DAY)
    finally:
        folder.chmod(0o755)
    assert sales.amounts() == {DAY: [1], NEXT: [1]}
