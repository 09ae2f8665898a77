"""The port `masked` is an asset of its own, made and checked in the step of the first one."""

from __future__ import annotations

import dagster as dg
import pytest

from mesh_dagster.errors import DescriptorError
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import read

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
MASKED = dg.AssetKey(["shop", "sales", "v1", "masked"])


@pytest.fixture
def masked(mesh):
    """`shop/sales`, whose items are nobody's business."""
    contract = mesh.folder("shop", "sales") / "contract.odcs.yaml"
    text = contract.read_text()
    assert "name: item, " in text
    contract.write_text(text.replace("name: item, ", "name: item, classification: pii, "))
    config = mesh.root / "mesh.yaml"
    config.write_text(config.read_text() + "access: {masks: {pii: hash}}\n")
    return mesh


def test_a_run_of_the_product_makes_both_assets(masked, run, instance) -> None:
    result = run(masked.definitions("shop"), SALES, MASKED, partitions=DAYS[:1])
    assert result.success
    for key in (SALES, MASKED):
        assert instance.get_materialized_partitions(key) == {DAYS[0]}
    checked = {(each.asset_key, each.check_name) for each in result.get_asset_check_evaluations()}
    assert {(SALES, "item_required"), (MASKED, "item_required")} <= checked
    found = read("shop/sales/v1/masked", mesh=Mesh.open(masked.root)).polars().collect()
    assert sorted(found["amount"]) == [3, 4]
    assert not set(found["item"]) & {"tea", "jam"}


def test_dagster_shows_what_the_columns_of_the_port_are(masked) -> None:
    graph = masked.definitions("shop").get_repository_def().asset_graph
    node = graph.get(MASKED)
    columns = {
        each.name: each.description for each in node.metadata["dagster/column_schema"].columns
    }
    assert "Masked: hash." in (columns["item"] or "")
    assert node.partitions_def == graph.get(SALES).partitions_def


def test_a_mask_that_cannot_be_keeps_the_domain_from_loading(masked) -> None:
    contract = masked.folder("shop", "sales") / "contract.odcs.yaml"
    stated = "customProperties: [{property: mask, value: {generalise: year}}]"
    contract.write_text(contract.read_text().replace("classification: pii", stated))
    with pytest.raises(DescriptorError, match="has no year"):
        masked.definitions("shop")
    assert masked.definitions("reports")
