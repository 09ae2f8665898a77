"""What a contract refers to stands behind the product in the lineage, and nothing waits for it."""

from __future__ import annotations

import warnings

import dagster as dg
import pytest

from mesh_dagster.errors import DescriptorError

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
TOTALS = dg.AssetKey(["reports", "totals", "v1"])
ITEMS = dg.AssetKey(["stock", "items", "v1"])
TO_ITEMS = (
    "logicalType: string, physicalType: VARCHAR, "
    "relationships: [{to: stock/items/v1.yaml#schema/items/properties/item}]"
)
BACK = (
    "logicalType: string, physicalType: VARCHAR, "
    "relationships: [{to: reports/totals/v1.yaml#schema/totals/properties/item}]"
)
TEXT = "logicalType: string, physicalType: VARCHAR"


@pytest.fixture
def referring(mesh):
    """`reports/totals` reads `shop/sales`, and its contract refers to `stock/items`."""
    mesh.domain("stock")
    _items(mesh, {"item": TEXT})
    mesh.contract("reports/totals", {"day": "logicalType: date", "item": TO_ITEMS})
    return mesh


def _items(mesh, columns: dict[str, str], wiring: str = "transform: transform.py") -> None:
    mesh.product("stock/items", columns=columns, wiring=wiring, transform="def transform(): ...")


def _graph(mesh, domain: str = "reports"):
    return mesh.definitions(domain).get_repository_def().asset_graph


def test_it_is_an_external_asset_behind_the_product(referring) -> None:
    graph = _graph(referring)
    assert graph.get(TOTALS).parent_keys == {SALES, ITEMS}
    assert not graph.get(ITEMS).is_materializable
    assert graph.get(ITEMS).group_name == "stock_items"


def test_a_product_without_inputs_shows_it_and_still_has_no_condition(referring) -> None:
    referring.descriptor("reports/totals", {})
    graph = _graph(referring)
    assert graph.get(TOTALS).parent_keys == {ITEMS}
    assert graph.get(TOTALS).automation_condition is None


@pytest.mark.parametrize("partitioned", [False, True])
def test_no_partition_waits_for_it_and_none_is_made_again_for_it(
    referring, instance, partitioned
) -> None:
    if partitioned:
        wiring = "transform: transform.py\npartitions: {every: day, column: day, start: 2013-01-01}"
        _items(referring, {"item": TEXT, "day": "logicalType: date, physicalType: DATE"}, wiring)
    defs, cursor = referring.definitions("reports"), None

    def tick() -> list[str | None]:
        nonlocal cursor
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = dg.evaluate_automation_conditions(defs, instance, cursor=cursor)
        cursor = found.cursor
        return sorted(each or "-" for each in found.get_requested_partitions(TOTALS))

    for day in DAYS:
        instance.report_runless_asset_event(dg.AssetMaterialization(SALES, partition=day))
    assert tick() == list(DAYS), "although nothing of it was ever published"
    for day in DAYS:
        instance.report_runless_asset_event(dg.AssetMaterialization(TOTALS, partition=day))
    assert tick() == []
    newer = dg.AssetMaterialization(ITEMS, partition=DAYS[0] if partitioned else None)
    instance.report_runless_asset_event(newer)
    assert [tick(), tick()] == [[], []]


def test_what_leads_back_to_the_product_is_left_out(referring) -> None:
    _items(referring, {"item": BACK})
    assert _graph(referring).get(TOTALS).parent_keys == {SALES}
    assert _graph(referring, "stock").get(ITEMS).parent_keys == set()


def test_what_is_not_known_yet_is_not_shown(referring) -> None:
    for file in referring.folder("stock", "items").iterdir():
        file.unlink()
    graph = _graph(referring)
    assert graph.get(TOTALS).parent_keys == {SALES}
    assert ITEMS not in graph.get_all_asset_keys()


def test_to_depend_on_it_beside_the_products_it_has_to_be_an_input(referring, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(referring.root / "domains" / "reports" / "src"))
    (referring.folder("reports", "extra.py")).write_text(
        "import dagster as dg\n\n"
        f"@dg.asset(key_prefix='reports', deps=[dg.AssetKey({ITEMS.path})])\n"
        "def notes(): ...\n"
    )
    with pytest.raises(DescriptorError, match="MESH-M052"):
        _graph(referring)
