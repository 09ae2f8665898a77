"""What stands for a product in a document, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mesh_dagster.descriptors.source import Source
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import decode_entry, entry_of, line

PATH = "weather/observations/v1"


@pytest.fixture
def warned(describe: Callable[..., Described]) -> dict[str, Any]:
    """An entry whose second contract has what is warned of: the key of a value within a column."""
    entry: dict[str, Any] = json.loads(line(entry_of(describe(PATH))))
    contract = json.loads(json.dumps(entry["contracts"][""]))
    inner = {"name": "a", "logicalType": "string", "primaryKey": True}
    home = {"name": "home", "logicalType": "object", "properties": [inner]}
    contract["schema"][0]["properties"].append(home)
    entry["contracts"]["late"] = contract
    return entry


def _decoded(entry: dict[str, Any], path: str = PATH) -> tuple[Described | None, list[str]]:
    source = Source("", path, tolerant=True)
    found = decode_entry(line(entry), path, source)
    return found, [each.code for each in source.findings]


def test_an_entry_with_a_warning_is_usable(warned: dict[str, Any]) -> None:
    found, codes = _decoded(warned)
    assert found is not None
    assert codes == ["MESH-D019"]


def test_a_warning_excuses_no_contract_that_is_missing(warned: dict[str, Any]) -> None:
    del warned["contracts"][""]
    assert _decoded(warned) == (None, ["MESH-D019", "MESH-D040"])


def test_a_warning_excuses_no_product_of_somebody_else(warned: dict[str, Any]) -> None:
    assert _decoded(warned, "evil/x/v1") == (None, ["MESH-D019", "MESH-D040"])
