from __future__ import annotations

from datetime import date

import polars as pl
from crew.defs.roster.transform import SEATS, transform

from mesh_dagster import Window

WINDOW = Window(("2013-11-02", "2013-11-03"))
FLIGHT = {"year": 2013, "month": 11, "carrier": "HA", "flight": 51}
FLIGHTS = pl.LazyFrame(
    [
        FLIGHT | {"day": 2},
        FLIGHT | {"day": 3},
        FLIGHT | {"day": 4},
        FLIGHT | {"day": 3, "carrier": "B6"},
    ]
)


def test_a_flight_of_the_three_carriers_has_one_in_each_seat() -> None:
    made = transform(FLIGHTS, WINDOW).collect()
    assert made["flight_date"].unique().sort().to_list() == [date(2013, 11, 2), date(2013, 11, 3)]
    assert made["carrier"].unique().to_list() == ["HA"]
    assert made.filter(flight_date=date(2013, 11, 3))["seat"].to_list() == list(SEATS)
    assert made["crew_id"].n_unique() == 2 * len(SEATS)


def test_everything_about_a_person_says_that_he_is_made_up() -> None:
    made = transform(FLIGHTS, WINDOW).collect()
    assert made["name"].str.contains("Synthetic").all()
    assert made["licence_number"].str.starts_with("SYN-").all()
    assert made["email"].str.ends_with("@synthetic.example").all()


def test_the_same_people_are_made_each_time_and_a_number_is_one_person() -> None:
    made = transform(FLIGHTS, WINDOW).collect()
    assert made.equals(transform(FLIGHTS, WINDOW).collect())
    person = ["crew_id", "name", "licence_number", "email", "home_region"]
    assert made.select(person).unique().height == made["crew_id"].n_unique()
