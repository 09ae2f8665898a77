from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from flights.defs.departures.transform import transform

from mesh_dagster import Window

FLIGHT = {
    "year": 2013,
    "month": 11,
    "dep_time": 2354,
    "dep_delay": -5,
    "arr_delay": -12,
    "carrier": "B6",
    "tailnum": "N603JB",
    "origin": "JFK",
    "dest": "BQN",
    "air_time": 192,
    "distance": 1576,
    "hour": 23,
    "minute": 59,
}
CANCELLED = {"dep_time": None, "dep_delay": None, "arr_delay": None, "air_time": None}
FLIGHTS = [
    FLIGHT | {"flight": 745, "day": 2, "time_hour": "2013-11-03T03:00:00Z"},
    FLIGHT | {"flight": 745, "day": 3, "time_hour": "2013-11-04T04:00:00Z"},
    FLIGHT | CANCELLED | {"flight": 839, "day": 3, "time_hour": "2013-11-04T04:00:00Z"},
]


@pytest.fixture
def flights_file() -> pl.LazyFrame:
    return pl.LazyFrame(FLIGHTS)


def test_a_flight_belongs_to_the_local_day_of_its_schedule(flights_file: pl.LazyFrame) -> None:
    made = transform(flights_file, Window(("2013-11-02",))).collect()
    assert made["flight_date"].to_list() == [date(2013, 11, 2)]
    assert made["scheduled_departure_at"].to_list() == [datetime(2013, 11, 3, 3, 59, tzinfo=UTC)]


def test_the_same_local_time_is_an_hour_later_once_the_clocks_went_back(
    flights_file: pl.LazyFrame,
) -> None:
    made = transform(flights_file, Window(("2013-11-02", "2013-11-03"))).collect()
    before, after = made.filter(flight=745)["scheduled_departure_at"]
    assert (after - before).total_seconds() == 25 * 3600


def test_a_cancelled_flight_stays_and_has_no_delay(flights_file: pl.LazyFrame) -> None:
    made = transform(flights_file, Window(("2013-11-03",))).collect()
    (cancelled,) = made.filter("cancelled").to_dicts()
    assert cancelled["flight"] == 839
    assert cancelled["dep_delay"] is None
