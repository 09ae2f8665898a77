"""What every storage does alike."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mesh_dagster.errors import MissingObject, StorageError, UsageError
from mesh_dagster.ports.storage import Storage, open_storage


def test_what_is_written_is_read_back_and_replaced(storage: Storage) -> None:
    storage.write("a/b/c.json", b"one")
    assert storage.read("a/b/c.json") == b"one"
    storage.write("a/b/c.json", b"two")
    assert storage.read("a/b/c.json") == b"two"


def test_reading_what_is_absent_says_so(storage: Storage) -> None:
    with pytest.raises(MissingObject, match="a/nothing"):
        storage.read("a/nothing")
    with pytest.raises(MissingObject):
        storage.read_versioned("a/nothing")
    with pytest.raises(MissingObject):
        storage.open("a/nothing")


def test_create_writes_only_where_nothing_is(storage: Storage) -> None:
    assert storage.create("a/x", b"one")
    assert not storage.create("a/x", b"two")
    assert storage.read("a/x") == b"one"


def test_swap_needs_the_version_that_was_read(storage: Storage) -> None:
    assert storage.swap("p", b"one", None)
    assert not storage.swap("p", b"two", None)
    _, version = storage.read_versioned("p")
    assert storage.swap("p", b"two", version)
    assert not storage.swap("p", b"three", version)
    assert storage.read("p") == b"two"
    assert not storage.swap("q", b"one", version)
    assert storage.missing(["q"]) == ("q",)


def test_of_many_swaps_at_once_one_wins(storage: Storage) -> None:
    storage.write("p", b"start")
    _, version = storage.read_versioned("p")
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: storage.swap("p", b"%d" % n, version), range(8)))
    assert won.count(True) == 1
    assert storage.read("p") == b"%d" % won.index(True)


def test_a_listing_has_every_object_of_a_prefix_in_order(storage: Storage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    for key in ("a/2", "a/1", "a/x/3", "ab", "b/1"):
        storage.write(key, b"12345")
    assert [entry.key for entry in storage.list("a/")] == ["a/1", "a/2", "a/x/3"]
    assert [entry.key for entry in storage.list("a")] == ["a/1", "a/2", "a/x/3", "ab"]
    assert all(each.size == 5 and each.modified > before for each in storage.list("a"))
    assert list(storage.list("nothing/")) == []


def test_a_listing_tells_an_object_that_was_written_since(storage: Storage) -> None:
    versions = []
    for data in (b"one", b"two", b"six"):
        storage.write("a/1", data)
        (found,) = storage.list("a/")
        (again,) = storage.list("a/")
        assert found.version == again.version
        versions.append(found.version)
    assert len(set(versions)) == 3


def test_the_file_beside_the_swap_is_no_object(storage: Storage) -> None:
    storage.swap("a/p", b"one", None)
    assert [entry.key for entry in storage.list("a/")] == ["a/p"]


def test_deleting_passes_over_what_is_gone(storage: Storage) -> None:
    for number in range(3):
        storage.write(f"a/{number}", b"")
    storage.delete(["a/0", "a/2", "a/gone"])
    assert storage.missing(["a/0", "a/1", "a/2"]) == ("a/0", "a/2")
    storage.delete([])


def test_an_object_opens_for_reading_its_parts(storage: Storage) -> None:
    data = bytes(range(256)) * 1000
    storage.write("a/big", data)
    with storage.open("a/big") as file:
        file.seek(-4, 2)
        assert file.read() == data[-4:]
        file.seek(1000)
        assert file.read(100) == data[1000:1100]
        assert file.tell() == 1100


def test_a_uri_leads_back_to_its_key(storage: Storage) -> None:
    assert storage.key(storage.uri("a/b.parquet")) == "a/b.parquet"
    with pytest.raises(UsageError):
        storage.key("s3://elsewhere/a/b.parquet")


@pytest.mark.parametrize(
    "key", ["../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a\\b", "a\0"]
)
def test_a_key_that_could_leave_the_storage_is_refused(storage: Storage, key: str) -> None:
    for operation in (storage.read, storage.open, storage.uri, storage.path):
        with pytest.raises(UsageError):
            operation(key)
    with pytest.raises(UsageError):
        storage.write(key, b"")
    with pytest.raises(UsageError):
        storage.delete([key])


def test_a_storage_pickles(storage: Storage) -> None:
    storage.write("a", b"one")
    assert pickle.loads(pickle.dumps(storage)).read("a") == b"one"


def test_an_unknown_scheme_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="file, s3"):
        open_storage("ftp://somewhere")


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    storage = open_storage(f"file://{tmp_path}/with space [1] %20 ü")
    storage.write("a/b", b"one")
    assert storage.key(storage.uri("a/b")) == "a/b"
    assert Path(storage.path("a/b")).read_bytes() == b"one"


def test_what_an_interrupted_write_left_is_swept(folder: Storage) -> None:
    folder.write("a/b", b"one")
    left = Path(folder.path("a/b")).with_name(".b.1234.tmp")
    left.write_bytes(b"half")
    assert [entry.key for entry in folder.list("a/")] == ["a/b"]
    assert folder.sweep("a/", datetime.now(UTC) - timedelta(hours=1)) == 0
    assert folder.sweep("a/", datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert not left.exists()


def test_an_interrupted_upload_is_swept(s3_url: str) -> None:
    import boto3

    bucket = s3_url.removeprefix("s3://").partition("/")[0]
    client = boto3.client("s3")
    client.create_multipart_upload(Bucket=bucket, Key="data/a/b")
    storage = open_storage(s3_url)
    # moto says of every upload that it began in 2010.
    assert storage.sweep("a/", datetime(2010, 1, 1, tzinfo=UTC)) == 0
    assert storage.sweep("a/", datetime.now(UTC) + timedelta(minutes=1)) == 1


def test_a_bucket_that_is_not_there_is_a_clear_error(s3_url: str) -> None:
    storage = open_storage("s3://nowhere-at-all/x")
    with pytest.raises(StorageError, match="NoSuchBucket"):
        storage.write("a", b"")


def test_a_lock_ends_with_the_process_that_held_it(folder: Storage) -> None:
    folder.swap("p", b"one", None)
    lock = Path(folder.path("p")).with_name(".p.lock")
    dead = (
        f"import fcntl, os, signal; file = open({str(lock)!r}, 'wb'); "
        "fcntl.flock(file, fcntl.LOCK_EX); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", dead], check=False)
    assert folder.swap("p", b"two", folder.read_versioned("p")[1])


def test_opening_a_folder_imports_neither_polars_nor_boto() -> None:
    code = (
        "import sys; from mesh_dagster.ports.storage import open_storage; "
        "from mesh_dagster.ports import pointer; open_storage('/tmp/x'); "
        "print([m for m in ('polars', 'pyiceberg', 'boto3', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_written_through_a_link_that_leaves_the_storage(tmp_path: Path) -> None:
    root, outside = tmp_path / "storage", tmp_path / "outside"
    (root / "d").mkdir(parents=True)
    outside.mkdir()
    (root / "d" / "p").symlink_to(outside)
    found = open_storage(str(root))
    for write in (found.write, found.create, lambda key, data: found.swap(key, data, None)):
        with pytest.raises(StorageError, match="a link leads there"):
            write("d/p/v1/pointer.json", b"{}")
    with pytest.raises(StorageError, match="a link leads there"):
        found.allow("d/p/v1/ports/_/data/attempt")
    assert list(outside.iterdir()) == []
    (outside / "kept").write_bytes(b"kept")
    (root / "d" / ".q.lock").symlink_to(outside / "kept")
    with pytest.raises(StorageError, match="a link leads there"):
        found.swap("d/q", b"new", None)
    assert (outside / "kept").read_bytes() == b"kept"


def test_a_storage_may_itself_be_a_link_and_hold_links_that_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "real" / "a").mkdir(parents=True)
    (tmp_path / "storage").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "b").symlink_to(tmp_path / "real" / "a")
    found = open_storage(str(tmp_path / "storage"))
    found.write("b/x", b"one")
    assert found.read("a/x") == b"one"
    found.allow("c/d")
