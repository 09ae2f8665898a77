"""A rule's values as values of the type that is there, so that every engine compares exactly.

A contract that leaves the exact type open has its values in the type it means; the data may have
another of the family: whole numbers, a moment without a zone, a decimal instead of a float. What
the type cannot hold is the nearest end that it can, and equals nothing.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw

_UTC = ("UTC", "Etc/UTC", "Z", "+00:00", "GMT")
_LAST_SINGLE = 3.4028234663852886e38
_LAST_DECIMAL = 10**38 - 1
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_IN_NS = datetime(1677, 9, 21, 0, 12, 43, 145225)  # noqa: DTZ001 - of any zone
_LAST_IN_NS = datetime(2262, 4, 11, 23, 47, 16, 854775)  # noqa: DTZ001
"""64 bits hold no other nanoseconds; Python's moments know no part of a microsecond."""


def end_in(value: Any, dtype: nw.dtypes.DType, *, up: bool) -> Any:
    """The end of a range as a value of the type: where it has no such value the next one `up`."""
    match value:
        case float() | Decimal() if dtype.is_integer():
            return math.ceil(value) if up else math.floor(value)
        case int() | Decimal() if dtype.is_float():
            return end_in(float(value), dtype, up=up)
        case float() if isinstance(dtype, nw.Float32):
            return _single(value, up=up)
        case int() | float() | Decimal() if isinstance(dtype, nw.Decimal):
            return _decimal(value, dtype.scale or 0, up=up)
        case date() if isinstance(dtype, nw.Datetime):
            return _literal(_rounded(_moment(value, dtype), dtype, up=up), dtype)
    return value


def values_in(values: Iterable[Any], dtype: nw.dtypes.DType) -> list[Any]:
    """Those of the values that the type has, as values of it."""
    found = []
    for value in values:
        if isinstance(value, date) and isinstance(dtype, nw.Datetime):
            moment = _moment(value, dtype)
            held = [moment] if _rounded(moment, dtype, up=True) == moment else []
        else:
            held = list(dict.fromkeys(end_in(value, dtype, up=up) for up in (True, False)))
        found.extend(held if len(held) == 1 else [])
    return [value for value in found if _fits(value, dtype)]


def _fits(value: Any, dtype: nw.dtypes.DType) -> bool:
    """Whether a whole number is one of the type's: engines make a list of one type of all."""
    if not dtype.is_integer():
        return True
    bits = int(str(dtype).lower().lstrip("uint"))
    if dtype.is_unsigned_integer():
        return bool(0 <= value < 2**bits)
    return bool(-(2 ** (bits - 1)) <= value < 2 ** (bits - 1))


def _moment(value: date, dtype: nw.Datetime) -> datetime:
    """In the zone of the column: Polars compares moments of one zone only."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001
    if dtype.time_zone is None:
        return value.replace(tzinfo=None)
    zone = UTC if dtype.time_zone in _UTC else ZoneInfo(dtype.time_zone)
    try:
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(zone)
    except OverflowError:  # within a day of the first moment that Python knows, or of the last
        return value.replace(tzinfo=zone)


def _rounded(moment: datetime, dtype: nw.Datetime, *, up: bool) -> datetime:
    if dtype.time_unit == "ms":
        finer = timedelta(microseconds=moment.microsecond % 1000)
        return moment + (_MILLISECOND - finer) if finer and up else moment - finer
    if dtype.time_unit == "ns":
        first, last = (each.replace(tzinfo=UTC) for each in (_FIRST_IN_NS, _LAST_IN_NS))
        known = min(max(moment.replace(tzinfo=moment.tzinfo or UTC), first), last)
        return known.astimezone(moment.tzinfo) if moment.tzinfo else known.replace(tzinfo=None)
    return moment


def _literal(moment: datetime, dtype: nw.Datetime) -> Any:
    """Polars would cut a column of nanoseconds to the microseconds of what it is held against."""
    return nw.lit(moment, dtype=dtype) if dtype.time_unit == "ns" else moment


def _single(value: float, *, up: bool) -> float:
    """What 0.1 is in a column of single precision: engines compare in double."""
    try:
        (nearest,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        return float(_beyond(Decimal(_LAST_SINGLE), value > 0, up=up))
    return float(nearest)


def _decimal(value: int | float | Decimal, scale: int, *, up: bool) -> Any:
    """With the digits of the column: engines run out of theirs when they compare two scales."""
    if not math.isfinite(value):
        return value
    steps = Fraction(str(value)) * 10**scale
    whole = math.ceil(steps) if up else math.floor(steps)
    if abs(whole) > _LAST_DECIMAL:
        return _beyond(Decimal(f"{_LAST_DECIMAL}E-{scale}"), whole > 0, up=up)
    return Decimal(f"{whole}E-{scale}")


def _beyond(last: Any, above: bool, *, up: bool) -> Any:
    """The next end for one beyond the last value of a type, or below the first."""
    if above == up:
        return math.inf if up else -math.inf
    return last if above else last.copy_negate()


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
