"""The Iceberg schema and partition spec of a port."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.iceberg_schema import iceberg_schema, partition_spec
from mesh_dagster.ports.schema import PortLayout

LONG, STRING = ColumnType(Kind.LONG), ColumnType(Kind.STRING)
START = datetime(2013, 1, 1, tzinfo=UTC)


def _layout(**columns: ColumnType | None) -> PortLayout:
    return PortLayout(None, tuple((name, kind, True) for name, kind in columns.items()))


def test_every_column_is_optional_and_the_platforms_is_last() -> None:
    schema = iceberg_schema(_layout(a=LONG, b=STRING), None, 0)
    assert [field.name for field in schema.fields] == ["a", "b", RECORDED_AT]
    assert not any(field.required for field in schema.fields)
    assert schema.schema_id == 0


def test_a_column_keeps_its_id_and_an_id_is_never_given_twice() -> None:
    first = iceberg_schema(_layout(a=LONG, b=STRING), None, 0)
    second = iceberg_schema(_layout(c=LONG, a=LONG), first, 3)
    assert {field.name: field.field_id for field in second.fields} == {
        "c": 4,
        "a": 1,
        RECORDED_AT: 3,
    }
    third = iceberg_schema(_layout(b=STRING), second, 4)
    assert third.find_field("b").field_id == 5
    assert [first.schema_id, second.schema_id, third.schema_id] == [0, 1, 2]


def test_an_unchanged_schema_keeps_its_number() -> None:
    first = iceberg_schema(_layout(a=LONG), None, 0)
    assert iceberg_schema(_layout(a=LONG), first, 2) == first


def test_a_column_without_a_type_keeps_the_one_it_has() -> None:
    first = iceberg_schema(_layout(a=LONG), None, 0)
    assert iceberg_schema(_layout(a=None), first, 2) == first
    with pytest.raises(EvaluationError, match="b has no type"):
        iceberg_schema(_layout(a=LONG, b=None), first, 2)


@pytest.mark.parametrize(
    ("every", "kind", "transform"),
    [
        (Every.DAY, Kind.DATE, "identity"),
        (Every.DAY, Kind.TIMESTAMP, "day"),
        (Every.DAY, Kind.TIMESTAMPTZ, "day"),
        (Every.MONTH, Kind.DATE, "month"),
        (Every.MONTH, Kind.TIMESTAMPTZ, "month"),
        (Every.HOUR, Kind.TIMESTAMP, "hour"),
        (Every.WEEK, Kind.DATE, None),
    ],
)
def test_the_partition_spec_is_what_iceberg_can_prune_by(
    every: Every, kind: Kind, transform: str | None
) -> None:
    layout = PortLayout(None, (("t", ColumnType(kind), True),), Partitioning(every, "t", START))
    schema = iceberg_schema(layout, None, 0)
    spec = partition_spec(layout, schema, 0)
    assert [str(field.transform) for field in spec.fields] == ([transform] if transform else [])
