"""The features of journeys/delay_risk on the real week: all flights, and no leak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import polars as pl
import pytest

from mesh_dagster.products.making.transform import Window

Frames = Mapping[str, pl.DataFrame]
Run = Callable[[Frames, Window], pl.DataFrame]

KEY = ["flight_date", "carrier", "flight", "origin"]
THE_DAY = date(2013, 11, 5)


@pytest.fixture(scope="module")
def inputs(mesh: Frames) -> Frames:
    return {
        "departures": mesh["flights.departures"],
        "observations": mesh["weather.observations"],
        "route_delays": mesh["punctuality.route_delays"],
    }


@pytest.fixture(scope="module")
def one_day() -> Window:
    return Window((THE_DAY.isoformat(),))


def later(frame: pl.DataFrame, condition: pl.Expr, *columns: str) -> pl.DataFrame:
    """The same rows, with an hour more in some of them."""
    return frame.with_columns(
        pl.when(condition).then(pl.col(each) + 60).otherwise(pl.col(each)).alias(each)
        for each in columns
    )


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.sort(KEY).equals(other.sort(KEY))


def test_every_scheduled_flight_of_the_week_is_there_once(
    delay_risk: Run, inputs: Frames, week: Window
) -> None:
    made = delay_risk(inputs, week)
    assert made.height == 6_486
    assert made.select(KEY).is_unique().all()


def test_a_day_comes_out_the_same_alone_and_in_a_run_of_the_week(
    delay_risk: Run, inputs: Frames, week: Window, one_day: Window
) -> None:
    of_the_week = delay_risk(inputs, week).filter(flight_date=THE_DAY)
    alone = delay_risk(inputs, one_day)
    floats = [name for name, kind in alone.schema.items() if kind == pl.Float64]
    # The order in which DuckDB adds up is its own: the last digits are not compared.
    rounded = [pl.col(name).round(9) for name in floats]
    assert same(of_the_week.with_columns(rounded), alone.with_columns(rounded))


def test_delays_of_the_same_day_and_after_change_nothing(
    delay_risk: Run, inputs: Frames, one_day: Window
) -> None:
    from_the_day_on = pl.col("flight_date") >= THE_DAY
    changed = later(inputs["route_delays"], from_the_day_on, "mean_dep_delay", "delayed")
    before = delay_risk(inputs, one_day)
    assert same(rounded(before), rounded(delay_risk({**inputs, "route_delays": changed}, one_day)))


def test_delays_of_more_than_seven_days_ago_change_nothing(
    delay_risk: Run, inputs: Frames, one_day: Window
) -> None:
    long_ago = pl.col("flight_date") < date(2013, 10, 29)
    changed = later(inputs["route_delays"], long_ago, "mean_dep_delay")
    before = delay_risk(inputs, one_day)
    assert same(rounded(before), rounded(delay_risk({**inputs, "route_delays": changed}, one_day)))


@pytest.mark.parametrize("day", [date(2013, 10, 29), date(2013, 11, 4)])
def test_delays_of_the_first_and_last_of_the_seven_days_do_change_it(
    delay_risk: Run, inputs: Frames, one_day: Window, day: date
) -> None:
    changed = later(inputs["route_delays"], pl.col("flight_date") == day, "mean_dep_delay")
    before = delay_risk(inputs, one_day)
    after = delay_risk({**inputs, "route_delays": changed}, one_day)
    assert not same(rounded(before), rounded(after))


def test_what_became_of_the_flights_themselves_changes_nothing(
    delay_risk: Run, inputs: Frames, one_day: Window
) -> None:
    changed = later(inputs["departures"], pl.lit(True), "dep_delay", "arr_delay", "air_time")
    changed = changed.with_columns(cancelled=~pl.col("cancelled"))
    before = delay_risk(inputs, one_day)
    assert same(rounded(before), rounded(delay_risk({**inputs, "departures": changed}, one_day)))


def test_weather_is_that_of_the_scheduled_hour_at_the_origin(
    delay_risk: Run, inputs: Frames, week: Window
) -> None:
    made = delay_risk(inputs, week)
    hour = pl.col("scheduled_departure_at").dt.truncate("1h")
    assert made.filter(pl.col("weather_observed_at") != hour).is_empty()
    expected = made.with_columns(hour=hour).join(
        inputs["observations"], left_on=["origin", "hour"], right_on=["origin", "observed_at"]
    )
    assert expected.height == 6_486 - 95
    assert expected["temperature_f"].equals(expected["temperature_f_right"])


def test_on_the_first_day_there_is_no_history(
    delay_risk: Run, inputs: Frames, week: Window
) -> None:
    none = inputs["route_delays"].clear()
    made = delay_risk({**inputs, "route_delays": none}, week)
    assert made["route_flights_7d"].unique().to_list() == [0]
    assert made["route_mean_dep_delay_7d"].null_count() == made.height == 6_486


def rounded(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).round(9))
