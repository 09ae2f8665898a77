"""Column types in the words of Polars and Iceberg, and the Iceberg schema of a port.

All columns are optional in Iceberg, whatever the contract says: nulls are the rules' affair, and
a column that is required today was not in the files of yesterday. Field ids are stable by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import polars as pl
from pyiceberg import types as ice
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
)

from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.types import ColumnType, Kind

RECORDED_AT = "_recorded_at"
"""The column that the platform adds to every port: when the attempt began."""

FIRST_PARTITION_FIELD = 1000

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
_KIND_OF_POLARS = {str(dtype): kind for kind, dtype in _POLARS.items()}
_KIND_OF_ICEBERG = {type(kind): name for name, kind in _ICEBERG.items()}
_WIDENINGS = {(Kind.INT, Kind.LONG), (Kind.FLOAT, Kind.DOUBLE)}


@dataclass(frozen=True, slots=True)
class PortLayout:
    """What a port's table looks like: its columns in order, and how it is cut.

    `name` None is the product's first port. A column is (name, type, required); the type None
    means that the contract names none, and the column is stored as it was first published.
    """

    name: str | None
    columns: tuple[tuple[str, ColumnType | None, bool], ...]
    partitioning: Partitioning | None = None

    def types(self) -> Iterator[tuple[str, ColumnType | None]]:
        """All stored columns with their types, the platform's own last."""
        for name, kind, _ in self.columns:
            yield name, kind
        yield RECORDED_AT, ColumnType(Kind.TIMESTAMPTZ)


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


def type_from_polars(dtype: pl.DataType) -> ColumnType | str:
    """A Polars type in the mesh's words, or its own text where the mesh has no such type."""
    if isinstance(dtype, pl.Decimal):
        return ColumnType(Kind.DECIMAL, precision=dtype.precision, scale=dtype.scale)
    if isinstance(dtype, pl.List | pl.Array):
        item = type_from_polars(_instance(dtype.inner))
        if isinstance(item, ColumnType):
            return ColumnType(Kind.LIST, item=item)
        return f"list<{item}>"
    if isinstance(dtype, pl.Map):
        key = type_from_polars(_instance(dtype.key))
        value = type_from_polars(_instance(dtype.value))
        if isinstance(key, ColumnType) and isinstance(value, ColumnType):
            return ColumnType(Kind.MAP, key=key, item=value)
        return f"map<{key},{value}>"
    if isinstance(dtype, pl.Struct):
        fields = [(each.name, type_from_polars(_instance(each.dtype))) for each in dtype.fields]
        known_fields = tuple((n, kind) for n, kind in fields if isinstance(kind, ColumnType))
        if len(known_fields) == len(fields):
            return ColumnType(Kind.STRUCT, fields=known_fields)
        return "struct<" + ", ".join(f"{name}: {kind}" for name, kind in fields) + ">"
    kind = _KIND_OF_POLARS.get(str(dtype))
    return ColumnType(kind) if kind else str(dtype).lower()


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


def iceberg_schema(layout: PortLayout, base: Schema | None, last_id: int) -> Schema:
    """The schema of the port's table, keeping the ids that `base` gives to its columns.

    `last_id` is the greatest id ever given. A column without a type keeps that of `base`.
    """
    fresh = count(last_id + 1)
    found = {} if base is None else {each.name: each for each in base.fields}
    fields = []
    for name, wanted in layout.types():
        old = found.get(name)
        kind = wanted if wanted is not None else old and type_from_iceberg(old.field_type)
        if kind is None:
            raise EvaluationError(
                f"column {name} has no type: neither its contract nor what was staged names one",
                code="MESH-M021",
                fix=f"give {name} a physicalType in the contract",
            )
        id = old.field_id if old else next(fresh)
        fields.append(_field(id, name, _iceberg(kind, old.field_type if old else None, fresh)))
    schema_id = 0 if base is None else base.schema_id
    if base is not None and list(base.fields) != fields:
        schema_id += 1
    return Schema(*fields, schema_id=schema_id)


def partition_spec(layout: PortLayout, schema: Schema, spec_id: int) -> PartitionSpec:
    """How Iceberg is told about the partitions, so that other readers prune by them.

    Iceberg knows no weeks; those tables have no partition field and are pruned by the bounds
    of each file's columns.
    """
    partitioning = layout.partitioning
    if partitioning is None or partitioning.every is Every.WEEK:
        return PartitionSpec(spec_id=spec_id)
    field = schema.find_field(partitioning.column)
    transform, suffix = _transform(partitioning.every, field.field_type)
    if transform is None:
        return PartitionSpec(spec_id=spec_id)
    name = partitioning.column + suffix
    return PartitionSpec(
        PartitionField(field.field_id, FIRST_PARTITION_FIELD, transform, name), spec_id=spec_id
    )


def _transform(every: Every, kind: ice.IcebergType) -> tuple[Transform[int, int] | None, str]:
    match every, kind:
        case Every.DAY, ice.DateType():
            return IdentityTransform(), ""
        case Every.MONTH, ice.DateType() | ice.TimestampType() | ice.TimestamptzType():
            return MonthTransform(), "_month"
        case Every.DAY, ice.TimestampType() | ice.TimestamptzType():
            return DayTransform(), "_day"
        case Every.HOUR, ice.TimestampType() | ice.TimestamptzType():
            return HourTransform(), "_hour"
    return None, ""


def _field(id: int, name: str, kind: ice.IcebergType) -> ice.NestedField:
    return ice.NestedField(field_id=id, name=name, field_type=kind, required=False)


def _iceberg(
    column: ColumnType, old: ice.IcebergType | None, fresh: Iterator[int]
) -> ice.IcebergType:
    match column:
        case ColumnType(kind=Kind.DECIMAL):
            return ice.DecimalType(column.precision or 38, column.scale or 0)
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            was = old if isinstance(old, ice.ListType) else None
            id = was.element_id if was else next(fresh)
            element = _iceberg(item, was and was.element_type, fresh)
            return ice.ListType(element_id=id, element_type=element, element_required=False)
        case ColumnType(kind=Kind.STRUCT):
            known = {f.name: f for f in old.fields} if isinstance(old, ice.StructType) else {}
            fields = []
            for name, kind in column.fields:
                had = known.get(name)
                id = had.field_id if had else next(fresh)
                fields.append(_field(id, name, _iceberg(kind, had and had.field_type, fresh)))
            return ice.StructType(*fields)
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            map_was = old if isinstance(old, ice.MapType) else None
            return ice.MapType(
                key_id=map_was.key_id if map_was else next(fresh),
                key_type=_iceberg(key, map_was and map_was.key_type, fresh),
                value_id=map_was.value_id if map_was else next(fresh),
                value_type=_iceberg(item, map_was and map_was.value_type, fresh),
                value_required=False,
            )
    return _ICEBERG[column.kind]


def _instance(dtype: pl.DataType | type[pl.DataType]) -> pl.DataType:
    return dtype() if isinstance(dtype, type) else dtype
