"""A contract as a schema of pandera.pandas.

In pandas NaN is a null, so it is one here. Types are compared as Arrow has them: an int64, an
Int64 and an int64[pyarrow] column are each a bigint, a moment is one in whatever unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pandera.pandas as pa

from mesh_dagster.contracts.audit.data.of_pandas import as_polars
from mesh_dagster.contracts.exchange.pandera_parts import (
    is_checked,
    is_first_of_keys,
    is_native,
    keeping,
    keeps,
    metadata,
    named,
    native_checks,
    schema_in,
)
from mesh_dagster.contracts.rules.kinds import (
    PLATFORM_COLUMNS,
    Expected,
    Pattern,
    Required,
    Rule,
    Unique,
)
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Severity


def schema_of(contract: Contract, found: Sequence[Rule]) -> pa.DataFrameSchema:
    """The schema; `found` are the contract's rules."""
    schema = schema_in(found)
    columns = {
        each.name: pa.Column(
            checks=[check for rule in _own(found, each) for check in _of_column(rule)],
            nullable=not each.required,
            required=each.required,
        )
        for each in schema.columns
    }
    columns |= {name: pa.Column(required=False, nullable=True) for name in PLATFORM_COLUMNS}
    return pa.DataFrameSchema(
        columns,
        checks=[check for rule in found for check in _of_table(rule)],
        strict=schema.extra is Severity.ERROR,
        name=contract.id,
        metadata=metadata(contract, found),
    )


def _own(found: Sequence[Rule], column: Expected) -> list[Rule]:
    """Without the one that `nullable` says; of NaN, a null here, it says it too."""
    own = [rule for rule in found if is_native(rule) and rule.column == column.name]
    first = next((rule for rule in own if isinstance(rule, Required)), None)
    return [rule for rule in own if rule is not first] if column.required else own


def _of_column(rule: Rule) -> list[pa.Check]:
    # Python's regular expressions are others than those of the contract.
    native = None if isinstance(rule, Pattern) else native_checks(pa.Check, rule, nan_is_null=True)
    if native is not None:
        return native
    return [pa.Check(_by_row(rule), ignore_na=False, **named(rule))]


def _of_table(rule: Rule) -> list[pa.Check]:
    if is_native(rule) or not is_checked(rule):
        return []
    if isinstance(rule, Unique) and is_first_of_keys(rule):
        return [pa.Check(_is_first(rule), ignore_na=False, **named(rule))]
    return [_once(rule)]


def _by_row(rule: Rule) -> Callable[[Any], Any]:
    """By the audit itself, for what pandera has no check."""

    def check(series: pd.Series[Any]) -> pd.Series[bool]:
        kept = keeping(rule, as_polars(series.to_frame(rule.column)))
        return pd.Series(kept.to_list(), index=series.index, dtype=bool)

    return check


def _is_first(rule: Unique) -> Callable[[Any], Any]:
    keys = list(rule.columns)

    def check(data: pd.DataFrame) -> pd.Series[bool]:
        return data[keys].isna().any(axis=1) | ~data.duplicated(keys)

    return check


def _once(rule: Rule) -> pa.Check:
    def check(data: pd.DataFrame) -> bool:
        return keeps(rule, as_polars(data).lazy())

    return pa.Check(check, **named(rule))
