"""The time zones of columns: days, hours and ages are told in UTC."""

from __future__ import annotations

import narwhals as nw

_UTC = ("UTC", "Etc/UTC")


def moments_in_utc(column: nw.Expr, dtype: nw.Datetime) -> nw.Expr:
    """A column's moments in UTC; those without a zone as they are."""
    if dtype.time_zone is None or dtype.time_zone in _UTC:
        return column
    return column.dt.convert_time_zone("UTC")
