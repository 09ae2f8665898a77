"""Column types in the words of Polars and Iceberg."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from pyiceberg import types as ice

from mesh_dagster.model.types import ColumnType, Kind

_POLARS: dict[Kind, pl.DataType] = {
    Kind.BOOLEAN: pl.Boolean(),
    Kind.INT: pl.Int32(),
    Kind.LONG: pl.Int64(),
    Kind.FLOAT: pl.Float32(),
    Kind.DOUBLE: pl.Float64(),
    Kind.STRING: pl.String(),
    Kind.BINARY: pl.Binary(),
    Kind.DATE: pl.Date(),
    Kind.TIME: pl.Time(),
    Kind.TIMESTAMP: pl.Datetime("us"),
    Kind.TIMESTAMPTZ: pl.Datetime("us", "UTC"),
}
_ICEBERG: dict[Kind, ice.PrimitiveType] = {
    Kind.BOOLEAN: ice.BooleanType(),
    Kind.INT: ice.IntegerType(),
    Kind.LONG: ice.LongType(),
    Kind.FLOAT: ice.FloatType(),
    Kind.DOUBLE: ice.DoubleType(),
    Kind.STRING: ice.StringType(),
    Kind.BINARY: ice.BinaryType(),
    Kind.DATE: ice.DateType(),
    Kind.TIME: ice.TimeType(),
    Kind.TIMESTAMP: ice.TimestampType(),
    Kind.TIMESTAMPTZ: ice.TimestamptzType(),
}
_DUCKDB: dict[Kind, str] = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INT: "INTEGER",
    Kind.LONG: "BIGINT",
    Kind.FLOAT: "FLOAT",
    Kind.DOUBLE: "DOUBLE",
    Kind.STRING: "VARCHAR",
    Kind.BINARY: "BLOB",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMPTZ: "TIMESTAMPTZ",
}
_KIND_OF_POLARS = {str(dtype): kind for kind, dtype in _POLARS.items()}
_KIND_OF_ICEBERG: dict[type[ice.IcebergType], Kind] = {
    type(kind): name for name, kind in _ICEBERG.items()
}
_WIDENINGS = {(Kind.INT, Kind.LONG), (Kind.FLOAT, Kind.DOUBLE)}


def polars_type(column: ColumnType) -> pl.DataType:
    """A column type in Polars' words."""
    match column:
        case ColumnType(kind=Kind.DECIMAL):
            return pl.Decimal(column.precision, column.scale or 0)
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            return pl.List(polars_type(item))
        case ColumnType(kind=Kind.STRUCT):
            return pl.Struct({name: polars_type(kind) for name, kind in column.fields})
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            return pl.Map(polars_type(key), polars_type(item))
    return _POLARS[column.kind]


def duckdb_type(column: ColumnType) -> str:
    """A column type in DuckDB's words."""
    match column:
        case ColumnType(kind=Kind.DECIMAL):
            return f"DECIMAL({column.precision}, {column.scale})"
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            return f"{duckdb_type(item)}[]"
        case ColumnType(kind=Kind.STRUCT):
            fields = (f"{quoted(name)} {duckdb_type(kind)}" for name, kind in column.fields)
            return f"STRUCT({', '.join(fields)})"
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            return f"MAP({duckdb_type(key)}, {duckdb_type(item)})"
    return _DUCKDB[column.kind]


def quoted(name: str) -> str:
    """A name as SQL's identifier."""
    return '"' + name.replace('"', '""') + '"'


def type_from_polars(dtype: Any) -> ColumnType | str:
    """A Polars type in the mesh's words, or its own text where the mesh has no such type."""
    if isinstance(dtype, pl.Decimal):
        return ColumnType(Kind.DECIMAL, precision=dtype.precision, scale=dtype.scale)
    if isinstance(dtype, pl.List | pl.Array | pl.Map | pl.Struct):
        return _nested_from_polars(dtype)
    kind = _KIND_OF_POLARS.get(str(dtype))
    return ColumnType(kind) if kind else str(dtype).lower()


