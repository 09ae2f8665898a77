"""The carriers, as they come."""

from __future__ import annotations

import polars as pl


def transform(airlines_file: pl.LazyFrame) -> pl.LazyFrame:
    return airlines_file.select("carrier", "name")
