"""The numbers that the reference mesh lives on, counted on the real data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl
import pytest

Frames = Mapping[str, pl.DataFrame]

THE_WEEK = (date(2013, 11, 1), date(2013, 11, 7))
THE_CLOCKS_GO_BACK = date(2013, 11, 3)


def of_the_week(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.filter(pl.col(column).is_between(*THE_WEEK))


def beyond_the_first(frame: pl.DataFrame, *key: str) -> int:
    return frame.height - frame.select(key).unique().height


@pytest.mark.parametrize(
    ("product", "rows"),
    [
        ("network.airports", 1_458),
        ("fleet.aircraft", 3_322),
        ("fleet.aircraft_v2", 3_322),
        ("fleet.carriers", 16),
        ("weather.observations", 26_115),
        ("flights.departures", 336_776),
        ("crew.roster", 6_964),
        ("punctuality.route_delays", 103_075),
        ("journeys.delay_risk", 336_776),
    ],
)
def test_a_product_has_its_rows_of_the_year(mesh: Frames, product: str, rows: int) -> None:
    assert mesh[product].height == rows


@pytest.mark.parametrize(
    ("product", "column", "rows"),
    [
        ("weather.observations", "local_date", [68, 60, 72, 69, 72, 72, 72]),
        ("flights.departures", "flight_date", [986, 689, 902, 978, 967, 973, 991]),
        ("crew.roster", "flight_date", [20, 24, 20, 20, 16, 16, 12]),
        ("punctuality.route_delays", "flight_date", [296, 263, 294, 292, 286, 289, 293]),
        ("journeys.delay_risk", "flight_date", [986, 689, 902, 978, 967, 973, 991]),
    ],
)
def test_each_day_of_the_week_has_its_rows(
    mesh: Frames, product: str, column: str, rows: list[int]
) -> None:
    counted = of_the_week(mesh[product], column).group_by(column).len().sort(column)
    assert counted["len"].to_list() == rows


def test_the_week_has_485_observations_and_6486_departures(made: Frames) -> None:
    assert of_the_week(made["weather.observations"], "local_date").height == 485
    assert of_the_week(made["flights.departures"], "flight_date").height == 6_486


def test_the_wrong_key_is_broken_on_one_day_only(made: Frames) -> None:
    observations = made["weather.observations"]
    key = ("origin", "local_date", "local_hour")
    the_day = observations.filter(local_date=THE_CLOCKS_GO_BACK)
    assert beyond_the_first(the_day, *key) == 3
    assert the_day.filter(pl.struct(key).is_duplicated()).height == 6
    assert beyond_the_first(observations, *key) == 3


def test_the_corrected_key_holds_all_year(made: Frames) -> None:
    assert beyond_the_first(made["weather.observations"], "origin", "observed_at") == 0


@pytest.mark.parametrize(
    ("product", "moment", "day"),
    [
        ("weather.observations", "observed_at", "local_date"),
        ("flights.departures", "scheduled_departure_at", "flight_date"),
    ],
)
def test_the_moment_in_utc_is_the_local_day_and_hour_in_new_york(
    made: Frames, product: str, moment: str, day: str
) -> None:
    local = pl.col(moment).dt.convert_time_zone("America/New_York")
    differ = (local.dt.date() != pl.col(day)) | (local.dt.hour() != pl.col("local_hour"))
    assert made[product].filter(differ).height == 0


def test_7602_flights_go_where_the_network_has_no_airport(made: Frames) -> None:
    unknown = made["flights.departures"].join(
        made["network.airports"], left_on="dest", right_on="faa", how="anti"
    )
    assert unknown.height == 7_602
    assert set(unknown["dest"]) == {"SJU", "BQN", "PSE", "STT"}
    assert of_the_week(unknown, "flight_date").height == 118


def test_some_flights_name_an_aircraft_that_the_fleet_has_not(made: Frames) -> None:
    unknown = (
        made["flights.departures"]
        .filter(pl.col("tailnum").is_not_null())
        .join(made["fleet.aircraft"], on="tailnum", how="anti")
    )
    assert unknown.height == 50_094
    assert of_the_week(unknown, "flight_date").height == 904


def test_each_maker_has_one_name_in_the_second_major(made: Frames) -> None:
    majors = ("fleet.aircraft", "fleet.aircraft_v2")
    registered, told = (made[name]["manufacturer"] for name in majors)
    assert (registered.n_unique(), told.n_unique()) == (35, 31)
    assert set(told) - set(registered) == {"BOMBARDIER"}
    assert told.value_counts().filter(manufacturer="AIRBUS")["count"].item() == 736


def test_95_departures_of_the_week_have_no_weather(mesh: Frames) -> None:
    without = of_the_week(mesh["journeys.delay_risk"], "flight_date").filter(
        pl.col("weather_observed_at").is_null()
    )
    assert dict(without.group_by("flight_date").len().iter_rows()) == {
        date(2013, 11, 2): 43,
        date(2013, 11, 4): 52,
    }
    assert mesh["journeys.delay_risk"]["weather_observed_at"].null_count() == 1_556
