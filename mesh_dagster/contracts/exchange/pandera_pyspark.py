"""A contract as a schema of pandera.pyspark; a rule on values is a check on the whole frame.

Each runs as the audit does, in Spark. Where pandera's own errors name a rule, they do so by its
id; Spark does not tell which rows break it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandera.pyspark as pa
from pyspark.sql import types as t

from mesh_dagster.contracts.exchange.pandera_parts import (
    is_checked,
    keeps,
    metadata,
    named,
    schema_in,
)
from mesh_dagster.contracts.rules.kinds import PLATFORM_COLUMNS, Rule, Schema
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType, Kind

_SPARK = {
    Kind.BOOLEAN: t.BooleanType(),
    Kind.INT: t.IntegerType(),
    Kind.LONG: t.LongType(),
    Kind.FLOAT: t.FloatType(),
    Kind.DOUBLE: t.DoubleType(),
    Kind.STRING: t.StringType(),
    Kind.BINARY: t.BinaryType(),
    Kind.DATE: t.DateType(),
    Kind.TIMESTAMP: t.TimestampNTZType(),
    Kind.TIMESTAMPTZ: t.TimestampType(),
}


def schema_of(contract: Contract, found: Sequence[Rule]) -> pa.DataFrameSchema:
    """The schema; `found` are the contract's rules."""
    schema = schema_in(found)
    columns = {
        each.name: pa.Column(
            spark_type(each.type) if each.type else None,
            nullable=True,
            required=each.required,
        )
        for each in schema.columns
    }
    columns |= {name: pa.Column(None, required=False, nullable=True) for name in PLATFORM_COLUMNS}
    return pa.DataFrameSchema(
        columns,
        checks=[
            pa.Check(_holds(rule), **named(rule))
            for rule in found
            if is_checked(rule) and not isinstance(rule, Schema)
        ],
        strict=schema.extra is Severity.ERROR,
        name=contract.id,
        metadata=metadata(contract, found),
    )


def spark_type(type_: ColumnType) -> Any:
    """A column type in Spark's words; None where Spark has none, as for a time of day."""
    match type_:
        case ColumnType(kind=Kind.DECIMAL):
            return t.DecimalType(type_.precision or 38, type_.scale or 0)
        case ColumnType(kind=Kind.LIST, item=ColumnType() as item):
            inner = spark_type(item)
            return t.ArrayType(inner) if inner else None
        case ColumnType(kind=Kind.STRUCT):
            fields = [(name, spark_type(each)) for name, each in type_.fields]
            return t.StructType([t.StructField(name, each) for name, each in fields if each])
        case ColumnType(kind=Kind.MAP, key=ColumnType() as key, item=ColumnType() as item):
            one, other = spark_type(key), spark_type(item)
            return t.MapType(one, other) if one and other else None
    return _SPARK.get(type_.kind)


def _holds(rule: Rule) -> Callable[[Any], bool]:
    def check(data: Any) -> bool:
        return keeps(rule, data)

    return check
