"""`mesh contract import`: what becomes what, and that nothing is dropped in silence."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.cli.root import run
from mesh_dagster.contracts.exchange.formats import IMPORTS, import_contract
from mesh_dagster.contracts.exchange.imported import Imported
from mesh_dagster.descriptors import odcs
from mesh_dagster.errors import MeshError
from mesh_dagster.model.contract import Property
from mesh_dagster.model.finding import Severity


@pytest.fixture
def imported(tmp_path: Path) -> Any:
    def make(format_: str, content: str, name: str = "orders") -> Imported:
        ending = {"dbt": "yml", "pandera": "py", "dcs": "yaml"}.get(format_, "json")
        path = tmp_path / f"{name}.{ending}"
        path.write_text(content, encoding="utf-8")
        found = import_contract(format_, str(path))
        assert odcs.read(found.text) == found.contract
        for note in found.notes:
            assert " ".join(note.split()) in " ".join(found.text.split())
        return found

    return make


def column(found: Imported, name: str) -> Property:
    property_ = found.contract.table.find(name)
    assert property_ is not None
    return property_


RECORD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "order",
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "email", "ship", "tags", "maybe"],
    "$defs": {
        "address": {
            "type": "object",
            "required": ["zip"],
            "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}, "to": {"$ref": "#"}},
        }
    },
    "properties": {
        "id": {"type": "integer", "minimum": 1, "description": "its number"},
        "email": {"type": "string", "format": "email", "maxLength": 99},
        "at": {"type": ["string", "null"], "format": "date-time"},
        "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "status": {"enum": ["open", "paid"], "type": "string"},
        "kind": {"const": "x", "type": "string"},
        "amount": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01},
        "ship": {"$ref": "#/$defs/address"},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 3},
        "attributes": {"type": "object", "additionalProperties": {"type": "integer"}},
        "maybe": {"type": ["integer", "null"]},
        "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "far": {"$ref": "https://example.com/other.json"},
        "odd": {"type": "string", "format": "json-pointer"},
    },
}


def test_a_json_schema_of_a_record(imported: Any) -> None:
    found = imported("jsonschema", json.dumps(RECORD))
    table = found.contract.table
    assert table.additional is Severity.ERROR
    assert column(found, "id").options == {"minimum": 1}
    assert column(found, "id").required
    assert column(found, "email").options == {"format": "email", "maxLength": 99}
    assert str(column(found, "at").type) == "timestamptz"
    assert str(column(found, "day").type) == "date"
    assert column(found, "status").rest["enum"] == [{"value": "open"}, {"value": "paid"}]
    assert column(found, "kind").rest["enum"] == [{"value": "x"}]
    assert column(found, "amount").options == {"exclusiveMinimum": 0, "multipleOf": 0.01}
    ship = column(found, "ship")
    assert ship.properties[0].options == {"pattern": "^[0-9]{5}$"}
    assert ship.properties[0].required
    tags = column(found, "tags")
    assert tags.options == {"maxItems": 3}
    assert tags.items is not None
    assert tags.items.options == {"minLength": 1}
    assert column(found, "attributes").value is not None
    for said in ("maybe must be there", "either: oneOf", "other.json", "'json-pointer'", "deeper"):
        assert any(said in note for note in found.notes), (said, found.notes)


def test_a_json_schema_of_an_array_of_records(imported: Any) -> None:
    listed = {
        "type": "array",
        "items": {"type": "object", "properties": {"a": {"type": "boolean"}}},
    }
    found = imported("jsonschema", json.dumps(listed))
    assert str(column(found, "a").type) == "boolean"
    assert found.contract.table.additional is None


DBT = """
version: 2
models:
- name: customers
  columns:
  - name: id
    data_type: bigint
- name: orders
  description: Orders as they were placed.
  config: {contract: {enforced: true}}
  constraints:
  - {type: primary_key, columns: [id, line]}
  - {type: check, name: sane, expression: "amount >= 0"}
  columns:
  - name: id
    data_type: bigint
    constraints: [{type: not_null}]
  - {name: line, data_type: integer}
  - name: customer
    data_type: bigint
    description: who placed it
    data_tests:
    - not_null
    - relationships: {to: ref('customers'), field: id, config: {severity: warn}}
    - relationships: {arguments: {to: "ref('elsewhere')", field: id}}
  - name: status
    data_type: varchar(10)
    tests:
    - accepted_values: {values: [open, paid]}
    - unique: {config: {where: "status = 'open'"}}
    - dbt_utils.not_constant
  - name: amount
    data_type: decimal(10,2)
    data_tests:
    - not_null: {severity: warn}
  - {name: odd, data_type: super}
  data_tests:
  - dbt_utils.unique_combination_of_columns: {combination_of_columns: [id, customer]}
