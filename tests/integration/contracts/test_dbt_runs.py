"""An exported schema.yml in a real dbt project: dbt reads it, enforces it and runs its tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mesh_dagster.contracts.exchange.formats import export_contract, import_contract
from mesh_dagster.descriptors import odcs

pytestmark = pytest.mark.skipif(find_spec("dbt") is None, reason="needs the extra dbt")

CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
- name: customers
  properties:
  - {name: id, physicalType: bigint, primaryKey: true}
- name: orders
  description: Orders as they were placed.
  properties:
  - {name: id, physicalType: bigint, primaryKey: true, description: its number}
  - name: customer
    physicalType: bigint
    required: true
    relationships: [{to: customers.id, customProperties: [{property: severity, value: error}]}]
  - {name: status, physicalType: string, enum: [{value: open}, {value: paid}]}
  - name: amount
    physicalType: decimal(10,2)
    logicalType: number
    logicalTypeOptions: {minimum: 0}
"""
PROJECT = "name: shop\nprofile: shop\nversion: '1.0.0'\nmodel-paths: [models]\n"
PROFILE = "shop: {target: t, outputs: {t: {type: duckdb, path: shop.duckdb, threads: 1}}}\n"
ORDERS = (
    "select id::bigint as id, customer::bigint as customer, status::varchar as status, "
    "amount::decimal(10, 2) as amount from (values {rows}) as t(id, customer, status, amount)"
)


def built(folder: Path, rows: str) -> dict[str, str]:
    """Run `dbt build`: test or model -> its status."""
    models = folder / "models"
    models.mkdir()
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE)
    (models / "customers.sql").write_text("select 1::bigint as id union all select 2")
    (models / "orders.sql").write_text(ORDERS.format(rows=rows))
    (models / "schema.yml").write_text(export_contract("dbt", odcs.read(CONTRACT)).text)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "build", "--profiles-dir", "."],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=200,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return {each["unique_id"].split(".")[2]: each["status"] for each in results}


def test_good_data_is_built_and_passes_every_test(tmp_path: Path) -> None:
    found = built(tmp_path, "(1, 1, 'open', 5), (2, 2, null, 1.5)")
    assert len(found) >= 8
    assert set(found.values()) <= {"success", "pass"}


def test_each_broken_promise_is_a_failing_test(tmp_path: Path) -> None:
    found = built(tmp_path, "(1, 7, 'lost', 5)")
    failing = {name for name, status in found.items() if status == "fail"}
    assert any(name.startswith("accepted_values_orders_status") for name in failing), found
    assert any(name.startswith("relationships_orders_customer") for name in failing), found
    assert len(failing) == 2


def test_what_dbt_ran_comes_back_as_the_contract(tmp_path: Path) -> None:
    contract = odcs.read(CONTRACT)
    path = tmp_path / "schema.yml"
    path.write_text(export_contract("dbt", contract).text)
    back = import_contract("dbt", str(path)).contract
    for one, other in zip(back.schema, contract.schema, strict=True):
        assert one.key == other.key
        assert one.links == other.links
        for column, original in zip(one.properties, other.properties, strict=True):
            assert column.type == original.type
            assert column.options == original.options
            assert column.rest.get("enum") == original.rest.get("enum")
            assert column.description == original.description
