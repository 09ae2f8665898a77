"""The Data Contract Specification, read as the ODCS that took its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_dagster.contracts.reading import read_contract
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.types import ColumnType, Kind

OLD = """\
dataContractSpecification: 1.1.0
id: orders-latest
info: {title: Orders, version: 2.0.0}
servers:
  production: {type: local, path: "data/{model}.csv", format: csv}
models:
  orders:
    type: table
    primaryKey: [order_id, line]
    fields:
      order_id: {$ref: "#/definitions/order_id", required: true}
      line: {type: int}
      total: {type: decimal, precision: 10, scale: 2, minimum: 0}
      status: {type: string, enum: [new, sent]}
      customer: {type: record, fields: {email: {type: string, format: email, required: true}}}
      tags: {type: array, items: {type: string, maxLength: 5}}
      attrs: {type: map, keys: {type: string}, values: {type: long}}
    quality:
      - {type: sql, query: "SELECT count(*) FROM orders", mustBeGreaterThanOrEqualTo: 1}
definitions:
  order_id: {type: string, pattern: "^[a-z0-9]+$", classification: internal}
"""


def _read(path: Path, text: str):  # type: ignore[no-untyped-def]
    path.write_text(text)
    return read_contract(path).contract


def test_a_data_contract_specification_is_read_with_its_lines(tmp_path: Path) -> None:
    contract = _read(tmp_path / "c.yaml", OLD)
    table = contract.table
    columns = {each.name: each for each in table.properties}
    assert (contract.id, contract.version, table.name) == ("orders-latest", "2.0.0", "orders")
    assert table.key == ("order_id", "line")
    assert columns["order_id"].options == {"pattern": "^[a-z0-9]+$"}
    assert columns["order_id"].classification == "internal"
    assert columns["total"].type == ColumnType(Kind.DECIMAL, precision=10, scale=2)
    assert columns["status"].rest["enum"] == [{"value": "new"}, {"value": "sent"}]
    assert columns["customer"].properties[0].required
    assert columns["tags"].items is not None
    assert columns["tags"].items.options == {"maxLength": 5}
    assert columns["attrs"].value is not None
    assert str(columns["total"].where).endswith("c.yaml:13")
    assert table.quality[0].operator == "mustBeGreaterOrEqualTo"


@pytest.mark.parametrize(
    "text",
    ["dataContractSpecification: 1.1.0\nid: x\nmodels: [1]\n", "dataContractSpecification: 1\n"],
)
def test_one_without_models_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(DescriptorError):
        _read(tmp_path / "c.yaml", text)


def test_what_is_no_contract_says_what_one_is(tmp_path: Path) -> None:
    with pytest.raises(DescriptorError, match=r"MESH-C028 .*is no contract"):
        _read(tmp_path / "c.yaml", "name: x\n")


def test_what_the_mesh_refuses_and_a_test_can_do_without_is_only_told(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: '1'\nstatus: active\n"
        "schema:\n- name: t\n  properties:\n"
        "  - {name: a, physicalType: VARIANT, relationships: [{to: other.id}]}\n"
    )
    read = read_contract(path)
    assert {each.code for each in read.findings} == {"MESH-D013", "MESH-D016", "MESH-D017"}
    assert {each.severity for each in read.findings} == {"warning"}
