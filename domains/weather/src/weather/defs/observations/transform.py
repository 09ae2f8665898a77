"""The stations' hourly observations, one local day a partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from mesh_dagster import Window


def transform(weather_file: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    local_date = pl.date("year", "month", "day")
    return weather_file.filter(local_date.dt.to_string().is_in(window.keys)).select(
        "origin",
        local_date=local_date,
        local_hour=pl.col("hour").cast(pl.Int32),
        observed_at=pl.col("time_hour").str.to_datetime(
            "%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"
        ),
        temperature_f=pl.col("temp").cast(pl.Float64),
        dew_point_f=pl.col("dewp").cast(pl.Float64),
        humidity_pct=pl.col("humid").cast(pl.Float64),
        wind_direction_deg=pl.col("wind_dir").cast(pl.Int32),
        wind_speed_mph=pl.col("wind_speed").cast(pl.Float64),
        wind_gust_mph=pl.col("wind_gust").cast(pl.Float64),
        precipitation_in=pl.col("precip").cast(pl.Float64),
        pressure_hpa=pl.col("pressure").cast(pl.Float64),
        visibility_mi=pl.col("visib").cast(pl.Float64),
    )
