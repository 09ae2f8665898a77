"""A contract as a schema of pandera.pyspark; a rule on values is a check on the whole frame.

Each runs as the audit does, in Spark. Where pandera's own errors name a rule, they do so by its
id; Spark does not tell which rows break it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pandera.pyspark as pa
from pyspark.sql import types as t

from mesh_dagster.contracts.exchange.pandera.backend import Backend, Check
from mesh_dagster.contracts.exchange.pandera.parts import is_checked, keeps
from mesh_dagster.contracts.rules.kinds import Expected, Rule, Schema
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


class _Spark(Backend):
    pa: ClassVar[Any] = pa

    def dtype(self, column: Expected) -> Any:
        return spark_type(column.type) if column.type else None

    def nullable(self, column: Expected) -> bool:
        return True

    def of_column(self, column: Expected, found: Sequence[Rule]) -> list[Any]:
        return []

    def of_table(self, rule: Rule, schema: Schema) -> list[Any]:
        return [self.once(rule)] if is_checked(rule) and not isinstance(rule, Schema) else []

    def whole(self, rule: Rule) -> Check:
        def check(data: Any) -> bool:
            return keeps(rule, data)

        return check


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


schema_of = _Spark().schema_of
