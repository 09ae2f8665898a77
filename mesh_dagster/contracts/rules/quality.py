"""The quality entries of a contract: ODCS's library of metrics, with their operators and units."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypedDict

from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Bound,
    Missing,
    Operator,
    Pattern,
    Required,
    RowCount,
    Rule,
    Unique,
    Unsupported,
)
from mesh_dagster.contracts.rules.literals import kind_of, possible_values, values_of
from mesh_dagster.contracts.rules.shape import ENGINE, mesh_rule
from mesh_dagster.contracts.rules.wording import shown
from mesh_dagster.model.contract import Property, Quality, SchemaObject
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import Kind

METRICS = ("rowCount", "nullValues", "missingValues", "invalidValues", "duplicateValues", "unique")
_DIMENSIONS = {
    "rowCount": "completeness",
    "nullValues": "completeness",
    "missingValues": "completeness",
    "invalidValues": "conformity",
    "duplicateValues": "uniqueness",
    "unique": "uniqueness",
}


class _Unclear(ValueError):
    """The entry cannot be run; `severity` overrides the entry's own where nobody could run it."""

    def __init__(self, reason: str, severity: Severity | None = None) -> None:
        super().__init__(reason)
        self.severity = severity


class _Identity(TypedDict):
    id: str
    column: str | None
    dimension: str | None
    severity: Severity
    where: str | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A quality entry and where it stands: at a column, or at the table (`at` None)."""

    quality: Quality
    table: SchemaObject
    at: Property | None

    @property
    def identity(self) -> _Identity:
        quality = self.quality
        column = self.at.column if self.at else None
        own = quality.rest.get("id") or quality.name
        metric = _snake(quality.metric or quality.type)
        return {
            "id": str(own) if own else f"{column}_{metric}" if column else metric,
            "column": column,
            "dimension": quality.dimension or _DIMENSIONS.get(quality.metric or ""),
            "severity": quality.severity,
            "where": quality.where,
        }

    @property
    def kind(self) -> Kind | None:
        return kind_of(self.at.type, self.at.logical_type) if self.at else None


def quality_rules(
    entries: tuple[Quality, ...], table: SchemaObject, at: Property | None
) -> Iterator[Rule]:
    """One rule for each quality entry of a column, or of the table when `at` is None."""
    for quality in entries:
        entry = _Entry(quality, table, at)
        try:
            yield _rule(entry)
        except _Unclear as unclear:
            identity = entry.identity
            identity["severity"] = unclear.severity or identity["severity"]
            told = quality.name or quality.rest.get("description") or quality.type
            yield Unsupported(message=str(told), reason=str(unclear), **identity)


def _rule(entry: _Entry) -> Rule:
    quality = entry.quality
    match quality.type:
        case "text":
            raise _Unclear("a text is for people; nothing checks it", Severity.WARNING)
        case "custom" if quality.rest.get("engine") == ENGINE:
            try:
                return mesh_rule(quality, entry.table, entry.at, entry.identity)
            except ValueError as error:
                raise _Unclear(str(error)) from None
        case "sql" | "custom":
            raise _Unclear(f"rules of type {quality.type} cannot be run yet")
    match quality.metric:
        case "rowCount":
            return _row_count(entry)
        case "nullValues":
            return _null_values(entry)
        case "missingValues":
            return _missing_values(entry)
        case "invalidValues":
            return _invalid_values(entry)
        case "duplicateValues" | "unique":
            return _duplicate_values(entry)
    known = ", ".join(METRICS)
    raise _Unclear(f"{quality.metric!r} is no metric; there are {known}", Severity.WARNING)


def _row_count(entry: _Entry) -> Rule:
    bound = _bound(entry.quality)
    if bound.percent:
        raise _Unclear("a number of rows is no share of them: drop `unit: percent`")
    return RowCount(message=f"there are {bound} rows", bound=bound, **entry.identity)


def _null_values(entry: _Entry) -> Rule:
    column, bound = _column(entry), _bound(entry.quality)
    message = f"{_amount(bound)} nulls in {column}"
    return Required(message=message, bound=bound, **entry.identity)


def _missing_values(entry: _Entry) -> Rule:
    column, bound = _column(entry), _bound(entry.quality)
    given = _list(entry.quality, "missingValues") or []
    values = possible_values(given, entry.kind)
    message = f"{_amount(bound)} missing values in {column}"
    return Missing(message=message, values=values, bound=bound, **entry.identity)


def _invalid_values(entry: _Entry) -> Rule:
    column, bound = _column(entry), _bound(entry.quality)
    given = _list(entry.quality, "validValues")
    pattern = entry.quality.arguments.get("pattern")
    if pattern is not None and not isinstance(pattern, str):
        raise _Unclear(f"a pattern is a text, not {pattern!r}")
    if given is None:
        if pattern is None:
            raise _Unclear("invalidValues needs the argument validValues or pattern")
        message = f"{_amount(bound)} values of {column} that do not match {pattern}"
        return Pattern(message=message, pattern=pattern, bound=bound, **entry.identity)
    try:
        values = values_of(given, entry.kind)
    except (ValueError, TypeError) as error:
        raise _Unclear(f"of validValues, {error}") from None
    message = f"{_amount(bound)} values of {column} other than {shown(values)}"
    return Allowed(message=message, values=values, pattern=pattern, bound=bound, **entry.identity)


def _duplicate_values(entry: _Entry) -> Rule:
    names = _list(entry.quality, "properties") or []
    columns = []
    for name in names:
        found = entry.table.find(str(name))
        if found is None:
            raise _Unclear(f"the contract has no property {name!r}")
        columns.append(found.column)
    if not columns:
        columns = [_column(entry)]
    bound = _bound(entry.quality)
    message = f"{_amount(bound)} rows beyond the first of each ({', '.join(columns)})"
    return Unique(message=message, columns=tuple(columns), bound=bound, **entry.identity)


def _column(entry: _Entry) -> str:
    if entry.at is None:
        metric = entry.quality.metric
        raise _Unclear(f"{metric} counts values of one property: put it there", Severity.WARNING)
    return entry.at.column


def _list(quality: Quality, argument: str) -> list[Any] | None:
    given = quality.arguments.get(argument)
    if given is not None and not isinstance(given, list | tuple):
        raise _Unclear(f"{argument} is a list, not {given!r}")
    return None if given is None else list(given)


def _bound(quality: Quality) -> Bound:
    if quality.unit not in (None, "rows", "percent"):
        raise _Unclear(f"the unit is rows or percent, not {quality.unit!r}")
    try:
        operator = Operator(quality.operator or "")
    except ValueError:
        raise _Unclear(f"{quality.operator!r} is no operator") from None
    betweens = (Operator.BETWEEN, Operator.NOT_BETWEEN)
    given = quality.threshold if operator in betweens else [quality.threshold]
    wanted = 2 if operator in betweens else 1
    if not isinstance(given, list | tuple) or len(given) != wanted:
        raise _Unclear(f"{operator} takes {wanted} numbers, not {quality.threshold!r}")
    numbers = tuple(_number(each, operator) for each in given)
    if numbers[0] > numbers[-1]:
        raise _Unclear(f"{operator} takes the smaller number first, not {quality.threshold!r}")
    return Bound(operator, numbers, percent=quality.unit == "percent")


def _number(given: Any, operator: Operator) -> Fraction:
    """Exactly the number that was written: 0.1 is a tenth."""
    fits = isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
    if not fits:
        raise _Unclear(f"{operator} takes a number, not {given!r}")
    return Fraction(str(given))


def _amount(bound: Bound) -> str:
    return "no" if bound == Bound() else str(bound)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
