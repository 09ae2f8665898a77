"""A contract -> JSON Schema 2020-12 of one record of its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from mesh_dagster.contracts.exchange.exported import Exported, enum_of, identity, unsaid, walked
from mesh_dagster.contracts.exchange.json_schema.words import (
    BOUNDS,
    KEPT,
    KEPT_CONTRACT,
    OPTIONS_OF,
)
from mesh_dagster.contracts.exchange.patterns import to_ecma
from mesh_dagster.contracts.exchange.types import LOGICAL
from mesh_dagster.descriptors import odcs
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.types import ColumnType, Kind

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "vector": "array",
    "object": "object",
    "map": "object",
}
_MOMENTS = (Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)
_FORMATS = {Kind.DATE: "date", Kind.TIME: "time", Kind.TIMESTAMPTZ: "date-time"}
_STATED = {"name", "logicalType", "required", "description", "properties", "items", "map"}
_STATED |= {"enum", "examples", "deprecated"}


def export_json_schema(contract: Contract, table: SchemaObject) -> Exported:
    """The schema of one record. What JSON Schema has no words for is kept under `x-odcs`."""
    whole = odcs.document_from_contract(contract)
    listed = [each for each in whole["schema"] if each["name"] == table.name]
    stated = {each["name"]: each for each in listed[0].get("properties", ())}
    document: dict[str, Any] = {"$schema": DRAFT, "title": table.name}
    if table.description:
        document["description"] = table.description
    document |= _object(table.properties, stated)
    document["additionalProperties"] = table.additional is None
    kept = {
        key: value
        for key, value in listed[0].items()
        if key not in ("name", "description", "properties")
    }
    if table.additional is None and "customProperties" in kept:
        others = [
            each for each in kept["customProperties"] if each["property"] != "additionalColumns"
        ]
        kept = {**kept, "customProperties": others} if others else _without(kept)
    if kept:
        document[KEPT] = kept
    document[KEPT_CONTRACT] = identity(contract)
    said = {"format", *chain.from_iterable(OPTIONS_OF.values())}
    notes = unsaid(table, contract, keys={"required", "description", "enum", "rest"}, options=said)
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    return Exported(text + "\n", (*notes, *_unsaid_options(table)))


def _without(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kept.items() if key != "customProperties"}


def _unsaid_options(table: SchemaObject) -> Iterator[str]:
    """Options that JSON Schema has for other types, or for other values of theirs."""
    for path, each in walked(table.properties):
        pattern = each.options.get("pattern")
        if isinstance(pattern, str) and to_ecma(pattern) is None:
            yield f"{path}: pattern {pattern!r}"
        if each.type is not None and each.type.kind in _MOMENTS:
            ends = (key for key in BOUNDS if key in each.options)
            yield from (f"{path}: {key} {each.options[key]!r}" for key in ends)


def _object(columns: tuple[Property, ...], stated: Mapping[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {"type": "object"}
    document["properties"] = {
        each.name: _property(each, stated.get(each.name, {})) for each in columns
    }
    required = [each.name for each in columns if each.mandatory]
    if required:
        document["required"] = required
    return document


def _property(column: Property, stated: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a value; of a column that may be null, null is one too."""
    kind = column.type.kind if column.type else None
    type_ = _type(column)
    document: dict[str, Any] = {}
    if type_:
        nullable = not column.mandatory
        document["type"] = [type_, "null"] if nullable else type_
    if column.description:
        document["description"] = column.description
    options = dict(column.options)
    said = {key: options.pop(key) for key in OPTIONS_OF.get(type_ or "", ()) if key in options}
    if kind in _FORMATS or column.logical_type in ("date", "time"):
        # The ends of a moment are texts, which JSON Schema cannot compare.
        options |= said
        document["format"] = _FORMATS.get(kind) or column.logical_type  # type: ignore[arg-type]
    else:
        document |= said
        if isinstance(pattern := said.get("pattern"), str) and to_ecma(pattern) != pattern:
            document["pattern"], options["pattern"] = to_ecma(pattern), pattern
        if type_ == "string" and "format" in options:
            document["format"] = options.pop("format")
    if values := list(enum_of(column)):
        nullable = isinstance(document.get("type"), list)
        document["enum"] = [*values, None] if nullable else values
    document |= _inside(column, stated, type_)
    for key in ("examples", "deprecated"):
        if stated.get(key):
            document[key] = stated[key]
    kept = _kept(column, stated, options)
    document = {key: value for key, value in document.items() if value is not None}
    return {**document, **({KEPT: kept} if kept else {})}


def _type(column: Property) -> str | None:
    if column.type is not None:
        return _json_type(column.type.kind)
    if column.logical_type is None:
        return None
    return _TYPES.get(column.logical_type, "string")


def _json_type(kind: Kind) -> str:
    return _TYPES.get(LOGICAL.get(kind, ""), "string")


def _inside(column: Property, stated: Mapping[str, Any], type_: str | None) -> dict[str, Any]:
    if column.properties:
        inner = {each["name"]: each for each in stated.get("properties", ())}
        record = _object(column.properties, inner)
        return record if column.required else {**record, "type": [type_, "null"]}
    if column.items is not None:
        return {"items": _property(column.items, stated.get("items", {}))}
    if column.value is not None:
        return {"additionalProperties": _property(column.value, stated["map"].get("value", {}))}
    if column.type is not None:
        return _inside_type(column.type)
    return {}


def _inside_type(type_: ColumnType) -> dict[str, Any]:
    """What is nested in a type that the contract only names, as in `list<int>`."""
    match type_:
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            return {"items": _of_type(item)}
        case ColumnType(kind=Kind.MAP, item=ColumnType() as item):
            return {"additionalProperties": _of_type(item)}
        case ColumnType(kind=Kind.STRUCT):
            return {"properties": {name: _of_type(inner) for name, inner in type_.fields}}
    return {}


def _of_type(type_: ColumnType) -> dict[str, Any]:
    document: dict[str, Any] = {"type": [_json_type(type_.kind), "null"], **_inside_type(type_)}
    if type_.kind in _FORMATS:
        document["format"] = _FORMATS[type_.kind]
    return document


def _kept(
    column: Property, stated: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Of what the contract states, what the schema has not said."""
    kept = {
        key: value
        for key, value in stated.items()
        if key not in _STATED and key != "logicalTypeOptions"
    }
    if column.logical_type in ("timestamp", "vector") and column.type is not None:
        kept = {"logicalType": column.logical_type, **kept}
    elif column.logical_type is None and (column.type or column.physical_type):
        kept = {"logicalType": None, **kept}
    if options:
        kept["logicalTypeOptions"] = dict(options)
    key = stated.get("map", {}).get("key")
    if key and key != {"logicalType": "string"}:
        kept["map"] = stated["map"]
    return kept
