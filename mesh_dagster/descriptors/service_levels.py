"""Service levels of a contract: what of them means nothing is told where they are read."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.service_level import KNOWN, ServiceLevel
from mesh_dagster.model.types import Kind

_TIMED = ("freshness", "retention", "latency")
"""Levels whose elements tell moments."""

_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)


def service_level_findings(contract: Contract, subject: str) -> Iterator[Finding]:
    """All that is wrong with the service levels of a contract, at their lines."""
    for level in contract.service_levels:
        for code, message, severity, fix in _problems(level, contract):
            yield Finding(code, message, severity, subject, level.where, fix)


_Problem = tuple[str, str, Severity, str | None]


def _problems(level: ServiceLevel, contract: Contract) -> Iterator[_Problem]:
    if level.name not in KNOWN:
        meant = nearest(level.name, KNOWN)
        if meant:
            message = f"the service level `{level.name}` is none that the mesh knows"
            yield "MESH-C062", f"{message}; did you mean `{meant}`?", Severity.WARNING, None
        return
    yield from _value(level)
    for element in (level.element or "").split(","):
        if element.strip():
            yield from _element(level, element.strip(), contract)


def _value(level: ServiceLevel) -> Iterator[_Problem]:
    if level.wanted is not None:
        words, example = level.wanted
        message = f"`{level.name}` is {level.stated}; expected {words}"
        yield "MESH-D031", message, Severity.ERROR, f"{{property: {level.name}, {example}}}"


def _element(level: ServiceLevel, element: str, contract: Contract) -> Iterator[_Problem]:
    table, _, column = element.rpartition(".")
    here = _named(contract.schema, table) if table else contract.schema[:1]
    if not here:
        known = [each.name for each in contract.schema]
        message = f"`element` of `{level.name}` is {element:.100}, and the contract has no table"
        yield "MESH-C061", f"{message} `{table}`{did_you_mean(table, known)}", Severity.ERROR, None
        return
    found = here[0].find(column)
    if found is None:
        known = [each.name for each in here[0].properties]
        message = f"`element` of `{level.name}` is {element:.100}, and `{here[0].name}` has no such"
        hint = did_you_mean(column, known)
        yield "MESH-C061", f"{message} property{hint}", Severity.ERROR, None
    elif level.name in _TIMED and found.type is not None and found.type.kind not in _MOMENTS:
        message = f"`element` of `{level.name}` is `{found.name}`, a {found.type}"
        fix = "name a column of dates or timestamps"
        yield "MESH-C061", f"{message}; it tells no moment", Severity.ERROR, fix


def _named(schema: tuple[SchemaObject, ...], name: str) -> tuple[SchemaObject, ...]:
    return tuple(each for each in schema if each.name == name)
