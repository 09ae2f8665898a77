"""The aircraft registry, in words and units that say what they are, each maker under one name."""

from __future__ import annotations

import polars as pl

ONE_NAME = {
    "AIRBUS INDUSTRIE": "AIRBUS",
    "BOMBARDIER INC": "BOMBARDIER",
    "CANADAIR LTD": "CANADAIR",
    "MCDONNELL DOUGLAS AIRCRAFT CO": "MCDONNELL DOUGLAS",
    "MCDONNELL DOUGLAS CORPORATION": "MCDONNELL DOUGLAS",
}
"""As registered -> the maker."""


def transform(planes_file: pl.LazyFrame) -> pl.LazyFrame:
    return planes_file.select(
        "tailnum",
        pl.col("year").cast(pl.Int32).alias("year_built"),
        "type",
        pl.col("manufacturer").replace(ONE_NAME),
        "model",
        pl.col("engines", "seats").cast(pl.Int32),
        pl.col("speed").cast(pl.Int32).alias("cruise_speed_mph"),
        pl.col("engine").alias("engine_type"),
    )
