from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

SQL = Path(__file__).parents[1] / "src/journeys/defs/delay_risk/transform.sql"
DAY = date(2013, 11, 3)
FIVE_UTC = datetime(2013, 11, 3, 5, tzinfo=UTC)


def departure(flight: int, at: datetime, day: date = DAY) -> dict[str, object]:
    return {
        "flight_date": day,
        "carrier": "B6",
        "flight": flight,
        "origin": "JFK",
        "dest": "BOS",
        "scheduled_departure_at": at,
        "local_hour": 1,
        "distance": 187,
    }


def observation(at: datetime, temperature: float) -> dict[str, object]:
    return {
        "origin": "JFK",
        "observed_at": at,
        "temperature_f": temperature,
        "wind_speed_mph": 5.0,
        "wind_gust_mph": 20.0,
        "precipitation_in": 0.0,
        "visibility_mi": 10.0,
    }


def history(day: date, delay: float, departed: int = 1, delayed: int = 0) -> dict[str, object]:
    return {
        "flight_date": day,
        "origin": "JFK",
        "dest": "BOS",
        "carrier": "B6",
        "flights": departed,
        "departed": departed,
        "delayed": delayed,
        "cancelled": 0,
        "mean_dep_delay": delay,
    }


def run(
    departures: list[dict[str, object]],
    observations: list[dict[str, object]],
    route_delays: list[dict[str, object]],
    last: date = DAY,
) -> pl.DataFrame:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        connection.register("departures", pl.DataFrame(departures).to_arrow())
        connection.register("observations", pl.DataFrame(observations).to_arrow())
        connection.register("route_delays", pl.DataFrame(route_delays).to_arrow())
        bounds = {"first_partition": DAY.isoformat(), "last_partition": last.isoformat()}
        return connection.sql(SQL.read_text(), params=bounds).pl().sort("flight")


@pytest.fixture
def quiet_past() -> list[dict[str, object]]:
    return [history(DAY - timedelta(days=1), 4.0)]


def test_the_hour_that_is_there_twice_gives_each_flight_its_own_weather(
    quiet_past: list[dict[str, object]],
) -> None:
    later = FIVE_UTC + timedelta(hours=1)
    flights = [departure(1, FIVE_UTC + timedelta(minutes=30)), departure(2, later)]
    weather = [observation(FIVE_UTC, 50.0), observation(later, 40.0)]
    assert run(flights, weather, quiet_past)["temperature_f"].to_list() == [50.0, 40.0]


def test_a_flight_without_weather_stays(quiet_past: list[dict[str, object]]) -> None:
    made = run(
        [departure(1, FIVE_UTC)], [observation(FIVE_UTC - timedelta(hours=1), 50.0)], quiet_past
    )
    assert made["weather_observed_at"].to_list() == [None]


def test_history_is_of_the_seven_days_before_and_no_other() -> None:
    delays = {-8: 800.0, -7: 10.0, -1: 20.0, 0: 900.0, 1: 700.0}
    past = [history(DAY + timedelta(days=by), delay) for by, delay in delays.items()]
    made = run([departure(1, FIVE_UTC)], [observation(FIVE_UTC, 50.0)], past)
    assert made["route_mean_dep_delay_7d"].to_list() == [15.0]
    assert made["carrier_mean_dep_delay_7d"].to_list() == [15.0]
    assert made["route_flights_7d"].to_list() == [2]


def test_each_day_of_a_run_sees_the_days_before_its_own() -> None:
    next_day = DAY + timedelta(days=1)
    flights = [departure(1, FIVE_UTC), departure(2, FIVE_UTC + timedelta(days=1), next_day)]
    past = [history(DAY - timedelta(days=1), 10.0), history(DAY, 40.0)]
    made = run(flights, [observation(FIVE_UTC, 50.0)], past, last=next_day)
    assert made["route_mean_dep_delay_7d"].to_list() == [10.0, 25.0]


def test_a_day_counts_by_how_many_flights_left_on_it() -> None:
    past = [
        history(DAY - timedelta(days=2), 40.0, departed=3, delayed=3),
        history(DAY - timedelta(days=1), 0.0, departed=1),
    ]
    made = run([departure(1, FIVE_UTC)], [observation(FIVE_UTC, 50.0)], past)
    assert made["route_mean_dep_delay_7d"].to_list() == [30.0]
    assert made["route_delayed_share_7d"].to_list() == [0.75]


def test_a_route_without_history_is_empty_and_not_zero() -> None:
    past = [history(DAY - timedelta(days=9), 10.0)]
    made = run([departure(1, FIVE_UTC)], [observation(FIVE_UTC, 50.0)], past)
    assert made["route_flights_7d"].to_list() == [0]
    assert made["route_mean_dep_delay_7d"].to_list() == [None]


def test_days_outside_the_run_are_not_made(quiet_past: list[dict[str, object]]) -> None:
    flights = [departure(1, FIVE_UTC), departure(2, FIVE_UTC, DAY - timedelta(days=1))]
    made = run(flights, [observation(FIVE_UTC, 50.0)], quiet_past)
    assert made["flight"].to_list() == [1]
