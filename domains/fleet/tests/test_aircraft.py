from __future__ import annotations

import polars as pl
from fleet.defs.aircraft.transform import transform

ONE = {
    "tailnum": ["N10156"],
    "year": [2004],
    "type": ["Fixed wing multi engine"],
    "manufacturer": ["EMBRAER"],
    "model": ["EMB-145XR"],
    "engines": [2],
    "seats": [55],
    "speed": [None],
    "engine": ["Turbo-fan"],
}


def test_an_aircraft_is_told_in_words_and_units_that_say_what_they_are() -> None:
    aircraft = transform(pl.LazyFrame(ONE)).collect()
    assert aircraft.row(0, named=True) == {
        "tailnum": "N10156",
        "year_built": 2004,
        "type": "Fixed wing multi engine",
        "manufacturer": "EMBRAER",
        "model": "EMB-145XR",
        "engines": 2,
        "seats": 55,
        "cruise_speed_mph": None,
        "engine_type": "Turbo-fan",
    }


def test_a_column_of_nothing_but_nulls_keeps_its_type() -> None:
    assert transform(pl.LazyFrame(ONE)).collect().schema["cruise_speed_mph"] == pl.Int32
