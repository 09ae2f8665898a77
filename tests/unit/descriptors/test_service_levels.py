"""A service level that means nothing is a finding at its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from mesh_dagster.descriptors import odcs
from mesh_dagster.descriptors.service_levels import service_level_findings

COLUMNS = {"at": "TIMESTAMPTZ", "day": "DATE", "amount": "BIGINT"}


def told(*levels: Mapping[str, Any]) -> list[tuple[str, str]]:
    contract = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "mesh://d/p/v1",
        "version": "1.0.0",
        "status": "active",
        "schema": [
            {
                "name": "sales",
                "properties": [
                    {"name": name, "logicalType": "string", "physicalType": type_}
                    for name, type_ in COLUMNS.items()
                ],
            }
        ],
        "slaProperties": [dict(level) for level in levels],
    }
    text = yaml.safe_dump(contract, sort_keys=False)
    found = list(service_level_findings(odcs.read(text), "d/p/v1"))
    lines = text.splitlines()
    for each in found:
        line = int((each.where or "").rpartition(":")[2])
        assert lines[line - 1].startswith("- property:"), each.where
    return [(each.code, each.message) for each in found]


def level(name: str, value: Any, unit: str | None = None, **more: Any) -> dict[str, Any]:
    return {"property": name, "value": value, **({"unit": unit} if unit else {}), **more}


def test_levels_that_mean_something_are_no_finding() -> None:
    assert (
        told(
            level("freshness", 90, "min", element="sales.at"),
            level("retention", 3, "y", element="day"),
            level("latency", "PT15M", element="at, sales.day"),
            level("frequency", 1, "d"),
            level("availability", 99.9, "percent"),
            level("endOfLife", "2030-12-31"),
            level("timeToRepair", 4, "h"),
            level("throughput", 100, "rows"),
            level("beauty", "high"),
        )
        == []
    )


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (level("freshness", 5, "m"), "`freshness` is 5 m; expected a number of s, min, h"),
        (level("timeToDetect", "soon"), "`timeToDetect` is 'soon'; expected a number of"),
        (level("availability", 120, "percent"), "`availability` is 120 percent; expected a share"),
        (level("endOfSupport", "later"), "`endOfSupport` is 'later'; expected a date"),
    ],
)
def test_a_value_that_means_nothing_is_an_error(stated: Any, message: str) -> None:
    ((code, found),) = told(stated)
    assert code == "MESH-D031"
    assert found.startswith(message)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ("sale.at", "has no table `sale`; did you mean `sales`?"),
        ("sales.att", "`sales` has no such property; did you mean `at`?"),
        ("at, sales.amount", "is `amount`, a long; it tells no moment"),
    ],
)
def test_an_element_that_tells_no_time_is_an_error(element: str, message: str) -> None:
    ((code, found),) = told(level("freshness", 1, "d", element=element))
    assert code == "MESH-C061"
    assert message in found


def test_a_name_that_is_nearly_known_is_a_warning() -> None:
    ((code, message),) = told(level("freshnes", 1, "d"))
    assert code == "MESH-C062"
    assert "`freshnes`" in message
    assert "freshness" in message
