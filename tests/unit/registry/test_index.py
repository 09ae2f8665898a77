"""The index: a shortcut that is never wrong for long, whatever becomes of its file."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mesh_dagster.errors import StorageError
from mesh_dagster.model.discovery import Facts
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry import index as indexing
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import entry_of
from mesh_dagster.registry.index import Index

Describe = Callable[..., Described]
Tell = Callable[..., bool]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "index.db"


def paths(index: Index) -> list[str]:
    asked = "select path from products order by path"
    return index.ask(lambda connection: [path for (path,) in connection.execute(asked)])


def test_it_has_what_documents_tell(
    storage: Storage, file: Path, describe: Describe, facts: Callable[[str], Facts], tell: Tell
) -> None:
    tell(storage, describe("flights/departures/v1"))
    tell(storage, describe("weather/observations/v1"))
    tell(storage, describe("punctuality/routes/v1", facts=facts("punctuality/routes/v1")))
    with Index(file, storage) as index:
        assert index.refresh() == 3
        assert paths(index) == [
            "flights/departures/v1",
            "punctuality/routes/v1",
            "weather/observations/v1",
        ]
        readers = "select path, readers from products where readers > 0"
        assert index.ask(lambda it: it.execute(readers).fetchall()) == [
            ("weather/observations/v1", 1)
        ]
        edges = "select * from edges where target like 'weather%'"
        found = index.ask(lambda it: it.execute(edges).fetchall())
        assert [row[1:] for row in found] == [
            ("", "day", "weather/observations/v1", "day", "IDENTITY")
        ]


def test_only_what_was_written_since_is_read_again(
    storage: Storage,
    file: Path,
    describe: Describe,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tell(storage, describe("flights/departures/v1"), describe("flights/arrivals/v1"))
    tell(storage, describe("weather/observations/v1"))
    read: list[str] = []
    parsed: list[str] = []
    real_read, real_row = storage.read, indexing.row_of

    def reading(key: str) -> bytes:
        read.append(key)
        return real_read(key)

    def parsing(path: str, entry: Any) -> Any:
        parsed.append(path)
        return real_row(path, entry)

    monkeypatch.setattr(storage, "read", reading)
    monkeypatch.setattr(indexing, "row_of", parsing)
    with Index(file, storage) as index:
        index.refresh()
        read.clear()
        parsed.clear()
        assert index.refresh() == 0
        assert (read, parsed) == ([], [])
        tell(storage, describe("flights/arrivals/v1", "1.1.0"))
        read.clear()
        assert index.refresh() == 1
        assert (read, parsed) == (["flights/discovery.json"], ["flights/arrivals/v1"])
        storage.delete(["weather/discovery.json"])
        assert index.refresh() == 1
        assert paths(index) == ["flights/arrivals/v1", "flights/departures/v1"]


CORRUPT: dict[str, Callable[[Path], object]] = {
    "noise": lambda file: file.write_bytes(b"no database at all" * 1000),
    "cut": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "empty": lambda file: file.write_bytes(b""),
    "gone": lambda file: file.unlink(),
    "another's tables": lambda file: [file.unlink(), sqlite3.connect(file).close()],
    "another format": lambda file: changed(file, "update meta set value = '0'"),
    "no words": lambda file: changed(file, "drop table words"),
    "no text": lambda file: file.write_bytes(
        file.read_bytes().replace(b"CREATE TABLE meta", b"CREATE TABL\xa1 meta")
    ),
}


def changed(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("corrupt", CORRUPT)
def test_a_corrupt_index_is_built_anew_and_nobody_is_told(
    storage: Storage,
    file: Path,
    describe: Describe,
    tell: Tell,
    corrupt: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    tell(storage, *(describe(f"flights/product_{each}/v1".replace("_", "x")) for each in range(9)))
    with Index(file, storage) as index:
        index.refresh()
        before = paths(index)
    CORRUPT[corrupt](file)
    with Index(file, storage) as index:
        index.refresh()
        count = index.ask(lambda it: it.execute("select count(*) from words").fetchone()[0])
        assert paths(index) == before
        assert count == len(before)
    assert capfd.readouterr() == ("", "")


def test_an_index_is_of_one_registry(
    storage: Storage, file: Path, describe: Describe, tell: Tell, tmp_path: Path
) -> None:
    tell(storage, describe("flights/departures/v1"))
    other = type(storage)(str(tmp_path / "other"))
    tell(other, describe("weather/observations/v1"))
    for place, found in ((storage, "flights/departures/v1"), (other, "weather/observations/v1")):
        with Index(file, place) as index:
            index.refresh()
            assert paths(index) == [found]


def test_a_corrupt_document_is_a_finding_and_hides_no_other(
    storage: Storage, file: Path, describe: Describe, tell: Tell
) -> None:
    tell(storage, describe("flights/departures/v1"))
    storage.write("weather/discovery.json", b"{")
    good = entry_of(describe("sea/ships/v1"))
    bad = {**entry_of(describe("sea/ports/v1")), "product": 7, "contracts": [1]}
    head = {"schemaVersion": 2, "domain": {"name": "sea"}, "products": [good, bad]}
    storage.write("sea/discovery.json", json.dumps(head).encode())
    with Index(file, storage) as index:
        index.refresh()
        assert paths(index) == ["flights/departures/v1", "sea/ports/v1", "sea/ships/v1"]
        assert [each.subject for each in index.findings] == ["weather"]
        tell(storage, describe("weather/observations/v1"))
        index.refresh()
        assert index.findings == ()


def test_texts_that_a_database_refuses_are_kept_as_far_as_they_are_texts(
    storage: Storage, file: Path, describe: Describe
) -> None:
    entry = entry_of(describe("sea/ships/v1"))
    entry["product"]["description"] = {"purpose": "half \ud800 of a \0 letter"}
    entry["product"]["tags"] = ["\udfff", 7, None]
    head = {"schemaVersion": 2, "domain": {"name": "sea"}, "products": [entry]}
    storage.write("sea/discovery.json", json.dumps(head).encode())
    with Index(file, storage) as index:
        index.refresh()
        purpose = "select purpose from products"
        (found,) = index.ask(lambda it: it.execute(purpose).fetchone())
        assert found == "half ? of a \0 letter"


def test_a_registry_that_cannot_be_asked_leaves_the_index_as_it_was(
    storage: Storage, file: Path, describe: Describe, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(storage, describe("flights/departures/v1"))
    with Index(file, storage) as index:
        index.refresh()

        def refuse(prefix: str) -> Any:
            raise StorageError("nobody answers")

        monkeypatch.setattr(storage, "list", refuse)
        with pytest.raises(StorageError):
            index.refresh()
        assert paths(index) == ["flights/departures/v1"]


def refuse_once(monkeypatch: pytest.MonkeyPatch, storage: Storage, refused: str) -> None:
    real, left = storage.read, [refused]

    def read(key: str) -> bytes:
        if key in left:
            left.remove(key)
            raise StorageError("slow down")
        return real(key)

    monkeypatch.setattr(storage, "read", read)


def test_a_document_that_cannot_be_read_is_told_as_before_and_asked_for_again(
    storage: Storage, file: Path, describe: Describe, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(storage, describe("flights/departures/v1"))
    tell(storage, describe("weather/observations/v1"))
    with Index(file, storage) as index:
        index.refresh()
        before = paths(index)
        tell(storage, describe("flights/departures/v1"), describe("flights/arrivals/v1"))
        refuse_once(monkeypatch, storage, "flights/discovery.json")
        assert index.refresh() == 1
        assert paths(index) == before
        (finding,) = index.findings
        assert "cannot be read: slow down" in finding.message
        assert index.refresh() == 1
        assert paths(index) == ["flights/arrivals/v1", *before]
        assert index.findings == ()
        assert index.refresh() == 0


def test_a_document_that_could_not_be_read_and_is_withdrawn_is_gone(
    storage: Storage, file: Path, describe: Describe, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(storage, describe("flights/departures/v1"))
    with Index(file, storage) as index:
        index.refresh()
        tell(storage, describe("flights/departures/v1", "1.1.0"))
        refuse_once(monkeypatch, storage, "flights/discovery.json")
        index.refresh()
        storage.delete(["flights/discovery.json"])
        assert index.refresh() == 1
        assert paths(index) == []


def test_a_document_of_the_first_schema_that_cannot_be_read_stays_alone(
    storage: Storage, file: Path, describe: Describe, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {"schemaVersion": 1, **entry_of(describe("flights/arrivals/v1"))}
    storage.write("flights/arrivals/v1.json", json.dumps(old).encode())
    tell(storage, describe("flights/departures/v1"))
    with Index(file, storage) as index:
        index.refresh()
        tell(storage, describe("flights/gates/v1"))
        refuse_once(monkeypatch, storage, "flights/arrivals/v1.json")
        assert index.refresh() == 1
        assert paths(index) == ["flights/arrivals/v1", "flights/departures/v1", "flights/gates/v1"]
        storage.delete(["flights/arrivals/v1.json"])
        assert index.refresh() == 1
        assert paths(index) == ["flights/departures/v1", "flights/gates/v1"]


def test_an_index_that_cannot_be_kept_is_told(
    storage: Storage, describe: Describe, tell: Tell, tmp_path: Path
) -> None:
    tell(storage, describe("flights/departures/v1"))
    (tmp_path / "state").write_text("in the way")
    with (
        Index(tmp_path / "state" / "index.db", storage) as index,
        pytest.raises(StorageError, match="cannot be written"),
    ):
        index.refresh()


_WORK = """
import sys
from pathlib import Path
from mesh_dagster.ports.storage import open_storage
from mesh_dagster.registry.index import Index

