"""A contract as a pandera schema, for a team to extend in Python and use in its own tests.

It says the same as the fused pass does; a property test holds the two together. What pandera
cannot know, foreign keys into other ports and what no release checks yet, is left out and named
in the schema's metadata under `unchecked`.

A Polars LazyFrame is validated by its schema only unless `PANDERA_VALIDATION_DEPTH` is
`SCHEMA_AND_DATA`: hand over a DataFrame, or set it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from mesh_dagster.contracts.audit.duplicates import duplicates
from mesh_dagster.contracts.audit.frame import Frame
from mesh_dagster.contracts.audit.fused import fused
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import (
    NONE_ALLOWED,
    PLATFORM_COLUMNS,
    Allowed,
    Counted,
    Expected,
    Length,
    Pattern,
    Range,
    Required,
    RowCount,
    Rule,
    Schema,
    Unique,
)
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.types import Kind
from mesh_dagster.ports.types import polars_type


def to_pandera(contract: Contract) -> pa.DataFrameSchema:
    """The schema of the table that a contract's port serves; checks are named by rule id."""
    found = rules(contract)
    schema = next(rule for rule in found if isinstance(rule, Schema))
    columns = {
        column.name: pa.Column(
            polars_type(column.type) if column.type else None,
            checks=_checks(found, column),
            nullable=not _never_null(column),
            required=column.required,
        )
        for column in schema.columns
    }
    columns |= {name: pa.Column(required=False, nullable=True) for name in PLATFORM_COLUMNS}
    whole = [check for rule in found for check in _whole(rule)]
    unchecked = [rule.id for rule in found if not _is_checked(rule)]
    return pa.DataFrameSchema(
        columns,
        checks=whole,
        strict=True,
        name=contract.id,
        metadata={"contract": contract.id, "version": contract.version, "unchecked": unchecked},
    )


def _is_checked(rule: Rule) -> bool:
    return isinstance(rule, Schema | Unique | RowCount | Counted)


def _never_null(column: Expected) -> bool:
    """pandera takes NaN for a null, which it is not: of floats a check of its own says it."""
    is_float = column.type is not None and column.type.kind in (Kind.FLOAT, Kind.DOUBLE)
    return column.required and not is_float


def _checks(found: Sequence[Rule], column: Expected) -> list[pa.Check]:
    """The checks of one column; that it is required at all is said by `nullable` already."""
    own = [rule for rule in found if isinstance(rule, Counted) and rule.column == column.name]
    if _never_null(column):
        own.remove(next(rule for rule in own if isinstance(rule, Required)))
    return [check for rule in own for check in _of_values(rule)]


def _of_values(rule: Counted) -> list[pa.Check]:
    """pandera's own checks where they say it; nulls pass them, as they do here."""
    if rule.bound != NONE_ALLOWED:
        return [_once(rule, lambda data: rule.bound.keeps(_broken(rule, data), data.height))]
    named: dict[str, Any] = {"name": rule.id, "title": rule.message}
    checks = [_once(rule, lambda data: _broken(rule, data) == 0)]
    match rule:
        case Allowed(pattern=None):
            checks = [pa.Check.isin(list(rule.values), **named)]
        case Pattern():
            checks = [pa.Check.str_contains(rule.pattern, **named)]
        case Length():
            # One by one: pandera refuses a pair of ends that nothing lies between.
            ends = ((rule.minimum, None), (None, rule.maximum))
            checks = [pa.Check.str_length(*end, **named) for end in ends if end != (None, None)]
        case Range():
            checks = [make(end, **named) for make, end in _ends(rule) if end is not None]
    return checks


def _ends(rule: Range) -> list[tuple[Callable[..., pa.Check], Any]]:
    starts = (rule.minimum, rule.exclusive_minimum)
    open_ended = rule.maximum is None and rule.exclusive_maximum is None
    # NaN is above every number to Polars: an end at infinity keeps it out.
    nan_is_above = open_ended and any(isinstance(start, float) for start in starts)
    return [
        (pa.Check.greater_than_or_equal_to, rule.minimum),
        (pa.Check.greater_than, rule.exclusive_minimum),
        (pa.Check.less_than_or_equal_to, math.inf if nan_is_above else rule.maximum),
        (pa.Check.less_than, rule.exclusive_maximum),
    ]


def _whole(rule: Rule) -> list[pa.Check]:
    match rule:
        case RowCount():
            return [_once(rule, lambda data: rule.bound.keeps(data.height, data.height))]
        case Unique(bound=bound) if bound == NONE_ALLOWED:
            return [pa.Check(_is_first(rule), name=rule.id, title=rule.message)]
        case Unique():
            return [_once(rule, lambda data: rule.bound.keeps(_repeated(rule, data), data.height))]
    return []


def _is_first(rule: Unique) -> Callable[[PolarsData], pl.LazyFrame]:
    """Row by row, so that pandera shows the very rows that are beyond the first."""
    keys = list(rule.columns)
    no_key = pl.any_horizontal(pl.col(key).is_null() for key in keys)

    def check(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(no_key | pl.struct(keys).is_first_distinct())

    return check


def _once(rule: Rule, holds: Callable[[pl.DataFrame], bool]) -> pa.Check:
    """A check on the table as a whole.

    It answers with a frame of one row: pandera cannot put a bare False beside the failing
    values of other checks.
    """

    def check(data: PolarsData) -> pl.LazyFrame:
        return pl.LazyFrame({"holds": [holds(data.lazyframe.collect())]})

    return pa.Check(check, name=rule.id, title=rule.message)


def _broken(rule: Counted, data: pl.DataFrame) -> int:
    counts = fused([rule], Frame.of(data))
    if rule.id in counts.reasons:
        raise ValueError(counts.reasons[rule.id])
    return counts.failed[rule.id][None]


def _repeated(rule: Unique, data: pl.DataFrame) -> int:
    return int(duplicates(rule, Frame.of(data), None)["__mesh_failed"].sum() or 0)
