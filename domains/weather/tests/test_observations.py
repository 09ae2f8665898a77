from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from weather.defs.observations.transform import transform

from mesh_dagster import Window

HOUR = {
    "origin": "JFK",
    "year": 2013,
    "month": 11,
    "temp": 46.04,
    "dewp": 33.08,
    "humid": 60.41,
    "wind_dir": 330,
    "wind_speed": 11.5078,
    "wind_gust": None,
    "precip": 0.0,
    "pressure": 1017.2,
    "visib": 10.0,
}
HOURS = [
    HOUR | {"day": 2, "hour": 23, "time_hour": "2013-11-03T03:00:00Z"},
    HOUR | {"day": 3, "hour": 1, "time_hour": "2013-11-03T05:00:00Z"},
    HOUR | {"day": 3, "hour": 1, "time_hour": "2013-11-03T06:00:00Z"},
]


@pytest.fixture
def weather_file() -> pl.LazyFrame:
    return pl.LazyFrame(HOURS, schema_overrides={"wind_gust": pl.Float64})


def test_a_day_begins_at_midnight_in_new_york(weather_file: pl.LazyFrame) -> None:
    made = transform(weather_file, Window(("2013-11-02",))).collect()
    assert made["local_date"].to_list() == [date(2013, 11, 2)]
    assert made["observed_at"].to_list() == [datetime(2013, 11, 3, 3, tzinfo=UTC)]


def test_the_hour_that_is_there_twice_keeps_its_two_moments(weather_file: pl.LazyFrame) -> None:
    made = transform(weather_file, Window(("2013-11-03",))).collect()
    assert made["local_hour"].to_list() == [1, 1]
    assert made["observed_at"].dt.hour().to_list() == [5, 6]


def test_a_run_over_several_days_makes_them_all(weather_file: pl.LazyFrame) -> None:
    made = transform(weather_file, Window(("2013-11-02", "2013-11-03"))).collect()
    assert made.height == len(HOURS)


def test_a_day_without_an_observation_is_empty(weather_file: pl.LazyFrame) -> None:
    assert transform(weather_file, Window(("2013-12-31",))).collect().is_empty()
