"""Column types in Arrow's words."""

from __future__ import annotations

import pyarrow as pa

from mesh_dagster.model.types import ColumnType, Kind


def arrow_type(type_: ColumnType) -> pa.DataType:
    """A column type in Arrow's words."""
    match type_:
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            return pa.list_(arrow_type(item))
        case ColumnType(kind=Kind.STRUCT):
            return pa.struct([(name, arrow_type(kind)) for name, kind in type_.fields])
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            return pa.map_(arrow_type(key), arrow_type(item))
        case ColumnType(kind=Kind.DECIMAL):
            return pa.decimal128(type_.precision or 38, type_.scale or 0)
    return _ARROW[type_.kind]


_ARROW = {
    Kind.BOOLEAN: pa.bool_(),
    Kind.INT: pa.int32(),
    Kind.LONG: pa.int64(),
    Kind.FLOAT: pa.float32(),
    Kind.DOUBLE: pa.float64(),
    Kind.STRING: pa.string(),
    Kind.BINARY: pa.binary(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("ns"),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.TIMESTAMPTZ: pa.timestamp("us", "UTC"),
}
