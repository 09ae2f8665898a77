"""What is the same of a contract's schema in each of pandera's backends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import polars as pl

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.exchange.exported import identity
from mesh_dagster.contracts.rules.kinds import (
    NONE_ALLOWED,
    Allowed,
    Counted,
    Expected,
    Length,
    Pattern,
    Range,
    Reference,
    RowCount,
    Rule,
    Schema,
    Unique,
)
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.types import Kind

_AT = "__mesh_at"


def schema_in(found: Sequence[Rule]) -> Schema:
    """The rule on the columns themselves, of which there is one."""
    return next(rule for rule in found if isinstance(rule, Schema))


def is_checked(rule: Rule) -> bool:
    """Whether pandera can say it: what one table shows by itself, whenever it is looked at."""
    own = isinstance(rule, Reference) and rule.target is None and rule.target_object is None
    return isinstance(rule, Schema | Unique | RowCount | Counted) or own


def is_native(rule: Rule) -> bool:
    """Whether it is on the values of a whole column, none of which may break it."""
    whole = rule.path is None or not rule.path.steps
    return isinstance(rule, Counted) and whole and rule.bound == NONE_ALLOWED


def is_first_of_keys(rule: Rule) -> bool:
    """Whether it is a key of whole columns that may not repeat."""
    return isinstance(rule, Unique) and not rule.paths and rule.bound == NONE_ALLOWED


def never_null(column: Expected) -> bool:
    """pandera takes NaN for a null, which it is not: of floats a check of its own says it."""
    is_float = column.type is not None and column.type.kind in (Kind.FLOAT, Kind.DOUBLE)
    return column.required and column.type is not None and not is_float


def named(rule: Rule) -> dict[str, Any]:
    """What a check is called, and that a rule which only warns does so here too."""
    return {
        "name": rule.id,
        "title": rule.message,
        "raise_warning": rule.severity is Severity.WARNING,
    }


def is_python(pattern: str) -> bool:
    """Whether Python reads a pattern, which is in the words of Rust: pandera has it do so."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def native_checks(check: Any, rule: Rule, *, nan_is_null: bool = False) -> list[Any] | None:
    """pandera's own checks where they say what the rule does; None where none does.

    `check` is the backend's class; nulls pass its checks, as they do here.
    """
    more = named(rule)
    match rule:
        case Allowed(pattern=None):
            return [check.isin(list(rule.values), **more)]
        case Pattern() if is_python(rule.pattern):
            return [check.str_contains(rule.pattern, **more)]
        case Length():
            # One by one: pandera refuses a pair of ends that nothing lies between.
            ends = ((rule.minimum, None), (None, rule.maximum))
            return [check.str_length(*end, **more) for end in ends if end != (None, None)]
        case Range():
            return _ends(check, rule, more, nan_is_null=nan_is_null)
    return None


def _ends(check: Any, rule: Range, more: dict[str, Any], *, nan_is_null: bool) -> list[Any]:
    starts = (rule.minimum, rule.exclusive_minimum)
    open_ended = rule.maximum is None and rule.exclusive_maximum is None
    # NaN is above every number to Polars: an end at infinity keeps it out.
    keeps_nan_out = (
        not nan_is_null and open_ended and any(isinstance(start, float) for start in starts)
    )
    ends = [
        (check.greater_than_or_equal_to, rule.minimum),
        (check.greater_than, rule.exclusive_minimum),
        (check.less_than_or_equal_to, float("inf") if keeps_nan_out else rule.maximum),
        (check.less_than, rule.exclusive_maximum),
    ]
    return [make(end, **more) for make, end in ends if end is not None]


def metadata(contract: Contract, found: Sequence[Rule]) -> dict[str, Any]:
    """Whose schema it is, and what it does not check."""
    unchecked = [rule.id for rule in found if not is_checked(rule)]
    return {**said_of(contract, contract.table), "unchecked": unchecked}


def said_of(contract: Contract, table: SchemaObject) -> dict[str, str]:
    """Whose schema it is: what an import takes up again."""
    known = identity(contract)
    return {"contract": known.pop("id"), "table": table.name, **known}


def keeps(rule: Rule, data: Any) -> bool:
    """Whether a table keeps a rule. Raises `ValueError` where that cannot be told."""
    result = audit([rule], data)[0]
    if result.verdict is Verdict.ERROR:
        raise ValueError(result.message)
    return result.verdict is Verdict.PASSED


def keeping(rule: Rule, data: pl.DataFrame) -> pl.Series:
    """Row by row whether it keeps a rule on values. Raises where that cannot be told."""
    rows = data.with_row_index(_AT)
    broken = failing_rows(rule, rows.lazy(), limit=rows.height)[_AT]
    return ~rows[_AT].is_in(broken.implode())
