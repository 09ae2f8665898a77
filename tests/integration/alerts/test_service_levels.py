"""A service level that is not kept: told, grouped by its cause, and kept as an incident."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.model.address import Address
from mesh_dagster.model.event import EventKind
from mesh_dagster.model.slo import Indicator, Objective, Standing, Status
from mesh_dagster.products.materialize import materialize
from mesh_dagster.products.slo_incidents import follow, measure
from mesh_dagster.testing import write_product

START = datetime(2013, 11, 8, 12, tzinfo=UTC)
READS = {"sales": "mesh://shop/sales/v1"}


def standing(path, status, hours=0, **rest):
    objective = Objective(Indicator.FRESHNESS, 0.99, timedelta(days=30), timedelta(hours=1))
    at = START + timedelta(hours=hours)
    given = {"budget": 1.0, "left": 0.0, "failing": status is Status.BREACHED, "now": "2 d old"}
    return Standing(path, objective, at, status, **{**given, **rest})


@pytest.fixture
def followed(world):
    def look(*standings, domain="shop"):
        mesh = world.mesh
        (found,) = [each for each in mesh.domains if each.name == domain]
        return follow(mesh, found, standings, 60)

    return look


def test_a_breach_is_told_and_is_an_incident_until_it_is_over(world, hook, followed):
    world.hooked()
    broken = standing("shop/sales/v1", Status.BREACHED)
    assert len(followed(broken)) == 1
    assert followed(broken) == [], "asked again at the same moment"
    assert followed(standing("shop/sales/v1", Status.BREACHED, 1)) == []
    world.tell()
    assert followed(standing("shop/sales/v1", Status.MET, 6)) != []
    world.tell()
    assert [each["kind"] for each in hook.alerts()] == ["breached", "recovered"]
    assert "freshness has spent its error budget (2 d old)" in hook.alerts()[0]["summary"]
    with world.mesh.journal("shop") as journal:
        (incident,) = journal.outbox.incidents()
    assert incident.kind is EventKind.BREACHED
    assert incident.seconds_to_repair == 6 * 3600
    assert incident.details["check"] == "slo_freshness"
    assert incident.notified is not None


def test_a_burning_budget_that_breaches_is_one_incident(world, followed):
    followed(standing("shop/sales/v1", Status.BURNING))
    followed(standing("shop/sales/v1", Status.BREACHED, 1))
    with world.mesh.journal("shop") as journal:
        (incident,) = journal.outbox.incidents()
    assert (incident.kind, incident.closed) == (EventKind.BREACHED, None)


def test_nine_products_that_breach_with_what_they_read_are_one_message(world, hook, followed):
    world.hooked()
    code = "def transform(sales): return sales"
    for number in range(9):
        world.product(f"shop/p{number}/v1", inputs=READS, transform=code)
    paths = ["shop/sales/v1", *(f"shop/p{number}/v1" for number in range(9))]
    followed(*(standing(path, Status.BREACHED) for path in paths))
    world.tell()
    (body,) = hook.accepted
    assert len(body["alerts"]) == 10
    assert body["subject"].startswith("10 alerts about shop/sales/v1: ")


def test_those_of_another_domain_are_grouped_with_what_they_heard_of_upstream(
    world, hook, followed
):
    world.hooked()
    code = "def transform(sales): return sales"
    for name in ("daily", "weekly"):
        world.product(f"report/{name}/v1", inputs=READS, transform=code)
    world.tell("shop")
    world.tell("report")
    followed(standing("shop/sales/v1", Status.BREACHED))
    world.tell("shop")
    hook.accepted.clear()
    paths = ("report/daily/v1", "report/weekly/v1")
    followed(*(standing(path, Status.BREACHED) for path in paths), domain="report")
    world.tell("report")
    (body,) = hook.accepted
    assert sorted(each["product"] for each in body["alerts"]) == [*paths, "shop/sales/v1"]


def test_a_product_that_is_late_is_measured_and_told(world, hook):
    """From the contract's promise to the message, with nothing between them replaced."""
    world.hooked()
    rows = pl.DataFrame({"at": [START - timedelta(days=3)], "n": [1]})
    write_product(
        world.mesh,
        "shop/sales/v1",
        {"at": "TIMESTAMPTZ", "n": "BIGINT"},
        rows,
        table={"customProperties": [{"property": "eventTime", "value": "at"}]},
        levels=[{"property": "freshness", "value": 1, "unit": "h"}],
    )
    with clock.frozen(START):
        mesh = world.mesh
        materialize(mesh, mesh.load(Address.parse("shop/sales/v1")))
    (domain,) = [each for each in world.mesh.domains if each.name == "shop"]
    with clock.frozen(START + timedelta(days=2)):
        assert measure(world.mesh, domain, 60) != []
        assert measure(world.mesh, domain, 60) == []
        world.tell()
    (alert,) = hook.alerts()
    assert (alert["kind"], alert["objective"]) == ("breached", "freshness")
    assert alert["details"]["base"] == 1, "the publication that the port shows"
    assert alert["details"]["attempt"]


def test_two_that_measure_at_once_find_one_incident(world, hook):
    world.hooked()
    (domain,) = [each for each in world.mesh.domains if each.name == "shop"]
    meet = threading.Barrier(4)

    def look(number):
        mesh = world.mesh
        meet.wait()
        follow(mesh, domain, [standing("shop/sales/v1", Status.BREACHED, number)], 60)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with world.mesh.journal("shop") as journal:
        assert len(journal.outbox.incidents()) == 1
        assert len(journal.outbox.alerts(10)) == 1
