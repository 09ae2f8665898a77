"""The Iceberg schema and partition spec of a port's table.

All columns are optional in Iceberg, whatever the contract says: nulls are the rules' affair, and
a column that is required today was not in the files of yesterday. Field ids are stable by name.
"""

from __future__ import annotations

from itertools import count

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
from mesh_dagster.model.partition import Every
from mesh_dagster.ports.iceberg_types import iceberg_type, optional_field, type_from_iceberg
from mesh_dagster.ports.schema import PortLayout

FIRST_PARTITION_FIELD = 1000


def iceberg_schema(layout: PortLayout, base: Schema | None, last_id: int) -> Schema:
    """The schema of the port's table, keeping the ids that `base` gives to its columns.

    `last_id` is the greatest id ever given. A column without a type keeps that of `base`.
    """
    fresh = count(last_id + 1)
    found = {} if base is None else {each.name: each for each in base.fields}
    fields = []
    for name, wanted in layout.types():
        old = found.get(name)
        was = old.field_type if old else None
        kind = wanted or (type_from_iceberg(was) if was else None)
        if kind is None:
            raise EvaluationError(
                f"column {name} has no type: neither its contract nor what was staged names one",
                code="MESH-M021",
                fix=f"give {name} a physicalType in the contract",
            )
        id = old.field_id if old else next(fresh)
        fields.append(optional_field(id, name, iceberg_type(kind, was, fresh)))
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
