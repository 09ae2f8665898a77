"""The day on which the clocks go back, from the alert to the consumer that completes by itself.

With a real Dagster of seven locations, and `docs/walkthrough.md` followed word by word.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from e2e.checkout import Checkout
from e2e.documents import blocks, follow
from e2e.webserver import Webserver, free_port

OBSERVATIONS, DELAY_RISK = "weather/observations", "journeys/delay_risk"
CLOCKS_BACK = "2013-11-03"
OWNER = "noor.haddad@nycair.example"
_CHECKS = """
query ($path: [String!]!) { assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode {
  assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization {
    status evaluation { success description } } } } } } } }
"""


@pytest.fixture(scope="module")
def mesh(after_demo) -> Checkout:
    """Everything that delay_risk reads is made, and the third day of the weather waits."""
    found: Checkout = after_demo()
    assert CLOCKS_BACK not in found.published(OBSERVATIONS) + found.published(DELAY_RISK)
    return found


@pytest.fixture(scope="module")
def live(mesh: Checkout) -> Iterator[Webserver]:
    """`mesh dev`: delay_risk has made what it can."""
    server = Webserver(free_port())
    running = mesh.start(f"mesh dev --port {server.port}", "dev")
    mesh.processes.wait_for(server.not_serving, running)
    yield server
    mesh.processes.interrupt(running)


def _told(mesh: Checkout) -> set[tuple[str, str]]:
    """Of what kind of event whose owners were told."""
    alerts = json.loads(mesh.mesh("alerts", "--json").succeeded().out)
    return {
        (each["event"]["kind"], told["to"])
        for each in alerts
        for told in each["told"]
        if told["state"] == "delivered"
    }


def _review(mesh: Checkout) -> dict[str, Any]:
    found = json.loads(mesh.mesh("review", "--owner", OWNER, "--json").succeeded().out)
    (waiting,) = [each for each in found if each["kind"] == "quarantine"]
    return waiting


def _check(live: Webserver) -> dict[str, Any]:
    node = live.ask(_CHECKS, path=["weather", "observations", "v1"])["assetNodeOrError"]
    checks = {each["name"]: each for each in node["assetChecksOrError"]["checks"]}
    found = checks["primary_key"]["executionForLatestMaterialization"]
    return (found or {}).get("evaluation") or {}


def test_the_owners_of_the_weather_and_of_its_reader_are_told(
    mesh: Checkout, live: Webserver
) -> None:
    def missing() -> str:
        gone = {("quarantined", "weather"), ("quarantined", "journeys")} - _told(mesh)
        return ", ".join(map(str, gone))

    mesh.processes.wait_for(missing, every=5)


def test_the_review_shows_the_hour_that_is_there_twice_at_three_stations(
    mesh: Checkout, live: Webserver
) -> None:
    id = _review(mesh)["id"]
    facts = json.loads(mesh.mesh("review", "show", id, "--json").succeeded().out)
    (failing,) = facts["failing"]
    assert (failing["result"]["rule"], failing["result"]["failed"]) == ("primary_key", 3)
    stations = [(row["origin"], row["local_hour"]) for row in failing["rows"]]
    assert stations == [(each, 1) for each in ("EWR", "EWR", "JFK", "JFK", "LGA", "LGA")]
    assert len({row["observed_at"] for row in failing["rows"]}) == 2
    assert facts["owners"] == [OWNER]
    assert [each["product"] for each in facts["downstream"]] == [f"mesh://{DELAY_RISK}/v1"]
    assert facts["compared"]["against"] == "2013-11-02"


def test_nobody_else_decides_and_dagsters_open_endpoint_releases_nothing(
    mesh: Checkout, live: Webserver
) -> None:
    before, started = mesh.number(OBSERVATIONS), time.time()
    id = _review(mesh)["id"]
    refused = mesh.paste(f"MESH_USER=piet.jansen@nycair.example mesh review release {id} --why x")
    assert "MESH-M044" in refused.exited(2).err
    request = urllib.request.Request(
        f"http://127.0.0.1:{live.port}/report_asset_check/weather/observations/v1",
        json.dumps({"check_name": "primary_key", "passed": True}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    # Time for every sensor of every location to look at it.
    mesh.processes.wait_for(lambda: ", ".join(live.not_ticked("reviews", started)), every=5)
    assert mesh.number(OBSERVATIONS) == before
    assert _review(mesh)["id"] == id
    assert CLOCKS_BACK not in mesh.published(DELAY_RISK)


def test_the_owner_corrects_the_key_audits_again_and_the_consumer_completes(
    mesh: Checkout, live: Webserver
) -> None:
    staged = mesh.data_files(OBSERVATIONS)
    steps = [each for each in blocks("docs/walkthrough.md") if each.language == "sh"]
    said = [follow(mesh, each) for each in steps]
    assert "primary_key" in said[0]
    assert f"{OBSERVATIONS}/v1 {CLOCKS_BACK}: published, by {OWNER}" in said[1]
    assert "22 of 507 missing" in said[2]
    newest = mesh.publications(OBSERVATIONS)[-1]
    assert (newest["kind"], newest["partitions"]) == ("reaudit", [CLOCKS_BACK])
    assert newest["contracts"] == {"": "1.0.1"}
    assert mesh.data_files(OBSERVATIONS) == staged

    def missing() -> str:
        there = CLOCKS_BACK in mesh.published(DELAY_RISK)
        return "" if there else f"{CLOCKS_BACK} of {DELAY_RISK}"

    mesh.processes.wait_for(missing)
    mesh.processes.wait_for(lambda: "" if _check(live).get("success") else "the check", every=5)


def test_what_was_decided_is_on_the_record_and_the_incident_is_closed(
    mesh: Checkout, live: Webserver
) -> None:
    (decided,) = json.loads(mesh.mesh("review", "log", "--json").succeeded().out)
    assert (decided["action"], decided["by"]["name"]) == ("reaudit", OWNER)
    assert decided["by"]["proof"] == "environment"
    incidents = mesh.mesh("incidents", OBSERVATIONS).succeeded().out
    assert f"released by {OWNER}" in " ".join(incidents.split())
    assert " · quarantined · closed\n" in incidents
