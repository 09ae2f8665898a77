"""Discovery documents: written when they say something new, read whatever else is there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.descriptors.source import Source
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Archetype, OutputPort, Product, Status
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.storage import Storage, open_storage
from mesh_dagster.registry import documents
from mesh_dagster.registry.documents import (
    Described,
    decode,
    encode,
    read_documents,
    write_document,
)


def described(path: str, version: str = "1.0.0") -> Described:
    address = Address.parse(path)
    column = Property("day", physical_type="date", type=ColumnType(Kind.DATE))
    contract = Contract(
        str(address), version, Status.ACTIVE, (SchemaObject(address.product, (column,)),)
    )
    product = Product(
        address,
        version,
        Status.ACTIVE,
        Archetype.AGGREGATE,
        outputs=(OutputPort(address.product, version, address),),
    )
    day = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))
    return Described(product, {"": contract}, day)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage(str(tmp_path / "registry"))


def test_a_product_is_found_as_it_was_described(storage: Storage) -> None:
    one = described("flights/departures/v1")
    assert write_document(storage, one)
    assert read_documents(storage) == (one,)
    assert one.domain == "flights"


def test_a_document_lies_at_the_path_of_its_address(storage: Storage) -> None:
    write_document(storage, described("flights/departures/v1"))
    document = json.loads(storage.read("flights/departures/v1.json"))
    assert document["schemaVersion"] == 1
    assert document["product"]["kind"] == "DataProduct"
    assert document["contracts"][""]["kind"] == "DataContract"


def test_a_document_that_says_nothing_new_is_not_written(storage: Storage) -> None:
    one = described("flights/departures/v1")
    write_document(storage, one)
    _, version = storage.read_versioned("flights/departures/v1.json")
    assert not write_document(storage, one)
    assert storage.read_versioned("flights/departures/v1.json")[1] == version
    assert write_document(storage, described("flights/departures/v1", "1.1.0"))


def test_an_empty_registry_knows_nothing(storage: Storage) -> None:
    assert read_documents(storage) == ()


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(encode(described("weather/observations/v1")))
    change(document)
    return json.dumps(document).encode()


CORRUPT = {
    "noise": (b"\xff\x00{", "MESH-D040"),
    "cut": (encode(described("weather/observations/v1"))[:200], "MESH-D040"),
    "a list": (b"[]", "MESH-D040"),
    "empty": (b"", "MESH-D040"),
    "deep": (b"[" * 100_000, "MESH-D040"),
    "no product": (changed(lambda it: it.pop("product")), "MESH-D040"),
    "no version": (changed(lambda it: it.pop("schemaVersion")), "MESH-D040"),
    "a newer major": (changed(lambda it: it.update(schemaVersion=2)), "MESH-D041"),
    "not a number": (b'{"schemaVersion": NaN}', "MESH-D040"),
    "another's address": (encode(described("flights/departures/v1")), "MESH-D040"),
    "a wrong product": (changed(lambda it: it["product"].update(id=7)), "MESH-D008"),
    "a wrong contract": (changed(lambda it: it["contracts"].update({"": 7})), "MESH-D040"),
    "wrong partitions": (changed(lambda it: it["partitions"].update(every="eon")), "MESH-D040"),
    "a start beyond the calendar": (
        changed(lambda it: it["partitions"].update(start="9999-12-31T23:00:00-05:00")),
        "MESH-D040",
    ),
    "no start": (changed(lambda it: it["partitions"].pop("start")), "MESH-D040"),
}


@pytest.mark.parametrize("corrupt", CORRUPT)
def test_a_corrupt_document_is_a_finding_and_hides_no_other(storage: Storage, corrupt: str) -> None:
    data, code = CORRUPT[corrupt]
    other = described("flights/departures/v1")
    write_document(storage, other)
    storage.write("weather/observations/v1.json", data)
    findings: list[Finding] = []
    assert read_documents(storage, findings) == (other,)
    assert findings[0].code == code
    assert {finding.subject for finding in findings} == {"weather/observations/v1"}


def test_a_document_that_is_too_large_is_not_read(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_document(storage, described("flights/departures/v1"))
    monkeypatch.setattr(documents, "LARGEST", 100)
    findings: list[Finding] = []
    assert read_documents(storage, findings) == ()
    assert "more than the 100 allowed" in findings[0].message


def test_what_a_newer_release_added_is_ignored(storage: Storage) -> None:
    one = described("weather/observations/v1")

    def add(document: dict[str, Any]) -> None:
        document["lineage"] = {"new": True}
        document["product"]["novelty"] = 1
        document["contracts"][""]["schema"][0]["properties"][0]["novelty"] = [1]

    storage.write("weather/observations/v1.json", changed(add))
    findings: list[Finding] = []
    assert read_documents(storage, findings) == (one,)
    assert findings == []


def test_other_files_in_the_registry_are_passed_over(storage: Storage) -> None:
    storage.write("README.md", b"hello")
    assert read_documents(storage) == ()


def test_odd_files_of_one_domain_hide_no_other(storage: Storage, tmp_path: Path) -> None:
    one = described("flights/departures/v1")
    write_document(storage, one)
    odd = tmp_path / "registry" / "weather"
    for name in ("circle", "endless", "pipe", "named"):
        (odd / name).mkdir(parents=True)
    (odd / "circle/v1.json").symlink_to(odd / "circle/v1.json")
    (odd / "endless/v1.json").symlink_to("/dev/zero")
    os.mkfifo(odd / "pipe/v1.json")
    (odd / "named/a\\b.json").write_text("{}")
    findings: list[Finding] = []
    assert read_documents(storage, findings) == (one,)
    assert [finding.subject for finding in findings] == ["weather/named/a\\b"]


def test_a_text_without_end_makes_a_document_unusable(storage: Storage) -> None:
    data = changed(lambda it: it["product"].update(team="x" * 100_001))
    storage.write("weather/observations/v1.json", data)
    findings: list[Finding] = []
    assert read_documents(storage, findings) == ()
    assert "100,001 characters" in findings[0].message


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=2000)
@given(
    st.binary(max_size=60) | st.text(st.sampled_from('{}[]",:1aeNI'), max_size=60).map(str.encode)
)
def test_any_bytes_are_answered(data: bytes) -> None:
    source = Source("x", "a/b/v1", tolerant=True)
    assert decode(data, "a/b/v1.json", source) is None
    assert source.findings
