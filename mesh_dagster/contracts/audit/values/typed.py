"""A rule's values as values of the type that is there, so that every engine can compare them.

A contract that leaves the exact type open has its values in the type it means; the data may have
another of the family: a moment without a zone, a decimal instead of a float.
"""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw

_UTC = ("UTC", "Etc/UTC", "Z", "+00:00", "GMT")


def as_in(value: Any, dtype: nw.dtypes.DType) -> Any:
    """The value as one of a column of the type; as it is where it needs no change."""
    match value:
        case datetime() if isinstance(dtype, nw.Datetime):
            return _moment(value, dtype.time_zone)
        case date() if isinstance(dtype, nw.Datetime):
            return _moment(datetime(value.year, value.month, value.day), dtype.time_zone)  # noqa: DTZ001
        case float() if isinstance(dtype, nw.Decimal):
            return Decimal(str(value))
        case float() | Decimal() if isinstance(dtype, nw.Float32):
            return _single(float(value))
        case Decimal() if dtype.is_float():
            return float(value)
    return value


def _moment(value: datetime, zone: str | None) -> datetime:
    """In the zone of the column: Polars compares moments of one zone only."""
    if zone is None:
        return value.replace(tzinfo=None)
    kept = UTC if zone in _UTC else ZoneInfo(zone)
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(kept)


def _single(value: float) -> float:
    """What 0.1 is in a column of single precision: engines compare in double."""
    try:
        (nearest,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        return value
    return float(nearest)


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
