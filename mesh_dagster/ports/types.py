"""Column types in the words of Polars, DuckDB and Spark."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.sql import quoted

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
_SPARK: dict[Kind, str] = {
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INT: "INT",
    Kind.LONG: "BIGINT",
    Kind.FLOAT: "FLOAT",
    Kind.DOUBLE: "DOUBLE",
    Kind.STRING: "STRING",
    Kind.BINARY: "BINARY",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME(6)",
    Kind.TIMESTAMP: "TIMESTAMP_NTZ",
    Kind.TIMESTAMPTZ: "TIMESTAMP",
}
_KIND_OF_POLARS = {str(dtype): kind for kind, dtype in _POLARS.items()}
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


def spark_type(column: ColumnType) -> str:
    """A column type in Spark's words."""
    match column:
        case ColumnType(kind=Kind.DECIMAL):
            return f"DECIMAL({column.precision}, {column.scale})"
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            return f"ARRAY<{spark_type(item)}>"
        case ColumnType(kind=Kind.STRUCT):
            return f"STRUCT<{spark_columns(column.fields)}>"
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            return f"MAP<{spark_type(key)}, {spark_type(item)}>"
    return _SPARK[column.kind]


def spark_columns(columns: Iterable[tuple[str, ColumnType]]) -> str:
    """Names and types as the schema of a table, or within a struct, in Spark's words."""
    named = ((name.replace("`", "``"), spark_type(kind)) for name, kind in columns)
    return ", ".join(f"`{name}` {kind}" for name, kind in named)


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
