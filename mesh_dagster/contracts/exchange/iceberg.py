"""A contract -> the JSON of an Iceberg schema (spec, appendix C), and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from mesh_dagster.contracts.exchange.document import name_of
from mesh_dagster.contracts.exchange.exported import Exported, unsaid
from mesh_dagster.contracts.exchange.imported import Imported, imported, unusable
from mesh_dagster.contracts.exchange.types import typed
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.types import ColumnType, Kind

_SIMPLE = {
    Kind.BOOLEAN: "boolean",
    Kind.INT: "int",
    Kind.LONG: "long",
    Kind.FLOAT: "float",
    Kind.DOUBLE: "double",
    Kind.STRING: "string",
    Kind.BINARY: "binary",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TIMESTAMP: "timestamp",
    Kind.TIMESTAMPTZ: "timestamptz",
}
_KIND_OF = {word: kind for kind, word in _SIMPLE.items()}
_NO_IDENTIFIER = (Kind.FLOAT, Kind.DOUBLE)
_DEEPEST = 40


def export_iceberg(contract: Contract, table: SchemaObject) -> Exported:
    """The schema, fields numbered from 1 as they come, the primary key as identifier fields.

    Raises `UsageError` for a column whose type the contract leaves open: Iceberg has none.
    """
    numbers = count(1)
    ids = {each.column: next(numbers) for each in table.properties}
    fields = [_field(each, ids[each.column], numbers) for each in table.properties]
    document: dict[str, Any] = {"type": "struct", "schema-id": 0, "fields": fields}
    notes = list(unsaid(table, contract, keys={"required", "description", "primaryKey"}))
    notes.append("of the contract itself: id, version, status")
    key = [table.find(name) for name in table.key]
    if any(each and each.type and each.type.kind in _NO_IDENTIFIER for each in key):
        notes.append(f"primary key ({', '.join(table.key)}): Iceberg takes no float for one")
    elif table.key:
        document["identifier-field-ids"] = [ids[name] for name in table.key]
    return Exported(json.dumps(document, indent=2, ensure_ascii=False) + "\n", tuple(notes))


def _field(column: Property, id_: int, numbers: count[int]) -> dict[str, Any]:
    if column.type is None:
        raise UsageError(
            f"{column.name} has no type that Iceberg could store",
            code="MESH-C053",
            where=column.where,
            fix="give it a physicalType, as in `physicalType: bigint`",
        )
    field: dict[str, Any] = {
        "id": id_,
        "name": column.column,
        "required": column.mandatory,
        "type": _type(column.type, numbers, column),
    }
    return {**field, **({"doc": column.description} if column.description else {})}


def _type(type_: ColumnType, numbers: count[int], column: Property | None) -> Any:
    match type_:
        case ColumnType(kind=Kind.DECIMAL):
            return f"decimal({type_.precision}, {type_.scale})"
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            inner = column.items if column else None
            return {
                "type": "list",
                "element-id": next(numbers),
                "element-required": bool(inner and inner.required),
                "element": _type(item, numbers, inner),
            }
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            value = column.value if column else None
            return {
                "type": "map",
                "key-id": next(numbers),
                "key": _type(key, numbers, column.key if column else None),
                "value-id": next(numbers),
                "value-required": bool(value and value.required),
                "value": _type(item, numbers, value),
            }
        case ColumnType(kind=Kind.STRUCT):
            return {"type": "struct", "fields": _fields(type_, numbers, column)}
    return _SIMPLE[type_.kind]


def _fields(
    type_: ColumnType, numbers: count[int], column: Property | None
) -> list[dict[str, Any]]:
    own = {each.column: each for each in column.properties} if column else {}
    ids = {name: next(numbers) for name, _ in type_.fields}
    found = []
    for name, inner in type_.fields:
        each = own.get(name)
        field: dict[str, Any] = {
            "id": ids[name],
            "name": name,
            "required": bool(each and each.required),
            "type": _type(inner, numbers, each),
        }
        found.append({**field, **({"doc": each.description} if each and each.description else {})})
    return found


def import_iceberg(path: Path) -> Imported:
    """The contract of an Iceberg schema, or of a table's metadata file.

    Raises `UsageError` where the file is neither.
    """
    source = shown_path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unusable(source, f"it is not JSON: {str(error)[:200]}") from error
    schema = _current(data) if isinstance(data, Mapping) else None
    if schema is None or not isinstance(schema.get("fields"), list):
        raise unusable(source, "it is no Iceberg schema: it has no fields")
    key = list(schema.get("identifier-field-ids") or ())
    notes: list[str] = []
    try:
        columns = [_column(each, notes, 0) for each in schema["fields"]]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise unusable(source, f"it is no Iceberg schema: {error!r}") from error
    for column, field in zip(columns, schema["fields"], strict=True):
        if field["id"] in key:
            column |= {"primaryKey": True, "required": True}
            if len(key) > 1:
                column["primaryKeyPosition"] = key.index(field["id"]) + 1
    table = {"name": name_of(path.name.split(".")[0]), "properties": columns}
    return imported(str(table["name"]), [table], notes, source)


def _current(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema itself, or the current one of a table's metadata."""
    if "fields" in data:
        return data
    schemas = data.get("schemas")
    for each in schemas if isinstance(schemas, list) else ():
        if each.get("schema-id") == data.get("current-schema-id"):
            return each if isinstance(each, Mapping) else None
    return None


def _column(field: Mapping[str, Any], notes: list[str], depth: int) -> dict[str, Any]:
    name = str(field["name"])
    document = {"name": name, **_stated(field["type"], name, notes, depth)}
    if field.get("required"):
        document["required"] = True
    if field.get("doc"):
        document["description"] = str(field["doc"])
    if "initial-default" in field or "write-default" in field:
        notes.append(f"{name}: its default value")
    return document


def _stated(given: Any, path: str, notes: list[str], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise ValueError(f"nested deeper than {_DEEPEST} levels")
    if isinstance(given, str):
        return _stated_simple(given, path, notes)
    if given["type"] == "list":
        items = _stated(given["element"], f"{path}[]", notes, depth + 1)
        needed = {"required": True} if given.get("element-required") else {}
        return {"logicalType": "array", "physicalType": "array", "items": {**items, **needed}}
    if given["type"] == "map":
        value = _stated(given["value"], f"{path}[value]", notes, depth + 1)
        needed = {"required": True} if given.get("value-required") else {}
        inner = {
            "key": _stated(given["key"], f"{path}[key]", notes, depth + 1),
            "value": {**value, **needed},
        }
        return {"logicalType": "map", "physicalType": "map", "map": inner}
    fields = [_column(each, notes, depth + 1) for each in given["fields"]]
    return {"logicalType": "object", "physicalType": "struct", "properties": fields}


def _stated_simple(given: str, path: str, notes: list[str]) -> dict[str, Any]:
    if given in _KIND_OF:
        return typed(ColumnType(_KIND_OF[given]))
    if given.startswith("decimal("):
        precision, scale = given[len("decimal(") : -1].split(",")
        return typed(ColumnType(Kind.DECIMAL, int(precision), int(scale)))
    if given == "uuid":
        return {"logicalType": "string", "physicalType": "uuid"}
    if given.startswith(("timestamp_ns", "timestamptz_ns")):
        local = {} if "tz" in given else {"logicalTypeOptions": {"timezone": False}}
        notes.append(f"{path}: {given} as such; the contract says that it is a timestamp")
        return {"logicalType": "timestamp", **local}
    notes.append(f"{path}: {given} as such; a contract has no word for it")
    return {}
