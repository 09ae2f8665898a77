"""A rule's values as values of the type that is there, so that every engine can compare them.

A contract that leaves the exact type open has its values in the type it means; the data may have
another of the family: a moment without a zone, a decimal instead of a float.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import narwhals as nw


def as_in(value: Any, dtype: nw.dtypes.DType) -> Any:
    """The value as one of a column of the type; as it is where it needs no change."""
    match value:
        case datetime() if isinstance(dtype, nw.Datetime):
            if dtype.time_zone is None:
                return value.replace(tzinfo=None)
            return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
        case date() if isinstance(dtype, nw.Datetime) and not isinstance(value, datetime):
            zone = UTC if dtype.time_zone else None
            return datetime(value.year, value.month, value.day, tzinfo=zone)
        case float() if isinstance(dtype, nw.Decimal):
            return Decimal(str(value))
        case Decimal() if dtype.is_float():
            return float(value)
    return value


def comparable(value: Any, dtype: nw.dtypes.DType) -> bool:
    """Whether an engine can compare them. What narwhals has no word for is left to its engine."""
    fits = True
    if isinstance(dtype, nw.Unknown):
        return fits
    match value:
        case bool():
            fits = isinstance(dtype, nw.Boolean)
        case int() | float() | Decimal():
            fits = dtype.is_numeric()
        case str():
            fits = isinstance(dtype, nw.String)
        case datetime():
            fits = isinstance(dtype, nw.Datetime)
        case date():
            fits = isinstance(dtype, nw.Date | nw.Datetime)
        case time():
            fits = isinstance(dtype, nw.Time)
    return fits
