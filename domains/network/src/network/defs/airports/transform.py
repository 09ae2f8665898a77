"""The FAA's list of airports, in words and units that say what they are."""

from __future__ import annotations

import polars as pl


def transform(airports_file: pl.LazyFrame) -> pl.LazyFrame:
    return airports_file.select(
        "faa",
        "name",
        latitude="lat",
        longitude="lon",
        altitude_ft=pl.col("alt").cast(pl.Int32),
        utc_offset_h=pl.col("tz").cast(pl.Int32),
        dst_rule="dst",
        time_zone="tzone",
    )
