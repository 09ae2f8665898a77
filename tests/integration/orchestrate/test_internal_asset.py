"""A product whose rows are an internal asset of its domain."""

from __future__ import annotations

import sys

import dagster as dg
import pytest

from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import read

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
TILLS = dg.AssetKey(["shop", "tills"])


@pytest.fixture
def location(mesh, monkeypatch):
    """`shop/sales` takes its rows from the asset `shop/tills`, made by plain Dagster."""
    package = mesh.root / "domains" / "shop" / "src" / "shop"
    (package / "defs" / "inner.py").write_text(
        "import dagster as dg\n"
        "import pandas as pd\n"
        "from datetime import date\n"
        "DAYS = dg.DailyPartitionsDefinition('2013-11-01', end_date='2013-11-04')\n"
        "@dg.asset(key_prefix='shop', partitions_def=DAYS)\n"
        "def tills(context):\n"
        "    day = date.fromisoformat(context.partition_key)\n"
        "    return pd.DataFrame({'day': [day], 'item': ['tea'], 'amount': [day.day]})\n"
    )
    wiring = mesh.folder("shop", "sales") / "defs.yaml"
    wiring.write_text(
        "type: mesh_dagster.DataProduct\n"
        "attributes:\n"
        "  transform: {asset: shop/tills}\n"
        "  partitions: {every: day, column: day, start: 2013-01-01}\n"
    )
    mesh.descriptor("shop/sales", {})
    monkeypatch.syspath_prepend(str(package.parent))
    for name in [each for each in sys.modules if each.split(".")[0] == "shop"]:
        monkeypatch.delitem(sys.modules, name)
    return mesh.definitions("shop")


def test_its_partitions_are_loaded_published_and_in_the_lineage(
    mesh, location, run, instance
) -> None:
    assert location.get_repository_def().asset_graph.get(SALES).parent_keys == {TILLS}
    for day in DAYS[:2]:
        assert run(location, TILLS, partitions=(day,)).success
    assert run(location, SALES, partitions=DAYS[:2]).success
    assert instance.get_materialized_partitions(SALES) == set(DAYS[:2])
    rows = read("shop/sales/v1", mesh=Mesh.open(mesh.root)).polars().sort("day").collect()
    assert rows["amount"].to_list() == [1, 2]


def test_it_pulls_when_the_asset_is_made(location) -> None:
    assert location.get_repository_def().asset_graph.get(SALES).automation_condition is not None
