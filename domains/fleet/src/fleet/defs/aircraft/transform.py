"""The aircraft registry, in words and units that say what they are."""

from __future__ import annotations

import polars as pl


def transform(planes_file: pl.LazyFrame) -> pl.LazyFrame:
    return planes_file.select(
        "tailnum",
        pl.col("year").cast(pl.Int32).alias("year_built"),
        "type",
        "manufacturer",
        "model",
        pl.col("engines", "seats").cast(pl.Int32),
        pl.col("speed").cast(pl.Int32).alias("cruise_speed_mph"),
        pl.col("engine").alias("engine_type"),
    )
