"""The mesh's own audit of the reference mesh says what a count by hand says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Reference
from mesh_dagster.descriptors import odcs
from mesh_dagster.model.finding import RuleResult, Verdict
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.products.auditing.promises import as_asked
from mesh_dagster.products.making.transform import Window

Frames = Mapping[str, pl.DataFrame]

START = datetime(2013, 1, 1, tzinfo=UTC)
LAST_NOON = datetime(2013, 12, 31, 12, tzinfo=UTC)
PARTITIONED = {
    "weather.observations": "local_date",
    "flights.departures": "flight_date",
    "crew.roster": "flight_date",
    "punctuality.route_delays": "flight_date",
    "journeys.delay_risk": "flight_date",
}
BLOCKED = {"weather.observations": {("primary_key", "2013-11-03", 3)}}
WARNED = {
    "weather.observations": {"the_day_was_observed": 1, "every_hour_was_observed": 25},
    "flights.departures": {
        "dest_in_network_airports_v1": 365,
        "tailnum_in_fleet_aircraft_v1": 365,
    },
    "journeys.delay_risk": {"flights_have_weather": 15},
}
"""Rule -> on how many days of the year it warns; nothing was observed on 31 December.

Of 26,229 hours at the three stations 114 have no observation (those after the clock's noon of the
last day are not expected yet).
"""


def audited(product: str, file: Path, mesh: Frames, days: Window) -> tuple[RuleResult, ...]:
    column = PARTITIONED.get(product)
    stated = as_asked(rules(odcs.read_file(file), partition_column=column))
    frame = mesh[product].with_columns(_recorded_at=pl.lit(START))
    with clock.frozen(LAST_NOON):
        return audit(
            stated,
            frame.lazy(),
            partitioning=Partitioning(Every.DAY, column, START) if column else None,
            partitions=days.keys if column else None,
            published=frame.clear().lazy() if column else None,
            references={
                rule.id: mesh[".".join((rule.target or "").split("/")[:2])].lazy()
                for rule in stated
                if isinstance(rule, Reference)
            },
        )


@pytest.mark.parametrize(
    "product",
    [
        "network.airports",
        "fleet.aircraft",
        "fleet.aircraft_v2",
        "fleet.carriers",
        "weather.observations",
        "flights.departures",
        "crew.roster",
        "punctuality.route_delays",
        "journeys.delay_risk",
    ],
)
def test_the_audit_of_the_year_finds_what_is_known_of_it_and_no_more(
    mesh: Frames, folders: dict[str, Path], year: Window, product: str
) -> None:
    results = audited(product, folders[product] / "contract.odcs.yaml", mesh, year)
    assert {(each.rule, each.partition, each.failed) for each in results if each.blocks} == (
        BLOCKED.get(product, set())
    )
    warned = Counter(each.rule for each in results if each.verdict is Verdict.WARNED)
    assert warned == WARNED.get(product, {})
    assert {each.verdict for each in results} <= {Verdict.PASSED, Verdict.WARNED, Verdict.FAILED}


def test_with_the_corrected_contract_no_day_of_the_year_is_held_back(
    mesh: Frames, root: Path, year: Window
) -> None:
    corrected = root / "domains/weather/corrections/contract-1.0.1.odcs.yaml"
    results = audited("weather.observations", corrected, mesh, year)
    assert [each for each in results if each.blocks] == []