most = 0
for _ in range(12):
    with Index(Path(sys.argv[2]), open_storage(sys.argv[1])) as index:
        index.refresh(anew=sys.argv[3] == "anew")
        asked = "select count(*) from products"
        seen = index.ask(lambda connection: connection.execute(asked).fetchone()[0])
        most = max(most, seen)
print(most)
"""


def test_several_processes_use_one_index(
    storage: Storage, file: Path, describe: Describe, tell: Tell
) -> None:
    """Some of them build it anew all the time, and documents are written meanwhile."""
    tell(storage, describe("flights/departures/v1"))
    root = storage.url.removeprefix("file://")
    working = [
        subprocess.Popen(
            [sys.executable, "-c", _WORK, root, file, how], stdout=subprocess.PIPE, text=True
        )
        for how in ("anew", "since", "anew", "since")
    ]
    for each in range(10):
        tell(storage, describe(f"weather/p{each}/v1"))
    for process in working:
        seen, _ = process.communicate(timeout=240)
        assert process.returncode == 0
        assert 1 <= int(seen) <= 11
    with Index(file, storage) as index:
        index.refresh()
        assert len(paths(index)) == 11
    left = sorted(each.name for each in file.parent.iterdir())
    assert left == [".index.db.lock", "index.db"]


_DIE = """
import os, sqlite3, sys
from pathlib import Path
from mesh_dagster.ports.storage import open_storage
from mesh_dagster.registry import index as indexing

def die(*_):
    os._exit(9)

setattr(indexing, sys.argv[3], die)
indexing.Index(Path(sys.argv[2]), open_storage(sys.argv[1])).refresh(anew=sys.argv[4] == "anew")
"""


@pytest.mark.parametrize("how", ["anew", "since"])
@pytest.mark.parametrize("at", ["insert", "_note", "learn_spelling", "weigh"])
def test_a_process_that_dies_leaves_an_index_that_works(
    storage: Storage, file: Path, describe: Describe, tell: Tell, at: str, how: str
) -> None:
    tell(storage, describe("flights/departures/v1"))
    with Index(file, storage) as index:
        index.refresh()
    tell(storage, describe("weather/observations/v1"))
    root = storage.url.removeprefix("file://")
    ended = subprocess.run([sys.executable, "-c", _DIE, root, file, at, how], check=False)
    assert ended.returncode == 9
    with Index(file, storage) as index:
        assert paths(index) == ["flights/departures/v1"]
        index.refresh()
        assert paths(index) == ["flights/departures/v1", "weather/observations/v1"]
