"""Service levels of a contract as rules: freshness and retention. The others are carried.

What each of them is, and what the mesh does with it, is in `docs/contracts/service-levels.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mesh_dagster.contracts.rules.kinds import Freshness, Retention, Rule, Unsupported
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.service_level import ServiceLevel

FRESHNESS = "freshness"
RETENTION = "retention"

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def service_level_rules(contract: Contract, table: SchemaObject) -> Iterator[Rule]:
    """The freshness and retention that a contract promises of one of its tables.

    Of the others only those whose value means nothing, told with the first table.
    """
    first = contract.schema[0].name if contract.schema else table.name
    for level in contract.service_levels:
        if level.name not in (FRESHNESS, RETENTION):
            if level.wanted is not None and table.name == first:
                yield _unusable(level, None, f"{level.stated} is not {level.wanted[0]}")
            continue
        element = level.element or contract.rest.get("slaDefaultElement")
        own = level.element is None and table.event_time
        for each in [table.event_time] if own else _elements(element):
            named, _, column = (each or "").rpartition(".")
            if named not in ("", table.name) or (not named and table.name != first):
                continue
            yield _rule(level, table, column or None)


def _elements(element: str | None) -> list[str | None]:
    """ODCS lets one promise name several elements, with commas between them."""
    return [each.strip() for each in element.split(",")] if element else [None]


def _rule(level: ServiceLevel, table: SchemaObject, name: str | None) -> Rule:
    found = table.find(name) if name else None
    column = found.column if found else name
    id_ = _id(level, column)
    span = level.span
    reason = None
    if span is None:
        reason = f"{level.stated} is no span of time"
    elif name and found is None:
        reason = f"the contract has no property {name!r}"
    elif column is None and level.name == RETENTION:
        reason = "it names no `element`, the column that tells how old a row is"
    if reason or span is None:
        return _unusable(level, column, reason or "")
    if level.name == RETENTION:
        return Retention(
            id=id_,
            message=f"no {column} is older than {span_in_words(span)}",
            column=column,
            dimension="timeliness",
            where=level.where,
            within=span,
        )
    return Freshness(
        id=id_,
        message=f"the newest {column or 'record'} is at most {span_in_words(span)} old",
        column=column,
        dimension="timeliness",
        severity=Severity.ERROR if column else Severity.WARNING,
        where=level.where,
        within=span,
    )


def _unusable(level: ServiceLevel, column: str | None, reason: str) -> Rule:
    return Unsupported(
        id=_id(level, column),
        message=f"the {level.name} that the contract promises",
        column=column,
        dimension="timeliness",
        severity=Severity.WARNING,
        where=level.where,
        reason=reason,
    )


def _id(level: ServiceLevel, column: str | None) -> str:
    return f"{column}_{level.name}" if level.element and column else level.name


def span_in_words(span: timedelta) -> str:
    """`1 d 2 h`, the two greatest units of it; below a minute in seconds."""
    parts = []
    rest = span
    for unit, length in _UNITS:
        number, rest = divmod(rest, length)
        if number:
            parts.append(f"{number:,} {unit}")
    if rest and not (len(parts) > 1):
        parts.append(f"{rest.total_seconds():g} s")
    return " ".join(parts[:2]) or "0 s"
