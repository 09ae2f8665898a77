from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

PROJECT = Path(__file__).parents[3] / "dbt_projects/punctuality"
DBT = "from dbt.cli.main import cli; cli()"


def flight(day: int, dest: str, delay: int | None, carrier: str = "B6") -> dict[str, object]:
    return {
        "flight_date": date(2013, 11, day),
        "origin": "JFK",
        "dest": dest,
        "carrier": carrier,
        "scheduled_departure_at": datetime(2013, 11, day, 12, tzinfo=UTC),
        "cancelled": delay is None,
        "dep_delay": delay,
        "arr_delay": delay,
    }


INPUTS = {
    "departures": pl.DataFrame(
        [
            flight(1, "BOS", 99),
            flight(2, "BOS", 14),
            flight(2, "BOS", 15),
            flight(2, "BOS", None),
            flight(2, "SJU", None),
            flight(3, "BOS", 0),
            flight(4, "BOS", 99),
        ]
    ),
    "airports": pl.DataFrame(
        {"faa": ["JFK", "BOS"], "name": ["John F Kennedy Intl", "General Edward Logan"]}
    ),
    "carriers": pl.DataFrame({"carrier": ["B6"], "name": ["JetBlue Airways"]}),
}


def build(place: Path) -> pl.DataFrame:
    """Run the project on 2 and 3 November."""
    database = place / "private.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema inputs")
        for name, frame in INPUTS.items():
            rows = frame.to_arrow()
            connection.register("rows", rows)
            connection.execute(f"create table inputs.{name} as from rows")
    bounds = {"first_partition": "2013-11-02", "last_partition": "2013-11-03"}
    folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT]
    folders += ["--target-path", place / "target", "--log-path", place / "logs"]
    done = subprocess.run(
        [sys.executable, "-c", DBT, "build", *map(str, folders), "--vars", json.dumps(bounds)],
        env={**os.environ, "MESH_DBT_DUCKDB": str(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.sql("from route_delays order by flight_date, dest").pl()


@pytest.fixture(scope="module")
def route_delays(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return build(tmp_path_factory.mktemp("dbt"))


def test_only_the_days_of_the_run_are_made(route_delays: pl.DataFrame) -> None:
    days = route_delays["flight_date"].dt.day().to_list()
    assert days == [2, 2, 3]


def test_late_is_fifteen_minutes_and_a_cancelled_flight_is_not_late(
    route_delays: pl.DataFrame,
) -> None:
    counts = route_delays.row(0, named=True)
    assert (counts["flights"], counts["departed"], counts["cancelled"]) == (3, 2, 1)
    assert counts["delayed"] == 1
    assert counts["mean_dep_delay"] == 14.5


def test_a_route_is_named_for_people(route_delays: pl.DataFrame) -> None:
    assert route_delays["route"].to_list()[:2] == [
        "JetBlue Airways: John F Kennedy Intl to General Edward Logan",
        "JetBlue Airways: John F Kennedy Intl to SJU",
    ]


def test_a_route_of_cancelled_flights_has_no_mean(route_delays: pl.DataFrame) -> None:
    cancelled = route_delays.filter(dest="SJU").row(0, named=True)
    assert cancelled["departed"] == 0
    assert cancelled["mean_dep_delay"] is None
