"""A synthetic roster: the flights are real, and nobody who is on board of them is.

Who somebody is follows from his number, and who flies from the day, the flight and the seat, so
that every run makes the same people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from mesh_dagster import Window

BASES = {"AS": "us-northwest", "F9": "us-mountain", "HA": "us-pacific"}
"""The three carriers with the fewest flights, and where their crews live."""

SEATS = ("captain", "first officer", "purser", "cabin crew")
TAKING_TURNS = 12
"""People of each carrier who take turns in each seat."""

FIRST = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kai", "Lea")


def transform(flights_file: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    flight_date = pl.date("year", "month", "day")
    flights = (
        flights_file.filter(
            flight_date.dt.to_string().is_in(window.keys), pl.col("carrier").is_in(list(BASES))
        )
        .select(flight_date.alias("flight_date"), "carrier", pl.col("flight").cast(pl.Int32))
        .unique(maintain_order=True)
    )
    seats = pl.LazyFrame({"seat": SEATS, "place": range(len(SEATS))})
    return flights.join(seats, how="cross").select(
        "flight_date", "carrier", "flight", "seat", *_person(_number())
    )


def _number() -> pl.Expr:
    """Whose turn it is: another person the next day, and in each seat of each carrier."""
    carrier = pl.col("carrier").replace_strict(list(BASES), [1, 2, 3], return_dtype=pl.Int32)
    day = pl.col("flight_date").dt.ordinal_day().cast(pl.Int32)
    turn = (day + pl.col("flight")) % TAKING_TURNS
    return (carrier * 1000 + pl.col("place").cast(pl.Int32) * 100 + turn).cast(pl.Int32)


def _person(number: pl.Expr) -> tuple[pl.Expr, ...]:
    """Everything about somebody says that he is made up."""
    first = (number % len(FIRST)).replace_strict(
        list(range(len(FIRST))), list(FIRST), return_dtype=pl.String
    )
    return (
        number.alias("crew_id"),
        pl.format("{} Synthetic-{}", first, number).alias("name"),
        pl.format("SYN-{}-{}", pl.col("carrier"), number).alias("licence_number"),
        pl.format("{}.{}@synthetic.example", first.str.to_lowercase(), number).alias("email"),
        pl.col("carrier")
        .replace_strict(list(BASES), list(BASES.values()), return_dtype=pl.String)
        .alias("home_region"),
    )
