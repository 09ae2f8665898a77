"""The objectives that a contract states: service levels with a share and a window.

A share of time is what the standard has no field for, so it stands in a customProperty:

    slaProperties:
      - {property: freshness, value: 26, unit: h}
      - {property: completeness, value: 95, unit: percent}
    customProperties:
      - property: objectives
        value:
          - {of: freshness, target: 99.5, window: 30 d}

Without it an objective is 99 % over 30 days, or over four cadences of the product if that is
longer; of a service level that is itself a share, that share.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mesh_dagster.model.contract import Contract
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.service_level import TARGET, ServiceLevel, service_objectives, span_of
from mesh_dagster.model.slo import Indicator, Objective

WINDOW = timedelta(days=30)
_CADENCES = 4
LONGEST = timedelta(days=36_525)
"""A hundred years: what is promised for longer is promised for that, so that no moment is beyond
the calendar."""
_EVERY = {
    Every.HOUR: timedelta(hours=1),
    Every.DAY: timedelta(days=1),
    Every.WEEK: timedelta(days=7),
    Every.MONTH: timedelta(days=31),
}
_BY_SHARE = {
    "availability": Indicator.AVAILABILITY,
    "completeness": Indicator.COMPLETENESS,
    "accuracy": Indicator.ACCURACY,
    "rowAccuracy": Indicator.ROW_ACCURACY,
    "errorRate": Indicator.ACCURACY,
    "statisticalShape": Indicator.SHAPE,
    "lineage": Indicator.LINEAGE,
}
_BY_LIMIT = {
    "freshness": Indicator.FRESHNESS,
    "latency": Indicator.LATENCY,
    "frequency": Indicator.FREQUENCY,
    "timeToDetect": Indicator.TIME_TO_DETECT,
    "timeToNotify": Indicator.TIME_TO_NOTIFY,
    "timeToRepair": Indicator.TIME_TO_REPAIR,
}
MEASURED = (*_BY_LIMIT, *_BY_SHARE)
"""The service levels that are objectives. Others are carried."""


def objectives_of(
    contract: Contract, port: str = "", partitioning: Partitioning | None = None
) -> tuple[Objective, ...]:
    """The objectives of a port, one an indicator: the first that the contract states."""
    terms = service_objectives(contract.rest)
    cadence = cadence_of(contract, partitioning)
    found: dict[Indicator, Objective] = {}
    for level in contract.service_levels:
        objective = _objective(level, contract, port, cadence, terms.get(level.name, {}))
        if objective is not None:
            found.setdefault(objective.indicator, objective)
    return tuple(found.values())


def cadence_of(contract: Contract, partitioning: Partitioning | None) -> timedelta:
    """How often the data is to change: as promised, else as it is cut, else each day."""
    level = contract.service_level("frequency")
    if level is not None and level.span:
        return min(level.span, LONGEST)
    return _EVERY[partitioning.every] if partitioning else timedelta(days=1)


def _objective(
    level: ServiceLevel,
    contract: Contract,
    port: str,
    cadence: timedelta,
    terms: Mapping[str, Any],
) -> Objective | None:
    window = min(span_of(terms.get("window")) or max(WINDOW, _CADENCES * cadence), LONGEST)
    limit = None
    if level.name in _BY_SHARE:
        share = level.share
        if share is None:
            return None
        target = 1 - share if level.name == "errorRate" else share
        indicator = _BY_SHARE[level.name]
    elif level.name in _BY_LIMIT:
        if level.span is None:
            return None
        limit = min(level.span, LONGEST)
        asked = ServiceLevel("target", terms.get("target")).share
        target = TARGET if asked is None else asked
        indicator = _BY_LIMIT[level.name]
    else:
        return None
    return Objective(
        indicator, target, window, cadence, limit, port, level.where, _reason(level, contract, port)
    )


def _reason(level: ServiceLevel, contract: Contract, port: str) -> str | None:
    """Why the journal cannot tell: it knows the event time of the first port's rows and no other
    column."""
    if level.name not in ("freshness", "latency"):
        return None
    if port:
        return f"it is of the port {port}, and the journal knows the moments of the first port only"
    table = contract.table if contract.schema else None
    if table is None or table.event_time is None:
        return "the contract names no eventTime, so the journal does not know when facts happened"
    element = level.element
    if element is None:
        return None
    named = {element.strip().rpartition(".")[2] for element in element.split(",")}
    known = table.find(table.event_time)
    if named <= {table.event_time, known.name if known else None}:
        return None
    return f"it is of {element}, and the journal knows the moments of {table.event_time} only"
