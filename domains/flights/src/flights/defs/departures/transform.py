"""The reported flights, one local day of the schedule a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from mesh_dagster import Window


def transform(flights_file: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    flight_date = pl.date("year", "month", "day")
    # The file gives the scheduled hour in UTC, so no local time is ever taken for unambiguous.
    scheduled_hour = pl.col("time_hour").str.to_datetime(
        "%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"
    )
    return flights_file.filter(flight_date.dt.to_string().is_in(window.keys)).select(
        flight_date.alias("flight_date"),
        "carrier",
        pl.col("flight").cast(pl.Int32),
        "origin",
        "dest",
        "tailnum",
        (scheduled_hour + pl.duration(minutes="minute")).alias("scheduled_departure_at"),
        pl.col("hour").cast(pl.Int32).alias("local_hour"),
        pl.col("dep_time").is_null().alias("cancelled"),
        pl.col("dep_delay", "arr_delay", "air_time").cast(pl.Int32),
        pl.col("distance").cast(pl.Int64),
    )
