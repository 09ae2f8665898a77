from __future__ import annotations

import polars as pl
from network.defs.airports.transform import transform

ONE = {
    "faa": ["JFK"],
    "name": ["John F Kennedy Intl"],
    "lat": [40.639751],
    "lon": [-73.778925],
    "alt": [13],
    "tz": [-5],
    "dst": ["A"],
    "tzone": ["America/New_York"],
}


def test_an_airport_is_told_in_words_and_units_that_say_what_they_are() -> None:
    airports = transform(pl.LazyFrame(ONE)).collect()
    assert airports.row(0, named=True) == {
        "faa": "JFK",
        "name": "John F Kennedy Intl",
        "latitude": 40.639751,
        "longitude": -73.778925,
        "altitude_ft": 13,
        "utc_offset_h": -5,
        "dst_rule": "A",
        "time_zone": "America/New_York",
    }


def test_an_airport_without_a_time_zone_stays() -> None:
    without = pl.LazyFrame(ONE).with_columns(tzone=pl.lit(None, pl.String))
    assert transform(without).collect()["time_zone"].to_list() == [None]
