"""Whether a quality rule is stated so that it can be checked: arguments, query, schedule."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mesh_dagster.descriptors.cron import cron_problem
from mesh_dagster.descriptors.patterns import check_pattern
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.model.finding import Severity

_LISTS = {
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues",),
    "duplicateValues": ("properties",),
    "unique": ("properties",),
}
_TEXTS = {"invalidValues": ("pattern",)}
_NEEDED = {"sql": ("query",), "custom": ("engine", "implementation")}


def check_arguments(
    data: Map, metric: str, source: Source, columns: Collection[str] | None
) -> None:
    """Report arguments that the metric does not know or cannot use.

    `columns` are those that a rule on the table may name; None where they are not known.
    """
    given = data.get("arguments")
    if not isinstance(given, Map):
        return
    known = (*_LISTS.get(metric, ()), *_TEXTS.get(metric, ()))
    for name, value in given.items():
        line = given.line_of(name)
        if name not in known:
            _unknown(name, metric, known, source, line)
        elif name in _LISTS.get(metric, ()) and not isinstance(value, list):
            source.report("MESH-D008", f"`{name}` is {shown(value)}, expected a list", line)
        elif name in _TEXTS.get(metric, ()) and not isinstance(value, str):
            source.report("MESH-D008", f"`{name}` is {shown(value)}, expected a text", line)
        elif name == "pattern":
            check_pattern(value, line, source)
        elif name == "properties" and columns is not None:
            _check_columns(value, columns, source, line)


def check_kind(data: Map, kind: str, source: Source) -> None:
    """Report what a rule of its type needs and has not, and a schedule that is none."""
    for key in _NEEDED.get(kind, ()):
        if key not in data:
            source.report("MESH-D009", f"`{key}` is missing in a rule of type {kind}", data.line)
    schedule, scheduler = data.get("schedule"), data.get("scheduler", "cron")
    if isinstance(schedule, str) and str(scheduler).lower() == "cron":
        problem = cron_problem(schedule)
        if problem:
            message = f"`schedule` {shown(schedule)} {problem}; the rule runs each time"
            line = data.line_of("schedule")
            source.report("MESH-D026", message, line, severity=Severity.WARNING)


def _unknown(name: str, metric: str, known: Collection[str], source: Source, line: int) -> None:
    """A slip of the pen is an error; what looks like nothing we know is somebody else's."""
    slip = nearest(name, known) is not None
    severity = Severity.ERROR if slip else Severity.WARNING
    message = f"`{name}` is no argument of {metric}{did_you_mean(name, known)}"
    source.report("MESH-D007", message, line, severity=severity)


def _check_columns(named: list[Any], columns: Collection[str], source: Source, line: int) -> None:
    for each in named:
        if str(each) not in columns:
            message = f"`properties` names {shown(each)}{did_you_mean(str(each), columns)}"
            source.report("MESH-D027", message, line)
