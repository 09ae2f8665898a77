"""Custom rules of the engine `mesh`: the shape of the data, and the rows that time lets expect.

    quality:
      - type: custom
        engine: mesh
        implementation: {metric: mean, against: 7, measure: change}
        unit: percent
        mustBeLessThan: 20

What each metric means is in `docs/contracts/drift.md`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from mesh_dagster.contracts.rules.grammar import snake
from mesh_dagster.contracts.rules.kinds import (
    NONE_ALLOWED,
    Bound,
    ExpectedRows,
    Measure,
    Metric,
    Rule,
    Shape,
)
from mesh_dagster.contracts.rules.literals import kind_of, values_of
from mesh_dagster.contracts.rules.service_levels import span_in_words
from mesh_dagster.contracts.rules.thresholds import numbers_of
from mesh_dagster.model.contract import Property, Quality, SchemaObject

ENGINE = "mesh"
EXPECTED_ROWS = "expectedRows"
METRICS = (*(str(each) for each in Metric), EXPECTED_ROWS)

_DAY = timedelta(days=1)
_KEYS = frozenset({"metric", "column", "against", "measure", "quantile", "signed"})
_EXPECTED_KEYS = frozenset({"metric", "column", "per", "every", "timezone"})
_EVERY = re.compile(r"(?:(?P<number>\d+) ?)?(?P<unit>minute|min|hour|h|day|d)s?")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": _DAY}
_MEASURES = {
    Metric.ROW_COUNT: (Measure.RATIO, Measure.CHANGE, Measure.DEVIATIONS),
    Metric.NULL_SHARE: (Measure.DIFFERENCE, Measure.DEVIATIONS),
    Metric.MEAN: (Measure.CHANGE, Measure.DIFFERENCE, Measure.DEVIATIONS),
    Metric.QUANTILE: (Measure.CHANGE, Measure.DIFFERENCE, Measure.DEVIATIONS),
    Metric.CATEGORIES: (Measure.PSI,),
}
"""Of each metric the measures that it can be held by, the usual one first."""

_NO_PERCENT = (Measure.DEVIATIONS, Measure.PSI)
_MOST_GROUPS = 100_000


def mesh_rule(
    quality: Quality, table: SchemaObject, at: Property | None, identity: Mapping[str, Any]
) -> Rule:
    """The rule that a custom entry of the engine `mesh` states.

    `identity` is what every rule has (id, severity, ...). Raises `ValueError` saying what of the
    entry cannot be used.
    """
    stated = quality.rest.get("implementation")
    if not isinstance(stated, Mapping):
        raise ValueError("of the engine mesh, `implementation` is a mapping that names a `metric`")
    metric = stated.get("metric")
    if metric not in METRICS:
        raise ValueError(f"{metric!r} is no metric of the engine mesh; there are {_all(METRICS)}")
    known = _EXPECTED_KEYS if metric == EXPECTED_ROWS else _KEYS
    if unknown := sorted(str(key) for key in stated.keys() - known):
        raise ValueError(f"{unknown[0]!r} is nothing that {metric} knows; there are {_all(known)}")
    column = _column(stated, table, at)
    if metric == EXPECTED_ROWS:
        return _expected_rows(quality, stated, table, column, identity)
    return _shape(quality, stated, Metric(metric), column, identity)


def _shape(
    quality: Quality,
    stated: Mapping[str, Any],
    metric: Metric,
    column: str | None,
    identity: Mapping[str, Any],
) -> Rule:
    if (column is None) != (metric is Metric.ROW_COUNT):
        needs = "counts rows and takes no column" if column else "needs a `column`"
        raise ValueError(f"{metric} {needs}")
    allowed = _MEASURES[metric]
    measure = stated.get("measure", allowed[0])
    if measure not in allowed:
        raise ValueError(f"{measure!r} is no measure of {metric}; there are {_all(allowed)}")
    quantile = stated.get("quantile")
    if (quantile is None) == (metric is Metric.QUANTILE) or not _is_share(quantile):
        raise ValueError(f"`quantile` is a number from 0 to 1 for quantile only, not {quantile!r}")
    earlier, signed = stated.get("against", 7), stated.get("signed", False)
    if type(earlier) is not int or earlier < 1:
        raise ValueError(f"`against` is a number of publications, not {earlier!r}")
    if type(signed) is not bool or (signed and measure in (Measure.RATIO, Measure.PSI)):
        raise ValueError(f"`signed` is true or false, of a distance, not {signed!r} of {measure}")
    bound = _bound(quality, percent=measure not in _NO_PERCENT)
    what = "rows" if column is None else f"{quantile or ''} {metric} of {column}".strip()
    told = f"the {measure} of the {what} against {earlier} earlier is {bound}"
    return Shape(
        **_identity(identity, quality, column, id_=_id(metric, column), told=told),
        metric=metric,
        measure=Measure(measure),
        bound=bound,
        against=earlier,
        quantile=None if quantile is None else float(quantile),
        signed=signed,
    )


def _expected_rows(
    quality: Quality,
    stated: Mapping[str, Any],
    table: SchemaObject,
    column: str | None,
    identity: Mapping[str, Any],
) -> Rule:
    if column is None:
        raise ValueError("expectedRows needs a `column` of moments, or the table an `eventTime`")
    every = _every(stated.get("every"))
    per, groups = _groups(stated.get("per", ()), table)
    bound = _bound(quality, percent=True) if quality.operator else NONE_ALLOWED
    by = f" by {', '.join(per)}" if per else ""
    identity = {**identity, "dimension": identity["dimension"] or "completeness"}
    told = f"there is a row every {span_in_words(every)}{by}; of the missing {bound}"
    return ExpectedRows(
        **_identity(identity, quality, column, id_="expected_rows", told=told),
        every=every,
        timezone=_zone(stated.get("timezone", "UTC")),
        per=per,
        groups=groups,
        bound=bound,
    )


def _column(stated: Mapping[str, Any], table: SchemaObject, at: Property | None) -> str | None:
    if at is not None:
        return at.column
    name = stated.get("column")
    if name is None:
        is_timed = stated.get("metric") == EXPECTED_ROWS and table.event_time is not None
        name = table.event_time if is_timed else None
    return None if name is None else stored(table, name)


def stored(table: SchemaObject, name: Any) -> str:
    """The stored name of a property. Raises `ValueError` where the contract has none such."""
    found = table.find(str(name))
    if found is None:
        raise ValueError(f"the contract has no property {name!r}")
    return found.column


def _every(stated: Any) -> timedelta:
    found = _EVERY.fullmatch(stated) if isinstance(stated, str) else None
    if found is None:
        raise ValueError(f"`every` is a span such as hour, day or 15 min, not {stated!r}")
    number = int(found["number"] or 1)
    span = _UNITS[found["unit"][0]] * min(number, 24 * 60 + 1)
    if not number or _DAY % span:
        raise ValueError(f"`every` divides a day, and {stated} does not")
    return span


def _zone(stated: Any) -> str:
    try:
        return ZoneInfo(stated).key
    except (ValueError, TypeError, OSError, LookupError):
        raise ValueError(f"{stated!r} is no time zone such as America/New_York") from None


def _groups(
    stated: Any, table: SchemaObject
) -> tuple[tuple[str, ...], tuple[tuple[Any, ...], ...] | None]:
    """Columns, and the groups of their values where the contract lists them."""
    if isinstance(stated, Mapping):
        listed = []
        for name, values in stated.items():
            found = table.find(str(name))
            if found is None or not isinstance(values, list | tuple):
                raise ValueError(f"`per` lists the values of properties, not {values!r} of {name}")
            listed.append(values_of(values, kind_of(found)))
        if math.prod(len(values) for values in listed) > _MOST_GROUPS:
            raise ValueError(f"`per` lists more than {_MOST_GROUPS:,} groups")
        return tuple(stored(table, name) for name in stated), tuple(product(*listed))
    names = [stated] if isinstance(stated, str) else stated
    if not isinstance(names, list | tuple):
        raise ValueError(f"`per` is a list of properties, not {stated!r}")
    return tuple(stored(table, name) for name in names), None


def _is_share(stated: Any) -> bool:
    if stated is None:
        return True
    return isinstance(stated, int | float) and type(stated) is not bool and 0 <= stated <= 1


def _bound(quality: Quality, *, percent: bool) -> Bound:
    if quality.unit not in ((None, "percent") if percent else (None,)):
        raise ValueError(f"the unit {quality.unit!r} does not go with it")
    if quality.operator is None:
        raise ValueError("it has no operator, such as `mustBeLessThan: 0.2`")
    return Bound(*numbers_of(quality), percent=quality.unit == "percent")


def _id(metric: Metric, column: str | None) -> str:
    return f"{column}_{snake(metric)}_drift" if column else f"{snake(metric)}_drift"


def _identity(
    identity: Mapping[str, Any], quality: Quality, column: str | None, *, id_: str, told: str
) -> dict[str, Any]:
    named = quality.rest.get("id") or quality.name
    return {
        **identity,
        "id": str(named or id_),
        "column": column,
        "dimension": identity["dimension"] or "consistency",
        "message": told,
    }


def _all(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))
