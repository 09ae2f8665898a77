"""logicalTypeOptions are checked when a contract is read, each with its line."""

from __future__ import annotations

import pytest

from mesh_dagster.descriptors import odcs, syntax
from mesh_dagster.descriptors.source import Source
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Finding, Severity

HEAD = """\
apiVersion: {version}
kind: DataContract
id: c
version: 1.0.0
status: active
schema:
- name: t
  properties:
  - name: a
    logicalType: {logical}
    logicalTypeOptions:
      {options}
"""


def read(
    logical: str, options: str, *more: str, version: str = "v3.2.0"
) -> tuple[Contract, list[Finding]]:
    source = Source("c.yaml")
    text = HEAD.format(version=version, logical=logical, options=options)
    text += "".join(f"    {line}\n" for line in more)
    contract = odcs.contract_from_document(syntax.read(text, source), source)
    assert contract is not None
    return contract, source.findings


@pytest.mark.parametrize(
    ("logical", "options", "code", "part"),
    [
        ("integer", "maximum: many", "MESH-D051", "'many', expected a number"),
        ("string", "minLength: -1", "MESH-D051", "-1, expected a whole number from 0"),
        ("string", "maxLength: 1.5", "MESH-D051", "1.5"),
        ("string", "minLenght: 1", "MESH-D050", "did you mean `minLength`?"),
        ("integer", "maxLength: 3", "MESH-D050", "an option of string, and this is integer"),
        ("boolean", "minimum: 3", "MESH-D050", "and this is boolean"),
        ("string", "pattern: '['", "MESH-D053", "unterminated"),
        ("integer", "multipleOf: 0", "MESH-D051", "a number above 0"),
        ("integer", "format: i33", "MESH-D051", "did you mean"),
        ("number", "format: i32", "MESH-D051", "'i32'"),
        ("date", "minimum: yesterday", "MESH-D051", "a date, like"),
        ("timestamp", "defaultTimezone: Mars/Olympus", "MESH-D051", "a time zone"),
        ("timestamp", "timezone: 'yes'", "MESH-D051", "true or false"),
        ("array", "minItems: few", "MESH-D051", "'few'"),
        ("array", "uniqueItems: 1", "MESH-D051", "true or false"),
        ("object", "required: []", "MESH-D051", "a list of texts"),
        ("vector", "dimensions: 0", "MESH-D051", "from 1"),
        ("vector", "elementType: float32", "MESH-D051", "`dimensions` is missing"),
        ("vector", "{dimensions: 2, elementType: float33}", "MESH-D051", "did you mean `float32`"),
        ("vector", "{dimensions: 2, distanceMetric: taxi}", "MESH-D051", "cosine"),
    ],
)
def test_an_option_that_cannot_be_is_told_with_its_line(
    logical: str, options: str, code: str, part: str
) -> None:
    _, (finding,) = read(logical, options)
    assert finding.code == code
    assert finding.severity is Severity.ERROR
    assert part in finding.message
    assert (finding.where or "").startswith("c.yaml:")


@pytest.mark.parametrize(
    ("logical", "options"),
    [
        ("string", "{minLength: 3, maxLength: 2}"),
        ("integer", "{minimum: 3, maximum: 2}"),
        ("integer", "{minimum: 3, exclusiveMaximum: 3}"),
        ("date", "{minimum: '2013-01-02', maximum: '2013-01-01'}"),
        ("array", "{minItems: 3, maxItems: 2}"),
    ],
)
def test_ends_that_leave_no_value_are_told(logical: str, options: str) -> None:
    _, (finding,) = read(logical, options)
    assert finding.code == "MESH-D052"
    assert "no value is left" in finding.message
    assert finding.where == "c.yaml:12"


@pytest.mark.parametrize(
    ("logical", "options"),
    [
        ("string", "{minLength: 1, maxLength: 9, pattern: '^\\p{L}+$', format: email}"),
        ("integer", "{minimum: 0, exclusiveMaximum: 9, multipleOf: 3, format: u8}"),
        ("number", "{exclusiveMinimum: 0.5, maximum: 9, multipleOf: 0.1, format: f32}"),
        ("date", "{minimum: '2013-01-01', format: yyyy-MM-dd}"),
        ("timestamp", "{minimum: '2013-01-01T00:00:00Z', defaultTimezone: Europe/Berlin}"),
        ("time", "{exclusiveMaximum: '12:00:00', timezone: false}"),
        ("array", "{minItems: 1, maxItems: 2, uniqueItems: true}"),
        ("vector", "{dimensions: 3, elementType: int8, normalized: true, embeddingModel: m}"),
    ],
)
def test_what_the_standard_allows_is_no_finding(logical: str, options: str) -> None:
    contract, findings = read(logical, options)
    assert findings == []
    assert contract.table.properties[0].options


