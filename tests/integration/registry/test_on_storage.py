"""Documents and their index in a folder and in a bucket alike."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mesh_dagster.model.discovery import About
from mesh_dagster.ports.storage import Storage, open_storage
from mesh_dagster.registry.documents import Document, document_of, documents
from mesh_dagster.registry.index import Index
from mesh_dagster.registry.writing import write_document

DOMAIN = About("shop", "Team shop")


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(str(tmp_path / "registry"))
    return open_storage(request.getfixturevalue("s3_url"))


def entry(path: str, purpose: str = "") -> bytes:
    told = {"address": f"mesh://{path}", "product": {"description": {"purpose": purpose}}}
    return json.dumps({**told, "contracts": {}}, separators=(",", ":")).encode()


def put(storage: Storage, path: str, purpose: str = "") -> bool:
    def change(known: Document) -> dict[str, bytes]:
        return {**known.entries, path: entry(path, purpose)}

    return write_document(storage, DOMAIN, change)


def test_of_many_writers_of_one_domain_none_loses_its_entry(storage: Storage) -> None:
    paths = [f"shop/p{each}/v1" for each in range(16)]
    with ThreadPoolExecutor(4) as threads:
        written = list(threads.map(lambda path: put(storage, path), paths))
    assert all(written)
    assert sorted(document_of(storage, "shop").entries) == sorted(paths)
    assert not put(storage, paths[0])


def test_an_index_follows_what_is_written(storage: Storage, tmp_path: Path) -> None:
    for number in range(3):
        put(storage, f"shop/p{number}/v1", "one")
    assert [each.about for each in documents(storage)] == [DOMAIN]
    asked = "select path, purpose from products order by path"
    with Index(tmp_path / "index.db", storage) as index:
        assert index.refresh() == 1
        assert index.refresh() == 0
        put(storage, "shop/p1/v1", "two")
        assert index.refresh() == 1
        found = index.ask(lambda connection: connection.execute(asked).fetchall())
        assert found == [("shop/p0/v1", "one"), ("shop/p1/v1", "two"), ("shop/p2/v1", "one")]
