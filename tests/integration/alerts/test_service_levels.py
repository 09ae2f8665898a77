"""A service level that is not kept: told, grouped by its cause, and kept as an incident."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import polars as pl
import pytest
import yaml

from mesh_dagster import clock
from mesh_dagster.model.address import Address
from mesh_dagster.model.event import EventKind
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.slo import Indicator, Objective, Standing, Status
from mesh_dagster.model.snapshot import Decision, Outcome
from mesh_dagster.products.keeping.slo_incidents import follow, measure
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.testing import write_product

START = datetime(2013, 11, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
READS = {"sales": "mesh://shop/sales/v1"}


def standing(path, status, hours=0, **rest):
    objective = Objective(Indicator.FRESHNESS, 0.99, timedelta(days=30), timedelta(hours=1))
    at = START + timedelta(hours=hours)
    given = {"budget": 1.0, "left": 0.0, "failing": status is Status.BREACHED, "now": "2 d old"}
    return Standing(path, objective, at, status, **{**given, **rest})


@pytest.fixture(autouse=True)
def _of_that_time():
    with clock.frozen(START):
        yield


@pytest.fixture
def followed(world):
    def look(*standings, domain="shop"):
        mesh = world.mesh
        (found,) = [each for each in mesh.domains if each.name == domain]
        return follow(mesh, found, [], standings, 60)

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


def test_an_incident_that_got_graver_is_told_in_the_words_of_what_it_came_to(world, followed):
    def told():
        with world.mesh.journal("shop") as journal:
            (incident,), (_, _, breaches) = journal.outbox.incidents(), journal.reviews.seen()
        return incident, [each.summary for each in breaches]

    followed(standing("shop/sales/v1", Status.BURNING, left=0.43))
    incident, waiting = told()
    assert "burns its error budget too fast (2 d old); 43% of the budget left" in incident.summary
    assert waiting == []
    followed(standing("shop/sales/v1", Status.BREACHED, 1, left=-0.1))
    incident, waiting = told()
    assert incident.summary == "shop/sales/v1: freshness has spent its error budget (2 d old)"
    assert waiting == [incident.summary]
    assert incident.details["status"] == "breached"
    assert incident.opened == START
    followed(standing("shop/sales/v1", Status.MET, 2))
    assert told() == (replace(incident, closed=START + 2 * HOUR, repair=ANY), [])


def test_what_nobody_measured_for_a_while_was_detected_late(world, followed):
    followed(standing("shop/sales/v1", Status.BREACHED, 8, since=START))
    with world.mesh.journal("shop") as journal:
        (incident,) = journal.outbox.incidents()
    assert (incident.began, incident.seconds_to_detect) == (START, 28_800)


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


def test_who_names_no_major_is_in_trouble_by_the_newest_and_ten_is_newer_than_nine(
    world, hook, followed
):
    world.hooked()
    for major in (9, 10):
        world.product(f"shop/sold/v{major}")
    world.product(
        "shop/daily/v1", inputs={"sold": "mesh://shop/sold"}, transform="def transform(sold): ..."
    )
    paths = ("shop/sold/v9", "shop/sold/v10", "shop/daily/v1")
    followed(*(standing(path, Status.BREACHED) for path in paths))
    world.tell()
    together = [sorted(each["product"] for each in body["alerts"]) for body in hook.accepted]
    assert sorted(together) == [["shop/daily/v1", "shop/sold/v10"], ["shop/sold/v9"]]


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
    with world.mesh.journal("shop") as journal:
        (incident,) = journal.outbox.incidents()
    assert incident.began == START, "since it is there it is too old"
    assert incident.seconds_to_detect == 2 * 24 * 3600
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
        follow(mesh, domain, [], [standing("shop/sales/v1", Status.BREACHED, number)], 60)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with world.mesh.journal("shop") as journal:
        assert len(journal.outbox.incidents()) == 1
        assert len(journal.outbox.alerts(10)) == 1


def _promise(contract, *levels):
    stated = yaml.safe_load(contract.read_text())
    stated["slaProperties"] = [{"property": each, "value": 1, "unit": "d"} for each in levels]
    contract.write_text(yaml.safe_dump(stated, sort_keys=False))


@pytest.fixture
def in_trouble(world):
    """`shop/sales` promises two things and keeps neither; what is told of them went out."""
    (contract,) = world.root.glob("domains/shop/**/sales*/*.odcs.yaml")
    _promise(contract, "freshness", "frequency")
    (domain,) = [each for each in world.mesh.domains if each.name == "shop"]
    both = [
        Standing(
            "shop/sales/v1",
            Objective(indicator, 0.99, timedelta(days=30), timedelta(days=1), timedelta(days=1)),
            START,
            Status.BREACHED,
            budget=1.0,
            left=-1.0,
            failing=True,
        )
        for indicator in (Indicator.FRESHNESS, Indicator.FREQUENCY)
    ]
    mesh = world.mesh
    assert len(follow(mesh, domain, [mesh.load(Address.parse("shop/sales/v1"))], both, 60)) == 2
    return contract, domain


def _open(world):
    with world.mesh.journal("shop") as journal:
        return sorted(each.objective for each in journal.outbox.incidents(unclosed=True))


def test_an_incident_of_what_is_not_promised_any_more_is_closed_and_says_why(
    world, hook, in_trouble
):
    world.hooked()
    contract, domain = in_trouble
    measure(world.mesh, domain, 60)
    assert _open(world) == ["frequency", "freshness"]
    _promise(contract, "frequency")
    assert [each.kind for each in measure(world.mesh, domain, 60)] == [EventKind.WITHDRAWN]
    assert measure(world.mesh, domain, 60) == []
    assert _open(world) == ["frequency"]
    world.tell()
    told = hook.alerts()[-1]
    assert told["kind"] == "withdrawn"
    assert told["summary"] == (
        "shop/sales/v1: its contract does not promise freshness any more; the incident is closed"
    )
    with world.mesh.journal("shop") as journal:
        closed = next(each for each in journal.outbox.incidents() if each.closed)
        assert closed.repair["why"] == "its contract does not promise freshness any more"


def test_incidents_of_a_product_that_was_removed_are_closed(world, in_trouble):
    contract, domain = in_trouble
    world.product("shop/other/v1")
    descriptor = contract.with_name("product.odps.yaml")
    text = descriptor.read_text()
    descriptor.write_text("no: [descriptor")
    assert measure(world.mesh, domain, 60) == [], "it cannot be read, and may well be there"
    assert _open(world) == ["frequency", "freshness"]
    descriptor.write_text(text)
    shutil.rmtree(contract.parent)
    ended = measure(world.mesh, domain, 60)
    assert {each.details["why"] for each in ended} == {"the product was removed"}
    assert _open(world) == []
    assert measure(world.mesh, domain, 60) == []


def test_a_quarantine_of_a_product_that_was_removed_is_no_incident_any_more(world):
    folder = world.product("shop/bad/v1")
    (domain,) = [each for each in world.mesh.domains if each.name == "shop"]
    with world.mesh.journal("shop") as journal:
        attempt = clock.new_id()
        journal.begin("shop/bad/v1", attempt, started_at=START)
        failed = RuleResult("r", "required", Verdict.FAILED, Severity.ERROR, "n is null")
        journal.finish(attempt, [Decision(None, Outcome.QUARANTINED, 1, results=(failed,))])
    assert measure(world.mesh, domain, 60) == []
    assert _open(world) == [""]
    shutil.rmtree(folder)
    (ended,) = measure(world.mesh, domain, 60)
    assert ended.details["after"] == "quarantined"
    assert _open(world) == []


def _quarantine(world, path):
    with world.mesh.journal("shop") as journal:
        attempt = clock.new_id()
        journal.begin(path, attempt, started_at=START)
        failed = RuleResult("r", "required", Verdict.FAILED, Severity.ERROR, "n is null")
        journal.finish(attempt, [Decision(None, Outcome.QUARANTINED, 1, results=(failed,))])


def test_a_location_that_was_loaded_before_takes_nothing_that_was_added_since_for_removed(world):
    old = world.mesh
    (domain,) = [each for each in old.domains if each.name == "shop"]
    known = list(old.readable("shop"))
    folder = world.product("shop/refunds/v1")
    _quarantine(world, "shop/refunds/v1")
    (contract,) = world.root.glob("domains/shop/**/sales*/*.odcs.yaml")
    _promise(contract, "freshness")
    follow(world.mesh, domain, [], [standing("shop/sales/v1", Status.BREACHED)], 60)
    assert follow(old, domain, known, [], 60) == []
    assert _open(world) == ["", "freshness"]
    config = world.root / "mesh.yaml"
    text = config.read_text()
    shutil.rmtree(folder)
    _promise(contract, "frequency")
    config.write_text("no: [mesh")
    assert follow(old, domain, known, [], 60) == [], "nobody knows where the files are"
    config.write_text(text)
    ended = follow(old, domain, known, [], 60)
    assert {each.subject for each in ended} == {"shop/refunds/v1", "shop/sales/v1"}
    assert _open(world) == []
