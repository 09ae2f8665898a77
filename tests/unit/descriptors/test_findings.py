"""What a reader says about a text: every error at once, where it is, both values, a fix."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mesh_dagster.descriptors import odcs, odps, syntax
from mesh_dagster.descriptors.source import MOST_FINDINGS, Source
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.finding import Finding, Severity

SAMPLE = Path(__file__).parent / "departures"
PRODUCT = (SAMPLE / "product.odps.yaml").read_text(encoding="utf-8")
CONTRACT = (SAMPLE / "contract.odcs.yaml").read_text(encoding="utf-8")


def findings_of(text: str, reader: object = odps.read) -> list[Finding]:
    with pytest.raises(DescriptorError) as refused:
        reader(text, "x.yaml")  # type: ignore[operator]
    return list(refused.value.findings)


def only(text: str, reader: object = odps.read) -> Finding:
    (finding,) = findings_of(text, reader)
    return finding


def test_all_errors_of_a_file_are_told_at_once() -> None:
    text = (
        PRODUCT.replace("status:", "statsu:")
        .replace("version: 1.2.0\n", "version: 1.2\n")
        .replace("archetype, value: source-aligned", "archetype, value: source")
        .replace("source:nycflights13/flights", "nycflights13")
    )
    codes = {finding.code for finding in findings_of(text)}
    assert codes >= {"MESH-D007", "MESH-D008", "MESH-D009", "MESH-D010", "MESH-D014"}


def test_a_finding_says_what_where_and_what_to_do() -> None:
    findings = findings_of(PRODUCT.replace("status:", "statsu:"))
    (finding,) = [each for each in findings if each.code == "MESH-D007"]
    assert str(finding) == (
        "MESH-D007 flights/departures · nothing is called `statsu` here; did you mean `status`?\n"
        "  at x.yaml:7\n"
        "  fix: write `status` for `statsu`"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: departures\n", "name: [a]\n", "`name` is a list (several values), expected a text"),
        ("name: departures\n", "name:\n", "`name` is nothing (empty), expected a text"),
        ("name: departures\n", "name: true\n", "`name` is true (true or false), expected a text"),
        ("name: departures\n", "name: 7\n", "`name` is 7 (a number), expected a text"),
    ],
)
def test_a_wrong_type_names_what_is_there_and_what_is_expected(
    old: str, new: str, message: str
) -> None:
    finding = only(PRODUCT.replace(old, new, 1))
    assert (finding.code, finding.message, finding.where) == ("MESH-D008", message, "x.yaml:4")


@pytest.mark.parametrize(
    ("text", "code", "line", "part"),
    [
        ("a: 1\na: 2\n", "MESH-D005", 2, "the first is in line 1"),
        ("a:\n\tb: 1\n", "MESH-D004", 2, "a tab indents this line"),
        ("- a\n- b\n", "MESH-D004", 1, "is a list, expected a mapping"),
        ("", "MESH-D004", 1, "is empty"),
        ("just text", "MESH-D004", 1, "is 'just text'"),
        ("a: b: c\n", "MESH-D004", 1, "mapping values are not allowed"),
        ("a: [1\nb: 2\n", "MESH-D004", 2, "is not YAML"),
        ("a: *nothing\n", "MESH-D004", 1, "alias"),
        ("a: 1\n---\nb: 2\n", "MESH-D004", 2, "another document"),
        ("? {a: b}\n: c\n", "MESH-D004", 1, "a key is a mapping"),
        ("a: !!python/object:os.system {}\n", "MESH-D004", 1, "has the tag"),
    ],
)
def test_text_that_is_no_document_is_told_with_its_line(
    text: str, code: str, line: int, part: str
) -> None:
    source = Source("x.yaml")
    syntax.read(text, source)
    assert [(each.code, each.where) for each in source.findings] == [(code, f"x.yaml:{line}")]
    assert part in source.findings[0].message


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"a: \xff\n", "byte 0xff"),
        (b"PK\x03\x04\x00\x00", "is binary"),
        ("id: é".encode("utf-16"), "is not UTF-8"),
    ],
)
def test_bytes_that_are_no_text_are_told(tmp_path: Path, data: bytes, part: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    with pytest.raises(DescriptorError, match=part):
        odps.read_file(path)


def test_a_file_of_100_mb_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(file: int, size: int) -> bytes:
        raise AssertionError(f"{size} bytes are read")

    path = tmp_path / "x.yaml"
    path.touch()
    os.truncate(path, 100 * 1024 * 1024)
    monkeypatch.setattr(syntax.os, "read", read)
    with pytest.raises(DescriptorError, match="has 104,857,600 bytes, more than the 2,097,152"):
        odps.read_file(path)
    os.truncate(path, 100)
    with pytest.raises(AssertionError, match="101 bytes are read"):
        odps.read_file(path)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(DescriptorError, match="is empty"):
        odps.read_file(tmp_path / "x.yaml")


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(DescriptorError, match="MESH-D003 cannot be read: No such file"):
        odps.read_file(tmp_path / "x.yaml")


def test_a_file_with_endless_errors_stops_being_listed() -> None:
    text = "".join(f"key{at}: 1\n" for at in range(2_000))
    assert len(findings_of(text)) == MOST_FINDINGS


def test_the_pure_parser_reads_what_the_fast_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    fast = odcs.read(CONTRACT)
    monkeypatch.setitem(sys.modules, "yaml.cyaml", None)
    monkeypatch.setattr(syntax, "_Parser", syntax._parser())
    assert odcs.read(CONTRACT) == fast
    with pytest.raises(DescriptorError, match="MESH-D006"):
        odcs.read("[" * 10_000)


@pytest.mark.parametrize(
    ("version", "code", "part"),
    [
        ("v2.0.0", "MESH-D012", "a newer major of ODPS"),
        ("v1.7.0", "MESH-D011", "ODPS is read in v0.9, v1.0"),
        ("1.0.0", "MESH-D011", "'1.0.0'"),
    ],
)
def test_an_unknown_version_of_odps_is_a_finding(version: str, code: str, part: str) -> None:
    finding = only(PRODUCT.replace("v1.0.0", version))
    assert (finding.code, finding.where) == (code, "x.yaml:1")
    assert part in finding.message


@pytest.mark.parametrize(
    ("version", "code"),
    [("v4.0.0", "MESH-D012"), ("v3.9.0", "MESH-D011"), ("v2.2.2", "MESH-D011")],
)
def test_an_unknown_version_of_odcs_is_a_finding(version: str, code: str) -> None:
    assert only(CONTRACT.replace("v3.1.0", version), odcs.read).code == code


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("mesh://flights/departures\n", "flights-departures\n", "expected mesh://"),
        ("mesh://flights/departures\n", "mesh://flights/departures/v2\n", "`id` says major 2"),
        ("name: departures\ndomain", "name: arrivals\ndomain", "`id` says departures"),
        ("domain: flights", "domain: weather", "`id` says flights"),
        ("departures/v1}", "departures/v3}", "has the product's address"),
        ("v1/late}", "v1/later}", "by its name it is mesh://flights/departures/v1/late"),
        ("name: airports", "name: flights_file", "declared twice"),
        ("name: airports", "name: Air Ports", "cannot name a parameter"),
        ("mesh://network/airports/v1", "mesh://flights/departures/v1", "of the product itself"),
        ("source:nycflights13/flights", "source:flights", "source:<system>/<name>"),
        ("version: 1.2.0\nstatus", "version: one\nstatus", "major.minor.patch"),
    ],
)
def test_a_descriptor_that_contradicts_itself_is_told(old: str, new: str, part: str) -> None:
    assert old in PRODUCT
    assert any(part in finding.message for finding in findings_of(PRODUCT.replace(old, new, 1)))


def test_a_custom_property_that_is_stated_twice_is_told() -> None:
    text = PRODUCT + "- {property: archetype, value: aggregate}\n"
    assert only(text).message == "the custom property `archetype` is stated twice"


@pytest.mark.parametrize(
    ("old", "new", "code", "part"),
    [
        ("v1.yaml#schema", "v1#schema", "MESH-D017", "names the file"),
        ("network/airports/v1.yaml", "network/airports.yaml", "MESH-D017", "without its major"),
        ("network/airports/v1.yaml", "Net/airports/v1.yaml", "MESH-D017", "not an address"),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: 0, mustBe: 1", "MESH-D018", "2 operators"),
        (", mustBeGreaterThan: 0", "", "MESH-D018", "no operator"),
        ("mustBeGreaterThan: 0", "mustBeBetween: [3, 1]", "MESH-D018", "smallest first"),
        ("metric: rowCount", "metric: rowcount", "MESH-D010", "did you mean `rowCount`?"),
        ("rowCount,", "rowCount, severity: eror,", "MESH-D010", "did you mean `error`?"),
        ("name: departed_at", "name: dest", "MESH-D015", "declared twice"),
        ("name: departed_at", "name: Dest", "MESH-D015", "only in case from `dest` in line 10"),
        ("name: departed_at", 'name: "^dest$"', "MESH-D014", "`^dest$` is named like a pattern"),
        ("name: departed_at", 'name: "*"', "MESH-D014", "`*` is named like a pattern"),
        ("name: departed_at", "name: _recorded_at", "MESH-D030", "added by the platform"),
        ("name: departed_at", "name: __mesh_window", "MESH-D030", "as columns of the platform"),
        ("required: true", "primaryKeyPosition: 1", "MESH-D019", "`primaryKey` is not true"),
        ("logicalType: string", "logicalType: strng", "MESH-D010", "did you mean `string`?"),
    ],
)
def test_a_contract_that_contradicts_itself_is_told(
    old: str, new: str, code: str, part: str
) -> None:
    assert old in CONTRACT
    finding = findings_of(CONTRACT.replace(old, new, 1), odcs.read)[0]
    assert finding.code == code
    assert part in finding.message


@pytest.mark.parametrize(
    ("to", "hint"),
    [
        ("departures.flight_dat", "did you mean `flight_date`?"),
        ("schema/departure/properties/dest", "did you mean `departures`?"),
    ],
)
def test_a_reference_to_what_the_contract_has_not_is_a_warning(to: str, hint: str) -> None:
    source = Source("x.yaml")
    text = CONTRACT.replace("network/airports/v1.yaml#schema/airports/properties/faa", to, 1)
    odcs.contract_from_document(syntax.read(text, source), source)
    (finding,) = source.findings
    assert (finding.code, finding.severity) == ("MESH-D017", Severity.WARNING)
    assert hint in finding.message


def test_relationships_of_a_table_pair_their_columns() -> None:
    text = CONTRACT + (
        "  relationships:\n"
        "  - from: [departures.dest, departures.flight_date]\n"
        "    to: [x/y/v1.yaml#schema/y/properties/a]\n"
    )
    assert "`from` has 2 columns and `to` has 1" in only(text, odcs.read).message


def test_a_reference_within_the_contract_may_use_identifiers() -> None:
    text = CONTRACT.replace("{name: flight_date,", "{name: flight_date, id: fd,").replace(
        "network/airports/v1.yaml#schema/airports/properties/faa",
        "/schema/departures/properties/fd",
    )
    (relationship,) = odcs.read(text).table.properties[1].relationships
    assert (relationship.target, relationship.target_columns) == (None, ("fd",))


def test_a_key_without_positions_has_them_in_the_order_of_its_columns() -> None:
    text = CONTRACT.replace("required: true", "primaryKey: true").replace(
        "{name: departed_at,", "{name: departed_at, primaryKey: true,"
    )
    assert odcs.read(text).table.key == ("flight_date", "departed_at")


def test_unquoted_words_and_dates_are_texts() -> None:
    text = CONTRACT.replace(
        "- name: dest\n", "- name: dest\n    examples: [no, 2013-01-01, 010, ~]\n"
    )
    assert odcs.read(text).table.properties[1].rest["examples"] == ["no", "2013-01-01", 10, None]


def test_findings_are_told_in_the_order_of_their_lines() -> None:
    text = PRODUCT.replace("apiVersion: v1.0.0", "apiVersion: v9.0.0").replace("late}", "later}")
    text = text.replace("source:nycflights13/flights", "x").replace("status: active", "status: x")
    lines = [int(str(each.where).rpartition(":")[2]) for each in findings_of(text)]
    assert lines == sorted(lines)
    assert len(lines) == 4


def test_what_an_alias_repeats_is_a_value_of_its_own() -> None:
    data = syntax.read("a: &x {k: [1, two]}\nb: *x\n", Source("f.yaml"))
    assert data is not None
    assert data["a"] == data["b"] == {"k": [1, "two"]}
    del data["b"]["k"][0]
    assert data["a"] == {"k": [1, "two"]}


@pytest.mark.parametrize("text", ["a: *nowhere\n", "a: &x [*x]\n"])
def test_an_alias_of_nothing_that_is_complete_is_a_finding(text: str) -> None:
    source = Source("f.yaml")
    assert syntax.read(text, source) is None
    (finding,) = source.findings
    assert "names nothing that ends before it" in finding.message
    assert finding.where == "f.yaml:1"
