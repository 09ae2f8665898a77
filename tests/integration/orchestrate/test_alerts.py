"""The sensor of a domain empties its outbox and leaves signs of life, Dagster's among them."""

from __future__ import annotations

import logging
from datetime import timedelta

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from mesh_dagster import clock
from mesh_dagster.descriptors.editing import edited
from mesh_dagster.descriptors.product import load_product
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.orchestrate.execute import run
from mesh_dagster.products.keeping.doctor import diagnose
from mesh_dagster.products.mesh import Mesh


@pytest.fixture
def tick(mesh, instance):
    def ticked(domain: str = "shop") -> str:
        repository = mesh.definitions(domain).get_repository_def()
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        return repository.get_sensor_def("alerts").evaluate_tick(context).skip_message or ""

    return ticked


@pytest.fixture
def happened(mesh):
    with (mesh.root / "mesh.yaml").open("a") as file:
        file.write("notifications: {group: 0s}\n")
    found = Event(EventKind.BREACHED, "shop/sales/v1", clock.now(), "key", "shop/sales/v1: late")
    with Mesh.open(mesh.root).journal("shop") as journal:
        journal.outbox.put([found])


def beats(mesh, domain: str = "shop") -> dict[str, str | None]:
    with Mesh.open(mesh.root).journal(domain) as journal:
        return {each.name: each.error for each in journal.outbox.health().heartbeats}


def test_a_tick_sends_what_is_due(mesh, tick, happened, caplog):
    with caplog.at_level(logging.WARNING, logger="mesh_dagster.alerts"):
        assert tick() == "0 heard of upstreams; 1 delivered, 0 to be tried again, 0 given up"
    assert "to shop: shop/sales/v1: late" in caplog.text
    assert tick().endswith("0 delivered, 0 to be tried again, 0 given up")


def test_a_tick_leaves_signs_of_life_and_those_of_the_daemons(mesh, tick, instance):
    instance.add_daemon_heartbeat(
        DaemonHeartbeat(clock.wall().timestamp(), "SENSOR", "some-daemon", [])
    )
    tick()
    assert {"sensor", "outbox", "daemon sensor"} <= beats(mesh).keys()
    opened = Mesh.open(mesh.root)
    (domain,) = [each for each in opened.domains if each.name == "shop"]
    assert diagnose(opened, domain).findings == ()


def test_a_daemon_that_is_needed_no_more_leaves_no_sign_to_be_missed(mesh, tick):
    opened = Mesh.open(mesh.root)
    long_ago = clock.wall() - timedelta(days=3)
    with opened.journal("shop") as journal:
        journal.outbox.beats({"daemon monitoring": (long_ago, 30.0, None)})
        journal.outbox.beats({"daemon sensor": (long_ago, 30.0, None)})
    (domain,) = [each for each in opened.domains if each.name == "shop"]
    tick()
    (silent,) = diagnose(opened, domain).findings
    assert silent.message == "the daemon sensor has given no sign of life for 3 days"


def test_an_instance_without_daemons_says_nothing_of_those_of_another(mesh):
    opened = Mesh.open(mesh.root)
    with opened.journal("shop") as journal:
        journal.outbox.beats({"daemon sensor": (clock.wall(), 30.0, None)})
    repository = mesh.definitions("shop").get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        repository.get_sensor_def("alerts").evaluate_tick(context)
    assert "daemon sensor" in beats(mesh)


def test_the_sensor_is_on_by_default(mesh):
    repository = mesh.definitions("shop").get_repository_def()
    sensor = repository.get_sensor_def("alerts")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


def test_a_journal_that_refuses_is_a_tick_that_says_so_and_leaves_no_sign(mesh, tick):
    journals = mesh.root / ".mesh" / "journals"
    journals.mkdir(parents=True, exist_ok=True)
    (journals / "shop.db").write_bytes(b"no database at all" * 100)
    assert tick().startswith("could not be sent: the journal is corrupt")


def test_a_level_that_is_not_kept_is_an_incident_after_a_tick_and_a_message_after_another(
    mesh, tick, instance
):
    contract = next(mesh.folder("shop", "sales").glob("*.odcs.yaml"))
    level = "slaProperties:\n  - {property: frequency, value: 1, unit: d}\n"
    contract.write_text(contract.read_text() + level)
    with (mesh.root / "mesh.yaml").open("a") as file:
        file.write("notifications: {group: 0s}\n")
    run(Mesh.open(mesh.root), load_product(mesh.folder("shop", "sales")), ["2013-11-01"])
    repository = mesh.definitions("shop").get_repository_def()
    context = dg.build_sensor_context(instance=instance, repository_def=repository)
    with clock.frozen(clock.now() + timedelta(days=40)):
        repository.get_sensor_def("service_levels").evaluate_tick(context)
        with Mesh.open(mesh.root).journal("shop") as journal:
            (incident,) = journal.outbox.incidents(unclosed=True)
        assert (incident.kind, incident.objective) == (EventKind.BREACHED, "frequency")
        assert "; 1 delivered" in tick()
    assert "service levels" in beats(mesh)


def test_what_a_retired_product_promised_is_no_incident_any_more(mesh, instance):
    folder = mesh.folder("shop", "sales")
    contract = next(folder.glob("*.odcs.yaml"))
    level = "slaProperties:\n  - {property: frequency, value: 1, unit: d}\n"
    contract.write_text(contract.read_text() + level)
    run(Mesh.open(mesh.root), load_product(folder), ["2013-11-01"])

    def measured():
        repository = mesh.definitions("shop").get_repository_def()
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        repository.get_sensor_def("service_levels").evaluate_tick(context)
        with Mesh.open(mesh.root).journal("shop") as journal:
            return journal.outbox.incidents()

    with clock.frozen(clock.now() + timedelta(days=40)):
        (incident,) = measured()
        assert (incident.kind, incident.closed) == (EventKind.BREACHED, None)
        descriptor = folder / "product.odps.yaml"
        text = descriptor.read_text()
        descriptor.write_text(edited(text, {("status",): "retired"}, descriptor.name))
        (incident,) = measured()
    assert incident.closed is not None
    assert incident.repair["why"] == "the product is retired"
