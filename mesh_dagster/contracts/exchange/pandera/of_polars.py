"""A contract as a schema of pandera.polars."""

from __future__ import annotations

from typing import Any, ClassVar

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from mesh_dagster.contracts.exchange.pandera.backend import Check, RowBackend
from mesh_dagster.contracts.exchange.pandera.parts import (
    keeping,
    keeps,
    native_checks,
    never_null,
)
from mesh_dagster.contracts.rules.kinds import Expected, Rule, Schema, Unique
from mesh_dagster.ports.types import polars_type


class _Polars(RowBackend):
    pa: ClassVar[Any] = pa

    def dtype(self, column: Expected) -> pl.DataType | None:
        return polars_type(column.type) if column.type is not None else None

    def nullable(self, column: Expected) -> bool:
        return not never_null(column)

    def says(self, schema: Schema) -> bool:
        return all(each.type is not None or each.logical is None for each in schema.columns)

    def native(self, rule: Rule) -> list[Any] | None:
        return native_checks(pa.Check, rule)

    def by_row(self, rule: Rule) -> Check:
        def check(data: PolarsData) -> pl.LazyFrame:
            return keeping(rule, data.lazyframe.collect()).to_frame().lazy()

        return check

    def is_first(self, rule: Unique) -> Check:
        keys = list(rule.columns)
        no_key = pl.any_horizontal(pl.col(key).is_null() for key in keys)

        def check(data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(no_key | pl.struct(keys).is_first_distinct())

        return check

    def whole(self, rule: Rule) -> Check:
        # A frame of one row: pandera cannot put a bare False beside the failing values of others.
        def check(data: PolarsData) -> pl.LazyFrame:
            return pl.LazyFrame({"holds": [keeps(rule, data.lazyframe)]})

        return check


schema_of = _Polars().schema_of