seeds: []
"""


def test_dbt_models_with_contracts_constraints_and_tests(imported: Any) -> None:
    found = imported("dbt", DBT)
    customers, orders = found.contract.schema
    assert customers.additional is None
    assert orders.additional is Severity.ERROR
    assert orders.key == ("id", "line")
    by_name = {each.name: each for each in orders.properties}
    assert by_name["customer"].required
    link = by_name["customer"].relationships[0]
    assert (link.target_object, link.target_columns) == ("customers", ("id",))
    assert link.severity is Severity.WARNING
    assert by_name["status"].rest["enum"] == [{"value": "open"}, {"value": "paid"}]
    assert not by_name["status"].unique
    assert str(by_name["amount"].type) == "decimal(10,2)"
    warned = by_name["amount"].quality[0]
    assert (warned.metric, warned.severity) == ("nullValues", Severity.WARNING)
    check, pair = orders.quality
    assert check.rest["query"] == "SELECT COUNT(*) FROM {object} WHERE NOT (amount >= 0)"
    assert pair.arguments == {"properties": ["id", "customer"]}
    for said in ("elsewhere", "where", "not_constant", "'super'", "seeds"):
        assert any(said in note for note in found.notes), (said, found.notes)


DBT_LIMITED = """
models:
- name: orders
  columns:
  - name: id
    data_type: bigint
    data_tests:
    - unique: {config: {enabled: false}}
    - not_null: {enabled: false}
  - name: code
    data_type: varchar
    constraints: [{type: unique}]
    data_tests:
    - not_null: {LIMIT}
  data_tests:
  - dbt_utils.unique_combination_of_columns: {combination_of_columns: [id, code]}
- name: old
  config: {enabled: false}
