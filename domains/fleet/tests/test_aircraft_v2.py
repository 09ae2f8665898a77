from __future__ import annotations

import polars as pl
import pytest
from fleet.defs.aircraft.transform import transform as first
from fleet.defs.aircraft_v2.transform import transform

ONE = {
    "tailnum": ["N10156"],
    "year": [2004],
    "type": ["Fixed wing multi engine"],
    "model": ["EMB-145XR"],
    "engines": [2],
    "seats": [55],
    "speed": [None],
    "engine": ["Turbo-fan"],
}


@pytest.mark.parametrize(
    ("registered", "maker"),
    [
        ("AIRBUS INDUSTRIE", "AIRBUS"),
        ("AIRBUS", "AIRBUS"),
        ("MCDONNELL DOUGLAS CORPORATION", "MCDONNELL DOUGLAS"),
        ("BARKER JACK L", "BARKER JACK L"),
    ],
)
def test_a_maker_goes_by_one_name(registered: str, maker: str) -> None:
    planes = pl.LazyFrame({**ONE, "manufacturer": [registered]})
    assert transform(planes).collect()["manufacturer"].item() == maker


def test_all_the_rest_is_as_in_the_first_major() -> None:
    planes = pl.LazyFrame({**ONE, "manufacturer": ["EMBRAER"]})
    assert transform(planes).collect().equals(first(planes).collect())
