"""Which columns the columns of the reference mesh are made of, written out by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mesh_dagster import clock
from mesh_dagster.model.address import Address
from mesh_dagster.model.lineage import ColumnLineage, Evidence, InputColumn
from mesh_dagster.model.run_event import RunState
from mesh_dagster.orchestrate.execute import run
from mesh_dagster.products.making.column_lineage import column_lineage
from mesh_dagster.products.mesh import Mesh

ROOT = Path(__file__).parents[3]
DAY = "2013-11-01"
MADE = {
    "network/airports": None,
    "fleet/carriers": None,
    "fleet/aircraft/v1": None,
    "flights/departures": DAY,
    "weather/observations": DAY,
    "punctuality/route_delays": DAY,
    "journeys/delay_risk": DAY,
}
"""In the order of their inputs."""

SOURCES = {
    "network/airports": (
        {
            "faa": "faa=",
            "name": "name=",
            "latitude": "lat=",
            "longitude": "lon=",
            "altitude_ft": "alt~",
            "utc_offset_h": "tz~",
            "dst_rule": "dst=",
            "time_zone": "tzone=",
        },
        "",
    ),
    "fleet/carriers": ({"carrier": "carrier=", "name": "name="}, ""),
    "fleet/aircraft/v1": (
        {
            "tailnum": "tailnum=",
            "year_built": "year~",
            "type": "type=",
            "manufacturer": "manufacturer=",
            "model": "model=",
            "engines": "engines~",
            "seats": "seats~",
            "cruise_speed_mph": "speed~",
            "engine_type": "engine=",
        },
        "",
    ),
    "flights/departures": (
        {
            "flight_date": "day~ month~ year~",
            "carrier": "carrier=",
            "flight": "flight~",
            "origin": "origin=",
            "dest": "dest=",
            "tailnum": "tailnum=",
            "scheduled_departure_at": "minute~ time_hour~",
            "local_hour": "hour~",
            "cancelled": "dep_time~",
            "dep_delay": "dep_delay~",
            "arr_delay": "arr_delay~",
            "air_time": "air_time~",
            "distance": "distance=",
        },
        "day:FILTER month:FILTER year:FILTER",
    ),
    "weather/observations": (
        {
            "origin": "origin=",
            "local_date": "day~ month~ year~",
            "local_hour": "hour~",
            "observed_at": "time_hour~",
            "temperature_f": "temp=",
            "dew_point_f": "dewp=",
            "humidity_pct": "humid=",
            "wind_direction_deg": "wind_dir~",
            "wind_speed_mph": "wind_speed=",
            "wind_gust_mph": "wind_gust=",
            "precipitation_in": "precip=",
            "pressure_hpa": "pressure=",
            "visibility_mi": "visib=",
        },
        "day:FILTER month:FILTER year:FILTER",
    ),
}
"""A cast to the type that a file has already is none: Polars leaves it out of its plan."""

D, C, A, W, R = "departures", "carriers", "airports", "observations", "route_delays"
ROUTE_DELAYS = (
    {
        "flight_date": f"{D}.flight_date=",
        "origin": f"{D}.origin=",
        "dest": f"{D}.dest=",
        "carrier": f"{D}.carrier=",
        "route": f"{A}.name~ {C}.name~ {D}.carrier~ {D}.dest~ {D}.origin~",
        "flights": "",
        "cancelled": f"{D}.cancelled:FILTER",
        "departed": f"{D}.cancelled:FILTER",
        "delayed": f"{D}.dep_delay:FILTER",
        "mean_dep_delay": f"{D}.dep_delay+",
        "mean_arr_delay": f"{D}.arr_delay+",
        "last_scheduled_at": f"{D}.scheduled_departure_at+",
    },
    f"{A}.faa:JOIN {C}.carrier:JOIN {D}.carrier:GROUP_BY {D}.carrier:JOIN {D}.dest:GROUP_BY "
    f"{D}.dest:JOIN {D}.flight_date:FILTER {D}.flight_date:GROUP_BY {D}.origin:GROUP_BY "
    f"{D}.origin:JOIN",
)
DELAY_RISK = (
    {
        "flight_date": f"{D}.flight_date=",
        "carrier": f"{D}.carrier=",
        "flight": f"{D}.flight=",
        "origin": f"{D}.origin=",
        "dest": f"{D}.dest=",
        "scheduled_departure_at": f"{D}.scheduled_departure_at=",
        "local_hour": f"{D}.local_hour=",
        "weekday": f"{D}.flight_date~",
        "distance": f"{D}.distance=",
        "weather_observed_at": f"{W}.observed_at=",
        "temperature_f": f"{W}.temperature_f=",
        "wind_speed_mph": f"{W}.wind_speed_mph=",
        "wind_gust_mph": f"{W}.wind_gust_mph=",
        "precipitation_in": f"{W}.precipitation_in=",
        "visibility_mi": f"{W}.visibility_mi=",
        "route_flights_7d": f"{R}.flights+",
        "route_mean_dep_delay_7d": f"{R}.departed+ {R}.mean_dep_delay+",
        "route_delayed_share_7d": f"{R}.delayed+ {R}.departed+",
        "route_cancelled_share_7d": f"{R}.cancelled+ {R}.flights+",
        "carrier_mean_dep_delay_7d": f"{R}.departed+ {R}.mean_dep_delay+",
        "carrier_delayed_share_7d": f"{R}.delayed+ {R}.departed+",
    },
    f"{D}.carrier:JOIN {D}.dest:JOIN {D}.flight_date:FILTER {D}.flight_date:GROUP_BY "
    f"{D}.flight_date:JOIN {D}.origin:JOIN {D}.scheduled_departure_at:JOIN {W}.observed_at:JOIN "
    f"{W}.origin:JOIN {R}.carrier:GROUP_BY {R}.carrier:JOIN {R}.dest:GROUP_BY {R}.dest:JOIN "
    f"{R}.flight_date:JOIN {R}.origin:GROUP_BY {R}.origin:JOIN",
)
USES = {"IDENTITY": "=", "TRANSFORMATION": "~", "AGGREGATION": "+"}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """The reference mesh, each product made once."""
    root = tmp_path_factory.mktemp("nycair")
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", ".mesh")
    for folder in ("domains", "dbt_projects"):
        shutil.copytree(ROOT / folder, root / folder, ignore=left_out)
    shutil.copy(ROOT / "mesh.yaml", root)
    patch = pytest.MonkeyPatch()
    for name in ("MESH_CONFIG", "MESH_NOW", "MESH_SINCE"):
        patch.delenv(name, raising=False)
    try:
        mesh = Mesh.open(root)
        for address, day in MADE.items():
            run(mesh, mesh.load(Address.parse(address)), None if day is None else [day])
        return mesh
    finally:
        clock.replay(None, None)
        patch.undo()


def short(made: tuple[InputColumn, ...] | None) -> str:
    assert made is not None
    told = [
        f"{f'{each.address.product}.' if each.address else ''}{each.column}"
        f"{USES.get(each.use.value, f':{each.use.value}')}"
        for each in made
    ]
    return " ".join(sorted(told))


def check(found: ColumnLineage, columns: dict[str, str], rows: str) -> None:
    assert {name: short(made) for name, made in found.columns.items()} == columns
    assert short(found.rows) == rows


@pytest.mark.parametrize("address", SOURCES)
def test_source_aligned_products_tell_it_by_their_plans(reference: Mesh, address: str) -> None:
    found = column_lineage(reference, Address.parse(address))
    assert found.evidence is Evidence.PLAN
    check(found, *SOURCES[address])


def test_a_product_of_dbt_tells_it_by_its_models(reference: Mesh) -> None:
    found = column_lineage(reference, Address.parse("punctuality/route_delays"))
    assert found.evidence is Evidence.DBT
    check(found, *ROUTE_DELAYS)


def test_the_sql_that_dbt_compiled_is_told(reference: Mesh) -> None:
    with reference.journal("punctuality") as journal:
        (attempt, *_) = journal.attempts("punctuality/route_delays/v1")
        event = journal.deliveries.body(f"{attempt.id}:{RunState.COMPLETE}")
    assert event is not None
    query = json.loads(event)["job"]["facets"]["sql"]["query"]
    assert "ref(" not in query
    assert "mean_dep_delay" in query


def test_a_product_of_sql_tells_it_by_its_text(reference: Mesh) -> None:
    found = column_lineage(reference, Address.parse("journeys/delay_risk"))
    assert found.evidence is Evidence.SQL
    check(found, *DELAY_RISK)