"""


def test_a_data_test_of_dbt_that_is_disabled_promises_nothing(imported: Any) -> None:
    found = imported("dbt", DBT_LIMITED.replace("{LIMIT}", "{}"))
    assert [table.name for table in found.contract.schema] == ["orders"]
    id_ = column(found, "id")
    assert (id_.unique, id_.required, id_.quality) == (False, False, ())
    said = ("unique is disabled", "not_null is disabled", "old: the model is disabled")
    for each in (*said, "null in (id, code)", "enforced contract only"):
        assert any(each in note for note in found.notes), (each, found.notes)


@pytest.mark.parametrize(
    "limit",
    [
        "{where: id > 3}",
        "{config: {where: id > 3}}",
        "{error_if: '>10'}",
        "{warn_if: '>0'}",
        "{fail_calc: sum(n)}",
        "{config: {limit: 5}}",
        "{config: {severity: \"{{ 'warn' if target.name == 'dev' else 'error' }}\"}}",
        "{config: {enabled: \"{{ target.name == 'prod' }}\"}}",
    ],
)
def test_a_data_test_of_dbt_that_asks_less_is_told_and_not_taken(imported: Any, limit: str) -> None:
    found = imported("dbt", DBT_LIMITED.replace("{LIMIT}", limit))
    code = column(found, "code")
    assert not code.required
    assert [each.type for each in code.quality] == ["text"]
    assert any("not_null() with" in note for note in found.notes)


def test_the_schema_of_an_arrow_file(tmp_path: Path) -> None:
    fields = [
        pa.field("id", pa.int64(), nullable=False, metadata={"description": "its number"}),
        pa.field("small", pa.int8()),
        pa.field("at", pa.timestamp("ns", "Europe/Berlin")),
        pa.field("words", pa.dictionary(pa.int32(), pa.string())),
        pa.field("pair", pa.list_(pa.float32(), 2)),
        pa.field("span", pa.duration("s")),
    ]
    schema = pa.schema(fields, metadata={"description": "What it is."})
    path = tmp_path / "orders.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema):
        pass
    found = import_contract("arrow", str(path))
    assert found.contract.table.description == "What it is."
    assert column(found, "id").required
    assert column(found, "id").description == "its number"
    assert str(column(found, "small").type) == "int"
    assert column(found, "at").logical_type == "timestamp"
    assert str(column(found, "words").type) == "string"
    assert column(found, "pair").options == {"minItems": 2, "maxItems": 2}
    assert column(found, "span").type is None
    assert [note.partition(":")[0] for note in found.notes] == ["at", "span"]


def test_an_iceberg_tables_metadata(imported: Any) -> None:
    schema = {
        "type": "struct",
        "schema-id": 1,
        "identifier-field-ids": [1],
        "fields": [
            {"id": 1, "name": "id", "required": True, "type": "long", "doc": "its number"},
            {"id": 2, "name": "who", "required": False, "type": "uuid"},
            {"id": 3, "name": "when", "required": False, "type": "timestamptz_ns"},
            {"id": 4, "name": "any", "required": False, "type": "variant"},
        ],
    }
    old = {"type": "struct", "schema-id": 0, "fields": []}
    found = imported(
        "iceberg",
        json.dumps({"format-version": 3, "current-schema-id": 1, "schemas": [old, schema]}),
    )
    assert found.contract.table.key == ("id",)
    assert column(found, "id").description == "its number"
    assert [note.partition(":")[0] for note in found.notes] == ["when", "any"]


def test_a_schema_in_the_users_own_python(imported: Any, tmp_path: Path) -> None:
    (tmp_path / "limits.py").write_text("LEAST = 3\n")
    source = (
        "import pandera.polars as pa\nfrom limits import LEAST\n"
        "schema = pa.DataFrameSchema({'a': pa.Column(int, pa.Check.ge(LEAST))}, name='orders')\n"
        "class Other(pa.DataFrameModel):\n    b: str\n"
    )
    (tmp_path / "one.py").write_text(source)
    found = import_contract("pandera", f"{tmp_path / 'one.py'}::schema")
    assert column(found, "a").options == {"minimum": 3}
    assert (
        import_contract("pandera", f"{tmp_path / 'one.py'}::Other").contract.table.name == "Other"
    )
    with pytest.raises(MeshError, match="2 pandera schemas"):
        import_contract("pandera", str(tmp_path / "one.py"))
    with pytest.raises(MeshError, match="no pandera schema 'shema'; did you mean `schema`"):
        import_contract("pandera", f"{tmp_path / 'one.py'}::shema")


def test_a_pandera_schema_keeps_the_flags_of_its_patterns_and_ends_of_decimals(
    imported: Any,
) -> None:
    source = (
        "import decimal, re\nimport pandera.pandas as pa\n"
        "schema = pa.DataFrameSchema({'a': pa.Column(str, [\n"
        "    pa.Check.str_matches(re.compile('x', re.I)),\n"
        "]), 'b': pa.Column(str, pa.Check.str_contains('(?=x)')),\n"
        "'c': pa.Column(None, pa.Check.in_range(decimal.Decimal('0'), decimal.Decimal('9.5')))})\n"
    )
    found = imported("pandera", source, "schema.py")
    assert column(found, "a").options == {"pattern": "^(?:(?i)x)"}
    assert column(found, "b").options == {}
    assert any("str_contains('(?=x)')" in note for note in found.notes)
    assert column(found, "c").options == {"minimum": 0, "maximum": 9.5}


_NULL = {"type": "null"}
_CIRCLE = {"anyOf": [{"$ref": "#/$defs/a"}, _NULL]}
_CHAIN = {str(at): {"anyOf": [{"$ref": f"#/$defs/{at + 1}"}, _NULL]} for at in range(3000)}


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"a": _CIRCLE}, "$defs": {"a": _CIRCLE}}, "it leads in a circle"),
        ({"properties": {"a": _CHAIN["0"]}, "$defs": _CHAIN}, "it is not in this file"),
    ],
)
def test_a_json_schema_without_end_is_read_as_far_as_it_goes(
    imported: Any, schema: dict[str, Any], said: str
) -> None:
    found = imported("jsonschema", json.dumps(schema))
    assert any(said in note for note in found.notes)


def test_a_reference_that_may_be_null_is_what_it_refers_to(imported: Any) -> None:
    schema = {
        "properties": {"a": {"anyOf": [{"$ref": "#/$defs/n"}, _NULL]}},
        "required": ["a"],
        "$defs": {"n": {"type": "integer", "minimum": 2}},
    }
    a = column(imported("jsonschema", json.dumps(schema)), "a")
    assert (a.logical_type, a.options, a.required) == ("integer", {"minimum": 2}, False)


def test_a_check_of_pandera_that_only_warns_is_no_promise(imported: Any) -> None:
    source = (
        "import pandera.polars as pa\n"
        "schema = pa.DataFrameSchema({'a': pa.Column(str, [\n"
        "    pa.Check.isin(['x', 'y'], raise_warning=True),\n"
        "    pa.Check.str_length(1, 3, raise_warning=True),\n"
        "])})\n"
    )
    found = imported("pandera", source, "schema.py")
    a = column(found, "a")
    assert (a.options, a.rest.get("enum")) == ({}, None)
    (rule,) = a.quality
    assert rule.arguments == {"validValues": ["x", "y"]}
    assert rule.severity is Severity.WARNING
    assert any("str_length(1, 3) only warns" in note for note in found.notes)


def test_a_pattern_that_a_contract_cannot_promise_is_told(imported: Any) -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "(?=x)", "maxLength": 3}}}
    found = imported("jsonschema", json.dumps(schema))
    assert column(found, "a").options == {"maxLength": 3}
    assert "a: pattern '(?=x)', which Rust cannot read" in found.notes


def test_a_data_contract_specification(imported: Any) -> None:
    text = (
        "dataContractSpecification: 1.1.0\nid: urn:orders\ninfo: {title: Orders, version: 1.0.0}\n"
        "models:\n  orders:\n    type: table\n    fields:\n"
        "      id: {type: bigint, required: true, primaryKey: true}\n"
    )
    found = imported("dcs", text)
    assert found.contract.table.key == ("id",)


DEEP: dict[str, Any] = {"type": "object", "properties": {}}
for _ in range(200):
    DEEP = {"type": "object", "properties": {"a": DEEP}}
WIDE = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/l0"}},
    "$defs": {
        f"l{at}": {
            "type": "object",
            "properties": {f"p{n}": {"$ref": f"#/$defs/l{at + 1}"} for n in range(9)},
        }
        for at in range(18)
    },
}
CIRCLE = {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}
HOSTILE = {
    "empty": b"",
    "noise": random.Random(1).randbytes(500),
    "null": b"null",
    "number": b"7",
    "text": b'"a"',
    "list": b"[1, 2]",
    "open": b"[" * 100_000,
    "deep": json.dumps(DEEP).encode(),
    "wide": json.dumps(WIDE).encode(),
    "circle": json.dumps(CIRCLE).encode(),
    "odd": b'{"type": 7, "properties": {"a": [], "b": {"type": {}}, "c": {"enum": 3}}}',
    "odd_models": b"models: [1, {name: 2, columns: 3}, {name: x, columns: [{name: [1]}]}]",
    "odd_fields": b'{"fields": [{"id": "x", "name": 3, "type": {"type": "map"}}]}',
    "python": b"raise SystemExit(3)",
    "syntax": b"def (",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("format_", IMPORTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_in_a_contract_or_a_sentence(
    tmp_path: Path, format_: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{name}.py"
    path.write_bytes(HOSTILE[name])
    code = run(["contract", "import", format_, str(path)])
    said = capsys.readouterr()
    assert code in (0, 2, 3)
    assert "bug in mesh-dagster" not in said.err, said.err
    if code == 0:
        odcs.read(said.out)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "items",
                    "required",
                    "enum",
                    "$ref",
                    "anyOf",
                    "format",
                    "name",
                    "columns",
                    "models",
                    "constraints",
                    "data_tests",
                    "fields",
                    "id",
                    "minimum",
                    "x-odcs",
                    "additionalProperties",
                    "description",
                    "config",
                    "meta",
                    "odcs",
                    "unique",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(JSON, st.sampled_from(["jsonschema", "dbt", "iceberg"]))
def test_any_document_ends_in_a_contract_or_a_sentence(
    tmp_path: Path, document: Any, format_: str
) -> None:
    path = tmp_path / "any.json"
    wrapped = {
        "jsonschema": {"type": "object", "properties": {"a": document}},
        "dbt": {
            "models": [{"name": "m", "columns": [{"name": "c", "data_tests": document}]}, document]
        },
        "iceberg": {"fields": [document]},
    }[format_]
    path.write_text(json.dumps(wrapped))
    try:
        found = import_contract(format_, str(path))
    except MeshError:
        return
    assert odcs.read(found.text) == found.contract


def test_an_import_exits_with_0_and_says_on_stderr_what_it_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"properties": {"a": {"type": "string", "contains": 1}}}))
    assert run(["contract", "import", "jsonschema", str(path)]) == 0
    ended = capsys.readouterr()
    assert "a: contains" in ended.err
    assert odcs.read(ended.out).table.name == "schema"


@pytest.mark.parametrize("format_", [each for each in IMPORTS if each != "dcs"])
def test_an_import_exits_with_2_where_there_is_nothing_to_import(
    format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for content in ("", "nothing: [here", "[]"):
        path = tmp_path / "given.txt"
        path.write_text(content)
        assert run(["contract", "import", format_, str(path)]) == 2
        assert capsys.readouterr().out == ""
    assert run(["contract", "import", format_, str(tmp_path / "absent")]) == 2
    assert run(["contract", "import", "excel", str(path)]) == 2


def test_an_export_exits_with_2_where_the_format_cannot_hold_the_contract(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.odcs.yaml"
    table = "schema: [{name: t, properties: [{name: a, logicalType: object}]}]"
    head = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n"
    path.write_text(head + table)
    assert run(["contract", "export", "iceberg", str(path)]) == 2
    assert run(["contract", "export", "jsonschema", str(path)]) == 0
    assert "a has no type that Iceberg could store" in capsys.readouterr().err
