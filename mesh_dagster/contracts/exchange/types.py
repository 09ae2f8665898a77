"""A column's type as an ODCS property states it, for those who write contracts."""

from __future__ import annotations

from typing import Any

from mesh_dagster.model.types import ColumnType, Kind

LOGICAL = {
    Kind.BOOLEAN: "boolean",
    Kind.INT: "integer",
    Kind.LONG: "integer",
    Kind.FLOAT: "number",
    Kind.DOUBLE: "number",
    Kind.DECIMAL: "number",
    Kind.STRING: "string",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TIMESTAMP: "timestamp",
    Kind.TIMESTAMPTZ: "timestamp",
    Kind.LIST: "array",
    Kind.STRUCT: "object",
    Kind.MAP: "map",
}
_PHYSICAL = {Kind.LONG: "bigint", Kind.LIST: "array", Kind.STRUCT: "struct", Kind.MAP: "map"}
_LOCAL = {"timezone": False}


def typed(type_: ColumnType | None, *, physical: bool = True) -> dict[str, Any]:
    """The keys of a property that say a type: logicalType, physicalType, what is nested in it.

    Without `physical` only what a text can tell: no width, no storage.
    """
    if type_ is None:
        return {}
    found: dict[str, Any] = {}
    if logical := LOGICAL.get(type_.kind):
        found["logicalType"] = logical
    if physical or not logical:
        simple = _PHYSICAL.get(type_.kind, type_.kind.value)
        found["physicalType"] = str(type_) if type_.kind is Kind.DECIMAL else simple
    match type_:
        case ColumnType(kind=Kind.TIMESTAMP):
            found["logicalTypeOptions"] = dict(_LOCAL)
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            found["items"] = typed(item, physical=physical)
        case ColumnType(kind=Kind.STRUCT):
            found["properties"] = [
                {"name": name, **typed(inner, physical=physical)} for name, inner in type_.fields
            ]
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            found["map"] = {
                "key": typed(key, physical=physical),
                "value": typed(item, physical=physical),
            }
    return found


def api_version(document: Any) -> str:
    """The oldest ODCS that has every key which a schema uses: an enum and a map are of 3.2."""
    return "v3.2.0" if _uses(document, {"enum", "map"}) else "v3.1.0"


def _uses(document: Any, keys: set[str]) -> bool:
    if isinstance(document, dict):
        return any(key in keys or _uses(each, keys) for key, each in document.items())
    return isinstance(document, list) and any(_uses(each, keys) for each in document)
