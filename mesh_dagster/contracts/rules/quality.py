"""The quality entries of a contract: ODCS's library of metrics, with their operators and units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from mesh_dagster.contracts.rules.dialects import DUCKDB
from mesh_dagster.contracts.rules.grammar import snake
from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Bound,
    Missing,
    Pattern,
    Required,
    RowCount,
    Rule,
    Unique,
    Unsupported,
)
from mesh_dagster.contracts.rules.literals import kind_of, possible_values, values_of
from mesh_dagster.contracts.rules.owned import ENGINES, code_rule, sql_rule, text_rule
from mesh_dagster.contracts.rules.shape import ENGINE, mesh_rule, stored
from mesh_dagster.contracts.rules.thresholds import bound_of
from mesh_dagster.contracts.rules.wording import shown
from mesh_dagster.descriptors.cron import cron_problem
from mesh_dagster.model.contract import Property, Quality, SchemaObject
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import Kind

METRICS = ("rowCount", "nullValues", "missingValues", "invalidValues", "duplicateValues")
_OLD_NAMES = {
    "countCheck": "rowCount",
    "duplicateCheck": "duplicateValues",
    "duplicateCount": "duplicateValues",
    "invalidCount": "invalidValues",
    "missingCount": "missingValues",
    "nullCheck": "nullValues",
    "nullCount": "nullValues",
    "unique": "duplicateValues",
    "uniqueCheck": "duplicateValues",
    "validValues": "invalidValues",
}
_DIMENSIONS = {
    "rowCount": "completeness",
    "nullValues": "completeness",
    "missingValues": "completeness",
    "invalidValues": "conformity",
    "duplicateValues": "uniqueness",
}


class _UnrunnableError(ValueError):
    """Nobody could run the entry: that is a warning, however grave it calls itself."""


class _Identity(TypedDict):
    id: str
    column: str | None
    dimension: str | None
    severity: Severity
    where: str | None
    business_impact: str | None
    method: str | None
    schedule: str | None
    scheduler: str | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A quality entry and where it stands: at a column, or at the table (`at` None)."""

    quality: Quality
    table: SchemaObject
    at: Property | None
    dialect: str = DUCKDB

    @property
    def identity(self) -> _Identity:
        quality = self.quality
        column = self.at.column if self.at else None
        own = quality.rest.get("id") or quality.name
        metric = snake(quality.metric or quality.type)
        schedule = quality.rest.get("schedule")
        return {
            "id": str(own) if own else f"{column}_{metric}" if column else metric,
            "column": column,
            "dimension": quality.dimension or _DIMENSIONS.get(_metric(quality)),
            "severity": quality.severity,
            "where": quality.where,
            "business_impact": quality.rest.get("businessImpact"),
            "method": quality.rest.get("method"),
            "schedule": schedule if schedule and cron_problem(schedule) is None else None,
            "scheduler": quality.rest.get("scheduler"),
        }

    @property
    def kind(self) -> Kind | None:
        return kind_of(self.at) if self.at else None


def quality_rules(
    entries: tuple[Quality, ...],
    table: SchemaObject,
    at: Property | None,
    dialect: str = DUCKDB,
) -> Iterator[Rule]:
    """One rule for each quality entry of a column, or of the table when `at` is None.

    `dialect` is that of the contract's queries.
    """
    for quality in entries:
        entry = _Entry(quality, table, at, dialect)
        try:
            yield _rule(entry)
        except ValueError as unclear:
            identity = entry.identity
            if isinstance(unclear, _UnrunnableError):
                identity["severity"] = Severity.WARNING
            told = quality.name or quality.rest.get("description") or quality.type
            yield Unsupported(message=str(told), reason=str(unclear), **identity)


def _rule(entry: _Entry) -> Rule:
    match entry.quality.type:
        case "text":
            return text_rule(entry.quality, entry.identity)
        case "sql":
            return sql_rule(entry.quality, entry.table, entry.dialect, entry.identity)
        case "custom":
            return _custom(entry)
    return _of_library(entry)


