"""For how long a contract promises that its publications can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mesh_dagster.descriptors.product import load_product
from mesh_dagster.errors import DescriptorError
from mesh_dagster.products.auditing.layout import KEEP_DAYS, days_kept
from mesh_dagster.testing import write_mesh, write_product


def _written(root: Path, *levels: dict[str, Any]) -> Path:
    mesh = write_mesh(root)
    return write_product(mesh, "shop/items/v1", {"item": "VARCHAR"}, {"item": []}, levels=levels)


@pytest.mark.parametrize(
    ("stated", "days"),
    [
        ({"value": 36, "unit": "h"}, 1.5),
        ({"value": 3, "unit": "d"}, 3),
        ({"value": 3, "unit": "Days"}, 3),
        ({"value": 2, "unit": "weeks"}, 14),
        ({"value": 2, "unit": "month"}, 60.875),
        ({"value": 1, "unit": "yr"}, 365.25),
        ({"value": 7}, 7),
    ],
)
def test_a_retention_is_a_number_of_a_unit(
    tmp_path: Path, stated: dict[str, Any], days: float
) -> None:
    loaded = load_product(_written(tmp_path, {"property": "retention", **stated}))
    assert days_kept(loaded.contracts[""]) == days


def test_without_a_retention_thirty_days_are_kept(tmp_path: Path) -> None:
    loaded = load_product(_written(tmp_path, {"property": "frequency", "value": 1, "unit": "d"}))
    assert days_kept(loaded.contracts[""]) == KEEP_DAYS == 30


@pytest.mark.parametrize(
    "stated",
    [
        {"value": 3, "unit": "m"},
        {"value": 3, "unit": "fortnight"},
        {"value": "long", "unit": "d"},
        {"value": -1, "unit": "d"},
        {"value": True, "unit": "d"},
        {"value": float("inf"), "unit": "d"},
    ],
)
def test_a_retention_that_is_no_span_of_time_is_told(
    tmp_path: Path, stated: dict[str, Any]
) -> None:
    folder = _written(tmp_path, {"property": "retention", **stated})
    with pytest.raises(DescriptorError) as caught:
        load_product(folder)
    codes = {finding.code: finding for finding in caught.value.findings}
    assert "contract.odcs.yaml:" in (codes["MESH-D031"].where or "")
