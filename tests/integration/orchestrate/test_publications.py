"""What is published outside an instance's runs is told to it: once, and partition by partition."""

from __future__ import annotations

import dagster as dg
import pytest

from mesh_dagster.orchestrate.check_records import forgotten
from mesh_dagster.orchestrate.execute import run as run_outside
from mesh_dagster.orchestrate.publications import unknown_publications
from mesh_dagster.products.mesh import Mesh

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])


@pytest.fixture
def sensor(mesh, instance):
    """One tick of the sensor of a domain, from where the last one ended."""
    cursors: dict[str, str | None] = {}

    def tick(domain: str = "reports") -> str:
        repository = mesh.definitions(domain).get_repository_def()
        context = dg.build_sensor_context(
            instance=instance, cursor=cursors.get(domain), repository_def=repository
        )
        found = repository.get_sensor_def("publications").evaluate_tick(context)
        cursors[domain] = found.cursor
        return found.skip_message or ""

    return tick


def _publish(mesh, *partitions: str) -> None:
    opened = Mesh.open(mesh.root)
    folder = mesh.folder("shop", "sales")
    from mesh_dagster.descriptors.product import load_product

    run_outside(opened, load_product(folder), partitions)


def _numbers(instance) -> dict[str, str]:
    found = instance.fetch_materializations(SALES, limit=100).records
    told: dict[str, str] = {}
    for record in reversed(found):
        event = record.asset_materialization
        told[event.partition] = event.tags["dagster/data_version"]
    return told


def _count(instance) -> int:
    return len(instance.fetch_materializations(SALES, limit=100).records)


def test_a_publication_of_another_instance_arrives_partition_by_partition(
    mesh, sensor, instance
) -> None:
    assert sensor().startswith("0 materializations told")
    _publish(mesh, *DAYS)
    assert sensor().startswith("2 materializations told")
    assert _numbers(instance) == {DAYS[0]: "1", DAYS[1]: "1"}
    assert sensor().startswith("0 materializations told")
    _publish(mesh, DAYS[0])
    assert sensor().startswith("1 materializations told")
    assert _numbers(instance) == {DAYS[0]: "2", DAYS[1]: "1"}


def test_what_a_run_of_the_instance_has_told_is_not_told_again(mesh, sensor, instance, run) -> None:
    run(mesh.definitions("shop"), SALES, partitions=DAYS)
    before = _count(instance)
    assert sensor("reports").startswith("0 materializations told")
    assert sensor("shop").startswith("0 materializations told")
    assert _count(instance) == before


def test_two_sensors_of_one_instance_tell_a_publication_once(mesh, sensor, instance) -> None:
    _publish(mesh, DAYS[0])
    assert sensor("shop").startswith("1 materializations told")
    assert sensor("reports").startswith("0 materializations told")
    assert _count(instance) == 1


def test_a_domain_tells_its_own_publications_that_no_run_made(mesh, sensor, instance, run) -> None:
    run(mesh.definitions("shop"), SALES, partitions=DAYS[:1])
    _publish(mesh, DAYS[1])
    assert sensor("shop").startswith("1 materializations told")
    assert instance.get_materialized_partitions(SALES) == set(DAYS[:2])


def test_a_publication_is_left_to_the_run_that_is_making_it(mesh, instance) -> None:
    _publish(mesh, DAYS[0])
    opened, address = Mesh.open(mesh.root), _address()
    job = mesh.definitions("shop").resolve_implicit_global_asset_job_def()
    going = instance.create_run_for_job(
        job.get_subset(asset_selection={SALES}),
        status=dg.DagsterRunStatus.STARTED,
        asset_selection=frozenset({SALES}),
    )
    assert unknown_publications(instance, opened, address, None) == (None, [])
    instance.report_run_failed(going)
    number, events = unknown_publications(instance, opened, address, None)
    assert number == 1
    assert [event.partition for event in events] == [DAYS[0]]


@pytest.mark.parametrize("over", [False, True])
def test_checks_that_a_run_is_to_evaluate_are_left_to_it_until_it_is_over(
    mesh, instance, run, over: bool
) -> None:
    shop = mesh.definitions("shop")
    run(shop, SALES, partitions=DAYS[:1])
    job = shop.resolve_implicit_global_asset_job_def().get_subset(asset_selection={SALES})
    checks = set(shop.get_repository_def().asset_graph.asset_check_keys)
    assert forgotten(instance, checks) == set()
    waits = instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTED, asset_selection=frozenset({SALES})
    )
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key(sorted(checks))
    planned = {key for key, each in found.items() if each.status.value == "PLANNED"}
    assert planned
    if over:
        instance.report_run_canceled(waits)
    assert forgotten(instance, checks) == (planned if over else set())


def test_an_upstream_that_cannot_be_read_keeps_nobody_from_the_others(
    mesh, sensor, instance
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
    _publish(mesh, DAYS[0])
    pointer = mesh.root / "storage" / "shop" / "items" / "v1" / "pointer.json"
    pointer.parent.mkdir(parents=True)
    pointer.write_text("{")
    assert sensor() == "1 materializations told, 1 pointers not read"


def test_what_a_rollback_took_back_is_not_told_as_published(mesh, sensor, instance) -> None:
    _publish(mesh, DAYS[0])
    sensor()
    _publish(mesh, DAYS[0], DAYS[1])
    from mesh_dagster.descriptors.product import load_product
    from mesh_dagster.products.deciding.rollback import rollback

    rollback(Mesh.open(mesh.root), load_product(mesh.folder("shop", "sales")), 1)
    assert sensor().startswith("1 materializations told")
    assert _numbers(instance) == {DAYS[0]: "3"}


def test_partitions_of_publications_that_retention_let_go_of_are_told(
    mesh, sensor, instance
) -> None:
    for day in DAYS[:2]:
        _publish(mesh, day)
    publications = mesh.root / "storage" / "shop" / "sales" / "v1" / "publications"
    min(publications.iterdir()).unlink()
    assert sensor().startswith("2 materializations told")
    assert instance.get_materialized_partitions(SALES) == set(DAYS[:2])


def test_data_released_from_quarantine_reaches_its_consumer(mesh, sensor, instance, run) -> None:
    from mesh_dagster.descriptors.product import load_product
    from mesh_dagster.products.deciding.decisions import audit_quarantined

    run(mesh.definitions("shop"), SALES, partitions=DAYS)
    sensor()
    contract = mesh.folder("shop", "sales") / "contract.odcs.yaml"
    told = "{promise: sales.amount.minimum, of: 1.0.0, reason: money goes back}"
    contract.write_text(
        contract.read_text().replace("minimum: 0", "minimum: -1")
        + f"customProperties:\n- property: corrections\n  value: [{told}]\n"
    )
    audit_quarantined(Mesh.open(mesh.root), load_product(mesh.folder("shop", "sales")))
    assert sensor().startswith("1 materializations told")
    assert instance.get_materialized_partitions(SALES) == set(DAYS)


def _address():
    from mesh_dagster.model.address import Address

    return Address.parse("shop/sales/v1")