def _nested_from_polars(dtype: pl.List | pl.Array | pl.Map | pl.Struct) -> ColumnType | str:
    if isinstance(dtype, pl.Struct):
        fields = [(each.name, type_from_polars(each.dtype)) for each in dtype.fields]
        known = tuple((name, kind) for name, kind in fields if isinstance(kind, ColumnType))
        if len(known) == len(fields):
            return ColumnType(Kind.STRUCT, fields=known)
        return "struct<" + ", ".join(f"{name}: {kind}" for name, kind in fields) + ">"
    if isinstance(dtype, pl.Map):
        key, value = type_from_polars(dtype.key), type_from_polars(dtype.value)
        if isinstance(key, ColumnType) and isinstance(value, ColumnType):
            return ColumnType(Kind.MAP, key=key, item=value)
        return f"map<{key},{value}>"
    item = type_from_polars(dtype.inner)
    return ColumnType(Kind.LIST, item=item) if isinstance(item, ColumnType) else f"list<{item}>"


def type_from_iceberg(found: ice.IcebergType) -> ColumnType:
    """An Iceberg type in the mesh's words."""
    match found:
        case ice.DecimalType():
            return ColumnType(Kind.DECIMAL, precision=found.precision, scale=found.scale)
        case ice.ListType():
            return ColumnType(Kind.LIST, item=type_from_iceberg(found.element_type))
        case ice.MapType():
            key = type_from_iceberg(found.key_type)
            return ColumnType(Kind.MAP, key=key, item=type_from_iceberg(found.value_type))
        case ice.StructType():
            fields = ((each.name, type_from_iceberg(each.field_type)) for each in found.fields)
            return ColumnType(Kind.STRUCT, fields=tuple(fields))
    return ColumnType(_KIND_OF_ICEBERG[type(found)])


def widens(old: ColumnType, new: ColumnType) -> bool:
    """Whether every value of the old type is one of the new, as Iceberg's evolution has it."""
    if old == new or (old.kind, new.kind) in _WIDENINGS:
        return True
    match old, new:
        case ColumnType(kind=Kind.DECIMAL), ColumnType(kind=Kind.DECIMAL):
            return old.scale == new.scale and (old.precision or 0) <= (new.precision or 0)
        case (
            ColumnType(kind=Kind.LIST, item=ColumnType() as one),
            ColumnType(kind=Kind.LIST, item=ColumnType() as other),
        ):
            return widens(one, other)
        case ColumnType(kind=Kind.STRUCT), ColumnType(kind=Kind.STRUCT):
            fields = dict(new.fields)
            return all(widens(kind, fields.get(name, kind)) for name, kind in old.fields)
    return False


def optional_field(id: int, name: str, kind: ice.IcebergType) -> ice.NestedField:
    """A column; every one is optional in Iceberg, whatever the contract says of nulls."""
    return ice.NestedField(field_id=id, name=name, field_type=kind, required=False)


def iceberg_type(
    column: ColumnType, old: ice.IcebergType | None, fresh: Iterator[int]
) -> ice.IcebergType:
    """A column type in Iceberg's words; nested fields keep the ids they have in `old`."""
    match column:
        case ColumnType(kind=Kind.DECIMAL):
            return ice.DecimalType(column.precision or 38, column.scale or 0)
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            was = old if isinstance(old, ice.ListType) else None
            id = was.element_id if was else next(fresh)
            element = iceberg_type(item, was and was.element_type, fresh)
            return ice.ListType(element_id=id, element_type=element, element_required=False)
        case ColumnType(kind=Kind.STRUCT):
            known = {f.name: f for f in old.fields} if isinstance(old, ice.StructType) else {}
            fields: list[ice.NestedField] = []
            for name, kind in column.fields:
                had = known.get(name)
                id = had.field_id if had else next(fresh)
                fields.append(
                    optional_field(id, name, iceberg_type(kind, had and had.field_type, fresh))
                )
            return ice.StructType(*fields)
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            map_was = old if isinstance(old, ice.MapType) else None
            return ice.MapType(
                key_id=map_was.key_id if map_was else next(fresh),
                key_type=iceberg_type(key, map_was and map_was.key_type, fresh),
                value_id=map_was.value_id if map_was else next(fresh),
                value_type=iceberg_type(item, map_was and map_was.value_type, fresh),
                value_required=False,
            )
    return _ICEBERG[column.kind]
