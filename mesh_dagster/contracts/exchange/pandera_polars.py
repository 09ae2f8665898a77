"""A contract as a schema of pandera.polars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from mesh_dagster.contracts.exchange.pandera_parts import (
    is_checked,
    is_first_of_keys,
    is_native,
    keeping,
    keeps,
    metadata,
    named,
    native_checks,
    never_null,
    own_rules,
    schema_in,
)
from mesh_dagster.contracts.rules.kinds import PLATFORM_COLUMNS, Expected, Rule, Schema, Unique
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Severity
from mesh_dagster.ports.types import polars_type


def schema_of(contract: Contract, found: Sequence[Rule]) -> pa.DataFrameSchema:
    """The schema; `found` are the contract's rules."""
    schema = schema_in(found)
    columns = {
        each.name: pa.Column(
            _dtype(each),
            checks=[check for rule in own_rules(found, each) for check in _of_column(rule)],
            nullable=not never_null(each),
            required=each.required,
        )
        for each in schema.columns
    }
    columns |= {name: pa.Column(required=False, nullable=True) for name in PLATFORM_COLUMNS}
    return pa.DataFrameSchema(
        columns,
        checks=[check for rule in found for check in _of_table(rule, schema)],
        strict=schema.extra is Severity.ERROR,
        name=contract.id,
        metadata=metadata(contract, found),
    )


def _dtype(column: Expected) -> pl.DataType | None:
    return polars_type(column.type) if column.type is not None else None


def _of_column(rule: Rule) -> list[pa.Check]:
    native = native_checks(pa.Check, rule)
    return native if native is not None else [pa.Check(_by_row(rule), **named(rule))]


def _of_table(rule: Rule, schema: Schema) -> list[pa.Check]:
    if isinstance(rule, Schema):
        said = all(each.type is not None or each.logical is None for each in schema.columns)
        return [] if said else [_once(rule)]
    if is_native(rule) or not is_checked(rule):
        return []
    if isinstance(rule, Unique) and is_first_of_keys(rule):
        return [pa.Check(_is_first(rule), **named(rule))]
    return [_once(rule)]


def _by_row(rule: Rule) -> Callable[[PolarsData], pl.LazyFrame]:
    """By the audit itself, for what pandera has no check."""

    def check(data: PolarsData) -> pl.LazyFrame:
        return keeping(rule, data.lazyframe.collect()).to_frame().lazy()

    return check


def _is_first(rule: Unique) -> Callable[[PolarsData], pl.LazyFrame]:
    """Row by row, so that pandera shows the very rows that are beyond the first."""
    keys = list(rule.columns)
    no_key = pl.any_horizontal(pl.col(key).is_null() for key in keys)

    def check(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(no_key | pl.struct(keys).is_first_distinct())

    return check


def _once(rule: Rule) -> pa.Check:
    """A check on the table as a whole.

    It answers with a frame of one row: pandera cannot put a bare False beside the failing
    values of other checks.
    """

    def check(data: PolarsData) -> pl.LazyFrame:
        return pl.LazyFrame({"holds": [keeps(rule, data.lazyframe)]})

    return pa.Check(check, **named(rule))
