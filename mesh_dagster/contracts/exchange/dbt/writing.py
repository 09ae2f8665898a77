"""A contract -> a dbt schema.yml: model contracts, constraints and data tests.

What dbt-core has no test for stays with the column under `meta.odcs`, so that nothing is lost on
the way back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.contracts.exchange.dbt.parts import KEPT
from mesh_dagster.contracts.exchange.exported import Exported, enum_of, identity, unsaid
from mesh_dagster.descriptors import odcs, writing
from mesh_dagster.model.contract import Contract, Property, Relationship, SchemaObject
from mesh_dagster.ports.types import duckdb_type

_HELD = {"required", "unique", "primaryKey", "description", "enum", "relationships", "rest"}
_SAID = {"name", "logicalType", "physicalType", "description", "required", "unique", "primaryKey"}
_SAID |= {"primaryKeyPosition", "enum", "relationships", "rest"}


def export_dbt(contract: Contract, tables: tuple[SchemaObject, ...]) -> Exported:
    """A schema.yml with one model for each table."""
    whole = odcs.document_from_contract(contract)
    stated = {each["name"]: each for each in whole["schema"]}
    models: list[dict[str, Any]] = []
    notes: list[str] = []
    for table in tables:
        models.append(_model(contract, table, stated[table.name]))
        notes += unsaid(table, contract, keys=_HELD)
        notes += [f"{table.name}: {note}" for note in _far(table, tables)]
    document = {"version": 2, "models": models}
    head = "# A contract as dbt has it; what dbt has no test for is kept under meta.odcs.\n"
    return Exported(head + writing.write(document), tuple(dict.fromkeys(notes)))


def _far(table: SchemaObject, tables: tuple[SchemaObject, ...]) -> Iterator[str]:
    near = {each.name for each in tables}
    for link in table.links:
        to = link.target or link.target_object
        if link.target is not None or link.target_object not in near or len(link.columns) > 1:
            yield f"the foreign key ({', '.join(link.columns)}) to {to}"


def _model(contract: Contract, table: SchemaObject, stated: Mapping[str, Any]) -> dict[str, Any]:
    model: dict[str, Any] = {"name": table.name}
    if table.description:
        model["description"] = table.description
    typed = all(each.type is not None for each in table.properties)
    config: dict[str, Any] = {}
    if table.additional is not None and table.properties and typed:
        config["contract"] = {"enforced": True}
    kept = {
        key: value
        for key, value in stated.items()
        if key not in ("name", "description", "properties")
    }
    config["meta"] = {KEPT: {**kept, "contract": identity(contract)}}
    model["config"] = config
    if len(table.key) > 1:
        model["constraints"] = [{"type": "primary_key", "columns": list(table.key)}]
    documents = {each["name"]: each for each in stated.get("properties", ())}
    model["columns"] = [_column(each, documents[each.name], table) for each in table.properties]
    return model


def _column(each: Property, stated: Mapping[str, Any], table: SchemaObject) -> dict[str, Any]:
    column: dict[str, Any] = {"name": each.column}
    if each.type is not None:
        column["data_type"] = duckdb_type(each.type).lower()
    if each.description:
        column["description"] = each.description
    kept = {key: value for key, value in stated.items() if key not in _SAID}
    if stated.get("physicalType") and each.type is None:
        kept["physicalType"] = stated["physicalType"]
    if each.type is None and stated.get("logicalType"):
        kept["logicalType"] = stated["logicalType"]
    far = [link for link in each.relationships if not _near(link)]
    if far:
        kept["relationships"] = stated["relationships"]
    if kept:
        column["config"] = {"meta": {KEPT: kept}}
    if constraints := list(_constraints(each, table)):
        column["constraints"] = constraints
    if tests := list(_tests(each, table)):
        column["data_tests"] = tests
    return column


def _near(link: Relationship) -> bool:
    return link.target is None and len(link.columns) == 1 and bool(link.target_object)


def _constraints(each: Property, table: SchemaObject) -> Iterator[dict[str, Any]]:
    if each.mandatory:
        yield {"type": "not_null"}
    if table.key == (each.column,):
        yield {"type": "primary_key"}
    elif each.unique:
        yield {"type": "unique"}


def _tests(each: Property, table: SchemaObject) -> Iterator[Any]:
    if each.mandatory:
        yield "not_null"
    if each.unique or table.key == (each.column,):
        yield "unique"
    if values := list(enum_of(each)):
        quote = {} if all(isinstance(value, str) for value in values) else {"quote": False}
        yield {"accepted_values": {"arguments": {"values": values, **quote}}}
    for link in each.relationships:
        if _near(link):
            arguments = {"to": f"ref('{link.target_object}')", "field": link.target_columns[0]}
            severity = {"config": {"severity": "warn"}} if link.severity.value == "warning" else {}
            yield {"relationships": {"arguments": arguments, **severity}}
