"""Column types in the words of Iceberg."""

from __future__ import annotations

from collections.abc import Iterator

from pyiceberg import types as ice

from mesh_dagster.model.types import ColumnType, Kind

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
_KIND_OF_ICEBERG: dict[type[ice.IcebergType], Kind] = {
    type(kind): name for name, kind in _ICEBERG.items()
}


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