def test_names_that_an_object_requires_are_its_own() -> None:
    fields = ("properties:", "- name: zip")
    _, (finding,) = read("object", "required: [zap]", *fields)
    assert "did you mean `zip`?" in finding.message
    assert read("object", "required: [zip]", *fields)[1] == []


def test_in_3_0_an_end_is_made_exclusive_by_a_flag() -> None:
    contract, findings = read("integer", "{minimum: 0, exclusiveMinimum: true}", version="v3.0.2")
    assert findings == []
    assert contract.table.properties[0].options == {"minimum": 0, "exclusiveMinimum": True}
    assert read("integer", "{minimum: 0, exclusiveMinimum: true}")[1] != []


@pytest.mark.parametrize("pattern", ["(?=a)b", "(?<!a)b", r"(a)\1"])
def test_a_pattern_that_no_engine_runs_is_a_warning(pattern: str) -> None:
    _, (finding,) = read("string", f"pattern: '{pattern}'")
    assert (finding.code, finding.severity) == ("MESH-D053", Severity.WARNING)


@pytest.mark.parametrize(
    "pattern",
    ["(?<n>a)", "^(?i)a", "(?i-s:a)", r"a\z", r"\x{41}\u{41}", r"\p{Greek}", r"\\1", "[a-z&&[^b]]"],
)
def test_what_only_rust_writes_is_a_pattern(pattern: str) -> None:
    assert read("string", f"pattern: '{pattern}'")[1] == []


def test_a_wrong_option_is_dropped_and_the_others_stay() -> None:
    contract, _ = read("string", "{minLength: -1, maxLength: 3}")
    assert contract.table.properties[0].options == {"maxLength": 3}


def test_the_key_and_value_of_a_map_are_read_and_written_back() -> None:
    text = HEAD.format(version="v3.2.0", logical="map", options="{}") + (
        "    map:\n"
        "      key: {logicalType: string, logicalTypeOptions: {maxLength: 2}}\n"
        "      value: {logicalType: integer, required: true, deprecated: true}\n"
    )
    contract = odcs.read(text)
    column = contract.table.properties[0]
    assert str(column.type) == "map<string,long>"
    assert column.key is not None
    assert column.key.options == {"maxLength": 2}
    assert column.value is not None
    assert column.value.required
    assert column.value.deprecated
    assert odcs.read(odcs.write(contract)) == contract


@pytest.mark.parametrize(
    ("value", "severity"),
    [("false", Severity.ERROR), ("true", None), ("warning", Severity.WARNING)],
)
def test_a_table_says_how_bad_other_columns_are(value: str, severity: Severity | None) -> None:
    text = HEAD.format(version="v3.2.0", logical="string", options="{}") + (
        f"  customProperties: [{{property: additionalColumns, value: {value}}}]\n"
    )
    contract = odcs.read(text)
    assert contract.table.additional is severity
    assert odcs.read(odcs.write(contract)) == contract


@pytest.mark.parametrize("value", ["maybe", "1", "error"])
def test_other_words_for_other_columns_are_told(value: str) -> None:
    source = Source("c.yaml")
    text = HEAD.format(version="v3.2.0", logical="string", options="{}") + (
        f"  customProperties: [{{property: additionalColumns, value: {value}}}]\n"
    )
    odcs.contract_from_document(syntax.read(text, source), source)
    (finding,) = source.findings
    assert finding.code == "MESH-D008"


def test_a_key_in_a_column_is_no_key() -> None:
    lines = ("properties:", "- {name: zip, primaryKey: true}")
    _, (finding,) = read("object", "{minProperties: 0}", *lines)
    assert (finding.code, finding.severity) == ("MESH-D019", Severity.WARNING)
    assert "a.zip" in finding.message
