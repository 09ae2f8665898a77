"""Domains from checkouts of their own: they share storage and registry, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from e2e.checkout import DOMAINS, Checkout
from e2e.demo import Demo
from e2e.processes import Running
from e2e.webserver import Webserver, free_port

DEPARTURES, OBSERVATIONS = "flights/departures", "weather/observations"
ROUTE_DELAYS, DELAY_RISK = "punctuality/route_delays", "journeys/delay_risk"
WEEK = tuple(f"2013-11-0{day}" for day in range(1, 8))

_TOLD = """query Told($path: [String!]!) { assetOrError(assetKey: {path: $path}) {
    ... on Asset { assetMaterializations { partition runId } } } }"""
_KEYS = """
import json, dagster as dg
from {domain}.definitions import defs
graph = defs.get_repository_def().asset_graph
keys = sorted(key.to_user_string() for key in graph.materializable_asset_keys)
print(json.dumps(keys))
"""
_MADE = {
    "network": ["network/airports/v1"],
    "fleet": ["fleet/aircraft/v1", "fleet/aircraft/v2", "fleet/carriers/v1"],
    "weather": ["weather/observations/v1"],
    "flights": ["flights/departures/v1"],
    "crew": ["crew/roster/v1", "crew/roster/v1/masked"],
    "punctuality": ["punctuality/route_delays/v1"],
    "journeys": ["journeys/delay_risk/v1"],
}


@dataclass(frozen=True)
class Apart:
    """Two checkouts, what the other domains have published, and Dagster at work in journeys."""

    weather: Checkout
    journeys: Checkout
    server: Webserver
    running: Running

    def pulled(self) -> list[str]:
        return self.journeys.published(DELAY_RISK)

    def wait_for_days(self, *days: str) -> None:
        def missing() -> str:
            left = sorted(set(days) - set(self.pulled()))
            return f"{left} of {DELAY_RISK}" if left else ""

        self.journeys.processes.wait_for(missing, self.running)

    def told(self, product: str) -> dict[str, list[str]]:
        """The runs that journeys' own instance knows each partition of a port from."""
        answer = self.server.ask(_TOLD, path=[*product.split("/"), "v1"])
        found: dict[str, list[str]] = {}
        for each in answer["assetOrError"]["assetMaterializations"]:
            found.setdefault(each["partition"], []).append(each["runId"])
        return found


@pytest.fixture(scope="module")
def apart(checkout, demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    shared = tmp_path_factory.mktemp("shared")
    places = {"storage": str(shared / "storage"), "registry": str(shared / "registry")}
    weather, journeys = checkout("weather", **places), checkout("journeys", **places)
    published = demo.root / ".mesh" / "storage"
    for domain in set(DOMAINS) - {"weather", "journeys"}:
        shutil.copytree(published / domain, shared / "storage" / domain)
        shutil.copytree(published / "_registry" / domain, shared / "registry" / domain)
    by_its_own_dagster(weather, "2013-11-01...2013-11-02")

    server = Webserver(free_port())
    running = journeys.start(f"mesh dev --port {server.port}", "journeys")
    journeys.processes.wait_for(server.not_serving, running)
    yield Apart(weather, journeys, server, running)
    journeys.processes.interrupt(running)


def by_its_own_dagster(weather: Checkout, days: str) -> None:
    """Publish days of the weather by a run on the domain's own instance."""
    home = weather.root / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = ["dagster", "asset", "materialize", "-m", "weather.definitions"]
    command += ["-d", "domains/weather/src", "--select", 'key:"weather/observations/v1"']
    weather.processes.run(
        [*command, "--partition-range", days], weather.root, env={"DAGSTER_HOME": str(home)}
    ).succeeded()


def test_a_consumer_pulls_the_days_that_are_published_and_no_other(apart: Apart) -> None:
    apart.wait_for_days("2013-11-01", "2013-11-02")
    assert apart.pulled() == ["2013-11-01", "2013-11-02"]


def test_its_own_instance_is_told_of_each_published_partition_once(apart: Apart) -> None:
    apart.wait_for_days("2013-11-01", "2013-11-02")
    # A materialization without a run is one that was reported, not made here.
    reported = [""]
    assert apart.told(OBSERVATIONS) == {"2013-11-01": reported, "2013-11-02": reported}
    assert apart.told(DEPARTURES) == dict.fromkeys(WEEK, reported)
    assert apart.told(ROUTE_DELAYS) == dict.fromkeys(WEEK, reported)


def test_what_is_published_while_it_watches_is_pulled_and_what_is_quarantined_is_not(
    apart: Apart,
) -> None:
    weather = apart.weather
    range_ = ("--from", "2013-11-03", "--to", "2013-11-04")
    assert "quarantined" in weather.mesh("run", OBSERVATIONS, *range_).exited(1).out
    files = everything_of(weather, "weather")
    apart.wait_for_days("2013-11-04")
    assert apart.pulled() == ["2013-11-01", "2013-11-02", "2013-11-04"]
    assert sorted(apart.told(OBSERVATIONS)) == ["2013-11-01", "2013-11-02", "2013-11-04"]
    # Who reads writes nothing at the place of another.
    assert everything_of(weather, "weather") == files


def test_the_others_are_known_where_their_files_are_not(apart: Apart) -> None:
    listed = json.loads(apart.journeys.mesh("products", "--json").succeeded().out)
    assert {address.split("/")[2] for address in map(str, addresses(listed))} == set(DOMAINS)
    assert not (apart.journeys.root / "domains" / "weather").exists()


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_loads_where_no_other_is(checkout, domain: str) -> None:
    alone: Checkout = checkout(domain)
    code = _KEYS.format(domain=domain)
    source = alone.root / "domains" / domain / "src"
    done = alone.processes.run(["python", "-c", code], source).succeeded()
    keys = json.loads(done.out.splitlines()[-1])
    assert [key for key in keys if not key.startswith(f"{domain}/dbt/")] == _MADE[domain]
    assert {key.split("/")[0] for key in keys} == {domain}


def everything_of(checkout: Checkout, domain: str) -> dict[str, int]:
    """Every file below a domain's prefix, and when it was written."""
    files = (checkout.storage / domain).rglob("*")
    return {str(file): file.stat().st_mtime_ns for file in files if file.is_file()}


def addresses(listed: list[dict[str, object]]) -> list[object]:
    return [each["address"] for each in listed]
