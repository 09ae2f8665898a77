"""What goes out to a format and comes back is what it was, as far as the format allows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyiceberg.schema import Schema

from mesh_dagster.contracts.exchange.document import contract_document, contract_of
from mesh_dagster.contracts.exchange.formats import export_contract, import_contract
from mesh_dagster.contracts.exchange.imported import Imported
from mesh_dagster.contracts.files.arrow import arrow_type
from mesh_dagster.descriptors import odcs
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.service_level import ServiceLevel

often = settings(max_examples=examples(50), deadline=None, suppress_health_check=list(HealthCheck))


def table(contract: Contract) -> dict[str, Any]:
    document: dict[str, Any] = odcs.document_from_contract(contract)["schema"][0]
    return document


def back(format_: str, contract: Contract, folder: Path) -> tuple[Imported, str]:
    text = export_contract(format_, contract).text
    path = folder / f"t.{'yml' if format_ == 'dbt' else 'json'}"
    path.write_text(text, encoding="utf-8")
    return import_contract(format_, str(path)), text


def test_json_schema_gives_back_the_whole_contract(
    contracts: st.SearchStrategy[Contract], tmp_path: Path
) -> None:
    @often
    @given(contracts)
    def holds(contract: Contract) -> None:
        found, text = back("jsonschema", contract, tmp_path)
        jsonschema.Draft202012Validator.check_schema(json.loads(text))
        assert table(found.contract) == table(contract)
        assert (found.contract.id, found.contract.version) == (contract.id, contract.version)

    holds()


def test_dbt_gives_back_which_contract_several_models_were(tmp_path: Path) -> None:
    objects = [
        {"name": name, "properties": [{"name": "id", "logicalType": "integer"}]}
        for name in ("orders", "lines")
    ]
    document = contract_document("shop", objects, version="2.1.0", status="active")
    exported = export_contract("dbt", contract_of(document, "shop"))
    path = tmp_path / "schema.yml"
    path.write_text(exported.text, encoding="utf-8")
    found = import_contract("dbt", str(path)).contract
    assert (found.id, found.version, found.status.value) == ("shop", "2.1.0", "active")
    timed = replace(found, service_levels=(ServiceLevel("freshness", 24, "h"),))
    assert export_contract("dbt", timed).notes == ("service level: freshness 24 h",)
    path.write_text(exported.text.replace("id: shop", "id: other", 1), encoding="utf-8")
    assert import_contract("dbt", str(path)).contract.id == "orders"


def test_dbt_gives_back_every_promise(
    contracts: st.SearchStrategy[Contract], tmp_path: Path
) -> None:
    @often
    @given(contracts)
    def holds(contract: Contract) -> None:
        found, _ = back("dbt", contract, tmp_path)
        assert promises(found.contract) == promises(contract)
        assert (found.contract.id, found.contract.version) == (contract.id, contract.version)

    holds()


def test_iceberg_gives_back_types_presence_comments_and_the_key(
    bare_contracts: st.SearchStrategy[Contract], tmp_path: Path
) -> None:
    @often
    @given(bare_contracts)
    def holds(contract: Contract) -> None:
        found, text = back("iceberg", contract, tmp_path)
        schema = Schema.model_validate_json(text)
        ids = [field for field in schema._lazy_id_to_field]  # noqa: C416
        assert len(ids) == len(set(ids))
        assert promises(found.contract) == promises(contract)
        assert export_contract("iceberg", found.contract).text == text

    holds()


def test_a_parquet_file_has_the_types_that_its_contract_says(
    bare_contracts: st.SearchStrategy[Contract], tmp_path: Path
) -> None:
    @often
    @given(bare_contracts)
    def holds(contract: Contract) -> None:
        fields = [
            pa.field(
                each.name,
                arrow_type(each.type),
                nullable=not each.required,
                metadata={"description": each.description} if each.description else None,
            )
            for each in contract.table.properties
            if each.type
        ]
        path = tmp_path / "t.parquet"
        pq.write_table(pa.schema(fields).empty_table(), path)
        found = import_contract("parquet", str(path))
        assert found.notes == ()
        assert [
            (each.name, each.type, each.required, each.description)
            for each in found.contract.table.properties
        ] == [
            (each.name, each.type, each.required, each.description)
            for each in contract.table.properties
        ]

    holds()


def promises(contract: Contract) -> Any:
    """Everything but how a type is spelled."""
    found = contract.table
    return (
        [
            (
                each.name,
                each.type,
                each.required or each.primary_key is not None,
                each.unique or found.key == (each.name,),
                each.primary_key,
                each.description,
                each.classification,
                {key: each.options[key] for key in each.options if key != "timezone"},
                each.rest.get("enum"),
                each.quality,
            )
            for each in found.properties
        ],
        found.quality,
        found.additional,
        found.key,
    )


@pytest.mark.parametrize("format_", ["dbt", "iceberg", "jsonschema", "markdown", "pandera"])
def test_what_a_format_cannot_hold_is_said(
    contracts: st.SearchStrategy[Contract], format_: str
) -> None:
    @settings(max_examples=examples(15), deadline=None, suppress_health_check=list(HealthCheck))
    @given(contracts)
    def holds(contract: Contract) -> None:
        found = export_contract(format_, contract)
        told = " ".join(found.notes)
        for each in contract.table.properties:
            if format_ == "iceberg" and each.unique:
                assert f"{each.name}: unique" in found.notes
            if format_ in ("iceberg", "dbt") and "pattern" in each.options:
                assert f"{each.name}: pattern" in told
            if format_ == "iceberg" and each.classification:
                assert f"{each.name}: classification" in found.notes

    holds()
