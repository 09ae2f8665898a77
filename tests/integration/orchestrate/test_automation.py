"""Pulling what was published: exactly what depends on it, once, and never a quarantined input."""

from __future__ import annotations

import warnings

import dagster as dg
import pytest

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
TOTALS = dg.AssetKey(["reports", "totals", "v1"])
LATE = dg.AssetKey(["reports", "late", "v1"])


@pytest.fixture
def tick(mesh, instance):
    """Evaluate the conditions of `reports` once more; what is asked for of an asset."""
    cursors = {}

    def evaluate(key: dg.AssetKey = TOTALS, defs: dg.Definitions | None = None) -> list[str]:
        location = defs or mesh.definitions("reports")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the tester itself: it asks for all sources
            found = dg.evaluate_automation_conditions(
                location, instance, cursor=cursors.get("cursor")
            )
        cursors["cursor"] = found.cursor
        return sorted(each or "-" for each in found.get_requested_partitions(key))

    return evaluate


def _publish(instance, key: dg.AssetKey, *partitions: str | None) -> None:
    for partition in partitions:
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))


def test_exactly_the_published_partitions_are_asked_for_once(tick, instance) -> None:
    assert tick() == []
    _publish(instance, SALES, *DAYS[:2])
    assert tick() == list(DAYS[:2])
    assert tick() == []


def test_what_was_published_before_the_first_evaluation_is_asked_for_too(tick, instance) -> None:
    _publish(instance, SALES, *DAYS)
    assert tick() == list(DAYS)


def test_a_partition_that_was_quarantined_is_not_asked_for_again_and_again(tick, instance) -> None:
    _publish(instance, SALES, *DAYS)
    assert tick() == list(DAYS)
    # Its run ends: two days were published, the third was not and is missing still.
    _publish(instance, TOTALS, *DAYS[:2])
    assert [tick() for _ in range(3)] == [[], [], []]
    _publish(instance, SALES, DAYS[2])
    assert tick() == [DAYS[2]]


def test_a_corrected_day_reruns_exactly_the_days_that_read_it(mesh, tick, instance) -> None:
    mesh.product(
        "reports/late",
        columns={"day": "logicalType: date, physicalType: DATE"},
        wiring="""
            transform: transform.sql
            partitions: {every: day, column: day, start: 2013-01-01}
            inputs: {sales: {window: [-1, -1]}}
        """,
        transform="select day from sales",
        file="transform.sql",
        inputs={"sales": "mesh://shop/sales/v1"},
    )
    defs = mesh.definitions("reports")
    assert tick(LATE, defs) == [DAYS[0]], "the day before the first does not exist"
    _publish(instance, LATE, *DAYS)
    _publish(instance, TOTALS, *DAYS)
    _publish(instance, SALES, *DAYS)
    tick(LATE, defs)
    _publish(instance, LATE, *DAYS)
    assert tick(LATE, defs) == []
    _publish(instance, SALES, DAYS[1])
    assert tick(LATE, defs) == [DAYS[2]]


def test_an_input_without_partitions_is_waited_for_but_remakes_no_history(
    mesh, tick, instance
) -> None:
    mesh.product(
        "shop/items",
        columns={"item": "logicalType: string, physicalType: VARCHAR"},
        wiring="transform: transform.py",
        transform="def transform(): ...",
    )
    mesh.descriptor(
        "reports/totals", {"sales": "mesh://shop/sales/v1", "items": "mesh://shop/items/v1"}
    )
    items = dg.AssetKey(["shop", "items", "v1"])
    _publish(instance, SALES, *DAYS)
    assert tick() == []
    _publish(instance, items, None)
    assert tick() == list(DAYS)
    _publish(instance, TOTALS, *DAYS)
    tick()
    _publish(instance, items, None)
    assert tick() == []


def test_a_product_of_sources_alone_has_no_condition(mesh) -> None:
    graph = mesh.definitions("shop").get_repository_def().asset_graph
    assert graph.get(SALES).automation_condition is None


def test_two_products_of_one_domain_are_not_asked_for_in_one_run(mesh, tick, instance) -> None:
    mesh.product(
        "reports/late",
        columns={"day": "logicalType: date, physicalType: DATE"},
        wiring="""
            transform: transform.sql
            partitions: {every: day, column: day, start: 2013-01-01}
        """,
        transform="select day from totals",
        file="transform.sql",
        inputs={"totals": "mesh://reports/totals/v1"},
    )
    defs = mesh.definitions("reports")
    _publish(instance, SALES, *DAYS)
    assert tick(LATE, defs) == []
    _publish(instance, TOTALS, *DAYS[:2])
    assert tick(LATE, defs) == list(DAYS[:2])
