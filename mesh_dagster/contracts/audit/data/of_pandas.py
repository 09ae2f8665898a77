"""Frames of pandas, in which NaN is what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pandas as pd


def as_polars(data: pd.DataFrame) -> pl.DataFrame:
    """A frame of pandas as the audit reads it: NaN is null, moments are in microseconds."""
    frame = pl.from_pandas(data, nan_to_null=True, include_index=False)
    moments = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    return frame.with_columns(pl.col(moments).dt.cast_time_unit("us"))
