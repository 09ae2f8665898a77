"""Quality rules of a contract <-> `Quality`, as stated; compiling them is not done here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mesh_dagster.descriptors.metrics import check_arguments, check_kind
from mesh_dagster.descriptors.odcs_shape import METRICS, OPERATORS
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.descriptors.syntax import plain
from mesh_dagster.model.contract import Quality
from mesh_dagster.model.finding import Severity

SEVERITIES = {
    "error": Severity.ERROR,
    "critical": Severity.ERROR,
    "high": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "medium": Severity.WARNING,
    "low": Severity.WARNING,
    "info": Severity.WARNING,
}
"""What contracts call it -> what it means here. The standard leaves the words open."""

_TYPED = {"type", "metric", "arguments", "unit", "name", "dimension", "severity", *OPERATORS}
_OPERATORS = frozenset(OPERATORS)


def qualities_from(
    data: Map, old: bool, source: Source, columns: Collection[str] | None = None
) -> tuple[Quality, ...]:
    """The rules of a table or column. `old`: ODCS 3.0, which names a metric `rule`.

    `columns` are those that a rule on the table may name; None where they are not known.
    """
    return tuple(_quality(each, old, source, columns) for each in data.get("quality", ()))


def _quality(data: Map, old: bool, source: Source, columns: Collection[str] | None) -> Quality:
    kind = data.get("type", "library")
    metric, typed = data.get("metric"), _TYPED
    if metric is None and "rule" in data:
        metric, typed = data["rule"], _TYPED | {"rule"}
    if kind == "library":
        _check_metric(data, metric, old, source)
        check_arguments(data, str(metric), source, columns)
    check_kind(data, kind, source)
    operator = _operator(data, kind, old, source)
    severity, stated = _severity(data, source)
    typed = typed - (_OPERATORS - {operator or ""})
    rest = {key: plain(value) for key, value in data.items() if key not in typed}
    if stated:
        rest["severity"] = stated
    return Quality(
        type=kind,
        metric=metric,
        operator=operator,
        threshold=plain(data[operator]) if operator else None,
        arguments=plain(data.get("arguments", {})),
        unit=data.get("unit"),
        name=data.get("name"),
        dimension=data.get("dimension"),
        severity=severity,
        where=source.at(data.line),
        rest=rest,
    )


def _check_metric(data: Map, metric: str | None, old: bool, source: Source) -> None:
    if metric is None:
        message = f"`metric` is missing; one of {', '.join(METRICS)}"
        source.report("MESH-D009", message, data.line)
    elif not old and metric not in (*METRICS, "unique"):
        line = data.line_of("metric" if "metric" in data else "rule")
        source.report(
            "MESH-D010", f"`metric` is {shown(metric)}{did_you_mean(metric, METRICS)}", line
        )


def _operator(data: Map, kind: str, old: bool, source: Source) -> str | None:
    """The one operator of a rule; exactly one is the standard's own demand."""
    stated = [key for key in data if key in _OPERATORS]
    if len(stated) > 1:
        message = f"the rule has {len(stated)} operators ({', '.join(stated)}), expected one"
        fix = "make each of them a rule of its own"
        source.report("MESH-D018", message, data.line_of(stated[1]), fix=fix)
    if not stated:
        if kind in ("library", "sql") and not old:
            message = f"the rule has no operator, expected one of {', '.join(OPERATORS)}"
            source.report("MESH-D018", message, data.line, fix="mustBe: 0")
        return None
    operator = stated[0]
    if operator.endswith("Between"):
        bounds = data[operator]
        if len(bounds) != 2 or bounds[0] > bounds[1]:
            message = f"`{operator}` is {plain(bounds)!r:.80}, expected two numbers, smallest first"
            source.report("MESH-D018", message, data.line_of(operator))
    return operator


def _severity(data: Map, source: Source) -> tuple[Severity, str | None]:
    """The severity, and the stated word where it says more than the two that the mesh has."""
    stated = data.get("severity")
    if stated is None:
        return Severity.ERROR, None
    severity = SEVERITIES.get(stated.lower())
    if severity is None:
        message = f"`severity` is {shown(stated)}{did_you_mean(stated, SEVERITIES)}"
        source.report("MESH-D010", message, data.line_of("severity"))
        return Severity.ERROR, None
    return severity, None if stated == severity.value else stated


def quality_document(quality: Quality, old: bool) -> dict[str, Any]:
    """A rule as ODCS states it."""
    document: dict[str, Any] = {}
    if quality.type != "library":
        document["type"] = quality.type
    stated = {
        "name": quality.name,
        "rule" if old else "metric": quality.metric,
        "arguments": dict(quality.arguments) or None,
        "unit": quality.unit,
        "dimension": quality.dimension,
        "severity": _stated_severity(quality),
    }
    document |= {key: value for key, value in stated.items() if value is not None}
    if quality.operator:
        document[quality.operator] = quality.threshold
    rest = {key: value for key, value in quality.rest.items() if key != "severity"}
    return {**document, **rest}


def _stated_severity(quality: Quality) -> str | None:
    word = quality.rest.get("severity")
    if word is not None and SEVERITIES.get(str(word).lower()) is quality.severity:
        return str(word)
    return None if quality.severity is Severity.ERROR else quality.severity.value