def _custom(entry: _Entry) -> Rule:
    engine = entry.quality.rest.get("engine")
    if engine == ENGINE:
        return mesh_rule(entry.quality, entry.table, entry.at, entry.identity)
    if engine in ENGINES:
        return code_rule(entry.quality, entry.at, entry.identity)
    run = ", ".join((*ENGINES, ENGINE))
    raise _UnrunnableError(f"the engine {engine!r} is not run here; {run} are")


def _of_library(entry: _Entry) -> Rule:
    entry = _with_default(entry)
    match _metric(entry.quality):
        case "rowCount":
            return _row_count(entry)
        case "nullValues":
            return _null_values(entry)
        case "missingValues":
            return _missing_values(entry)
        case "invalidValues":
            return _invalid_values(entry)
        case "duplicateValues":
            return _duplicate_values(entry)
    known = ", ".join(METRICS)
    raise _UnrunnableError(f"{entry.quality.metric!r} is no metric; there are {known}")


def _metric(quality: Quality) -> str:
    """The metric by its name of today: ODCS 3.0 left it open how a `rule` is called."""
    name = quality.metric or ""
    return _OLD_NAMES.get(name, name)


def _with_default(entry: _Entry) -> _Entry:
    """ODCS 3.0 asks for no operator: what should not be there is then not there at all."""
    if entry.quality.operator is not None:
        return entry
    if _metric(entry.quality) == "rowCount":
        raise _UnrunnableError("it says no number of rows")
    return replace(entry, quality=replace(entry.quality, operator="mustBe", threshold=0))


def _row_count(entry: _Entry) -> Rule:
    bound = bound_of(entry.quality)
    if bound.percent:
        raise ValueError("a number of rows is no share of them: drop `unit: percent`")
    return RowCount(message=f"the number of rows is {bound}", bound=bound, **entry.identity)


def _null_values(entry: _Entry) -> Rule:
    column, bound = _column(entry), bound_of(entry.quality)
    message = f"{_amount(bound)} nulls in {column}"
    return Required(message=message, bound=bound, **entry.identity)


def _missing_values(entry: _Entry) -> Rule:
    column, bound = _column(entry), bound_of(entry.quality)
    given = _list(entry.quality, "missingValues") or []
    values = possible_values(given, entry.kind)
    message = f"{_amount(bound)} missing values in {column}"
    return Missing(message=message, values=values, bound=bound, **entry.identity)


def _invalid_values(entry: _Entry) -> Rule:
    column, bound = _column(entry), bound_of(entry.quality)
    given = _list(entry.quality, "validValues")
    pattern = entry.quality.arguments.get("pattern")
    if pattern is not None and not isinstance(pattern, str):
        raise ValueError(f"a pattern is a text, not {pattern!r}")
    if given is None:
        if pattern is None:
            raise ValueError("invalidValues needs the argument validValues or pattern")
        message = f"{_amount(bound)} values of {column} that do not match {pattern}"
        return Pattern(message=message, pattern=pattern, bound=bound, **entry.identity)
    try:
        values = values_of(given, entry.kind)
    except (ValueError, TypeError) as error:
        raise ValueError(f"of validValues, {error}") from None
    message = f"{_amount(bound)} values of {column} other than {shown(values)}"
    return Allowed(message=message, values=values, pattern=pattern, bound=bound, **entry.identity)


def _duplicate_values(entry: _Entry) -> Rule:
    names = _list(entry.quality, "properties")
    found = [stored(entry.table, name) for name in names] if names else [_column(entry)]
    columns = tuple(dict.fromkeys(found))
    bound = bound_of(entry.quality)
    message = f"{_amount(bound)} rows beyond the first of each ({', '.join(columns)})"
    return Unique(message=message, columns=columns, bound=bound, **entry.identity)


def _column(entry: _Entry) -> str:
    if entry.at is None:
        metric = entry.quality.metric
        raise _UnrunnableError(f"{metric} counts values of one property: put it there")
    return entry.at.column


def _list(quality: Quality, argument: str) -> list[Any] | None:
    given = quality.arguments.get(argument)
    if given is not None and not isinstance(given, list | tuple):
        raise ValueError(f"{argument} is a list, not {given!r}")
    return None if given is None else list(given)


def _amount(bound: Bound) -> str:
    return "no" if bound == Bound() else str(bound)
