"""The schema of a Parquet or Arrow file as a contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from mesh_dagster.contracts.exchange.document import name_of
from mesh_dagster.contracts.exchange.imported import Imported, imported, unusable
from mesh_dagster.contracts.exchange.types import typed
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.errors import first_line
from mesh_dagster.model.types import ColumnType, Kind

_KINDS = {
    pa.bool_(): Kind.BOOLEAN,
    pa.int32(): Kind.INT,
    pa.int64(): Kind.LONG,
    pa.float32(): Kind.FLOAT,
    pa.float64(): Kind.DOUBLE,
    pa.string(): Kind.STRING,
    pa.large_string(): Kind.STRING,
    pa.string_view(): Kind.STRING,
    pa.binary(): Kind.BINARY,
    pa.large_binary(): Kind.BINARY,
    pa.binary_view(): Kind.BINARY,
    pa.date32(): Kind.DATE,
    pa.time64("us"): Kind.TIME,
    pa.time64("ns"): Kind.TIME,
    pa.timestamp("us"): Kind.TIMESTAMP,
    pa.timestamp("us", "UTC"): Kind.TIMESTAMPTZ,
    pa.timestamp("us", "Etc/UTC"): Kind.TIMESTAMPTZ,
}
_WIDTHS = {
    pa.int8(): "i8",
    pa.int16(): "i16",
    pa.uint8(): "u8",
    pa.uint16(): "u16",
    pa.uint32(): "u32",
}
_DEEPEST = 20
_DESCRIPTIONS = (b"description", b"comment", b"doc")


def import_arrow(path: Path) -> Imported:
    """The contract of a file's columns: types, nullability, comments. No row is read.

    Raises `UsageError` where the file has no schema.
    """
    schema, source = _schema(path), shown_path(path)
    notes: list[str] = []
    table: dict[str, Any] = {"name": name_of(path.name.split(".")[0])}
    if told := _described(schema.metadata):
        table["description"] = told
    table["properties"] = [_property(each, each.name, notes) for each in schema]
    return imported(table["name"], [table], notes, source)


def _schema(path: Path) -> pa.Schema:
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            start = file.read(6)
        if start[:4] in (b"PAR1", b"PARE"):
            return pq.read_schema(path)
        with pa.memory_map(str(path)) as file:
            if start == b"ARROW1":
                return pa.ipc.open_file(file).schema
            return pa.ipc.open_stream(file).schema
    except (pa.ArrowException, OSError, ValueError) as error:
        why = first_line(error)
        raise unusable(shown_path(path), f"it is neither Parquet nor Arrow: {why}") from error


def _property(field: pa.Field, path: str, notes: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = {"name": field.name, **_typed(field.type, path, notes)}
    if not field.nullable:
        document["required"] = True
    if told := _described(field.metadata):
        document["description"] = told
    return document


def _typed(type_: pa.DataType, path: str, notes: list[str], depth: int = 0) -> dict[str, Any]:
    """The keys of a property that say a type."""
    if depth > _DEEPEST:
        notes.append(f"{path} is nested deeper than {_DEEPEST} levels")
        return {}
    if type_ in _KINDS:
        return typed(ColumnType(_KINDS[type_]))
    if type_ in _WIDTHS:
        return {"logicalType": "integer", "logicalTypeOptions": {"format": _WIDTHS[type_]}}
    nested = _nested(type_, path, notes, depth)
    if nested is not None:
        return nested
    if isinstance(type_, pa.Decimal128Type | pa.Decimal256Type) and type_.precision <= 38:
        return typed(ColumnType(Kind.DECIMAL, type_.precision, type_.scale))
    return _loose(type_, path, notes)


def _loose(type_: pa.DataType, path: str, notes: list[str]) -> dict[str, Any]:
    """Types that a contract can only name the family of."""
    if isinstance(type_, pa.TimestampType):
        kind = Kind.TIMESTAMP if type_.tz is None else Kind.TIMESTAMPTZ
        notes.append(f"{path}: {type_} as such; a contract says that it is a timestamp")
        return typed(ColumnType(kind), physical=False)
    family = None
    if pa.types.is_integer(type_):
        family = "integer"
    elif pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        family = "number"
    elif pa.types.is_date(type_):
        family = "date"
    elif pa.types.is_time(type_):
        family = "time"
    told = f"a contract says that it is a {family}" if family else "a contract has no word for it"
    notes.append(f"{path}: {type_} as such; {told}")
    return {"logicalType": family} if family else {}


def _nested(type_: pa.DataType, path: str, notes: list[str], depth: int) -> dict[str, Any] | None:
    if isinstance(type_, pa.DictionaryType):
        return _typed(type_.value_type, path, notes, depth + 1)
    if isinstance(type_, pa.BaseExtensionType):
        notes.append(f"{path}: the extension type {type_.extension_name}; its storage is taken")
        return _typed(type_.storage_type, path, notes, depth + 1)
    if isinstance(type_, pa.StructType):
        fields = [
            {"name": each.name, **_typed(each.type, f"{path}.{each.name}", notes, depth + 1)}
            | ({} if each.nullable else {"required": True})
            for each in (type_.field(at) for at in range(type_.num_fields))
        ]
        return {"logicalType": "object", "physicalType": "struct", "properties": fields}
    if isinstance(type_, pa.MapType):
        inner = {
            "key": _typed(type_.key_type, f"{path}[key]", notes, depth + 1),
            "value": _typed(type_.item_type, f"{path}[value]", notes, depth + 1),
        }
        return {"logicalType": "map", "physicalType": "map", "map": inner}
    if (
        pa.types.is_list(type_)
        or pa.types.is_large_list(type_)
        or pa.types.is_fixed_size_list(type_)
    ):
        items = _typed(type_.value_type, f"{path}[]", notes, depth + 1)
        if not type_.value_field.nullable:
            items["required"] = True
        found = {"logicalType": "array", "physicalType": "array", "items": items}
        if pa.types.is_fixed_size_list(type_):
            found["logicalTypeOptions"] = {"minItems": type_.list_size, "maxItems": type_.list_size}
        return found
    return None


def _described(metadata: dict[bytes, bytes] | None) -> str | None:
    for key in _DESCRIPTIONS:
        if metadata and key in metadata:
            return metadata[key].decode("utf-8", "replace")
    return None
