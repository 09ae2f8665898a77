"""The values of a result in Python's types, also those for which Python has none.

DuckDB has days before the year 1 and after 9999, and `infinity`; Python's calendar has not. They
become text: `infinity`, or ISO 8601 with a sign before the year (`+290000-01-01`, `-0043-03-15`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_ENDLESS = {
    "date32": 2**31 - 1,
    "timestamp": 2**63 - 1,
}
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400
"""After so many days the Gregorian calendar begins anew."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (the zone is said, or there is none)
_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_A_DAY = 86_400
_LAST_YEAR = 9999
_OUTSIDE = (OverflowError, ValueError)


def values_of(column: pa.Array) -> list[Any]:
    """The values of a column in Python's types; a moment that has none is text."""
    try:
        return list(column.to_pylist())
    except _OUTSIDE:
        return [_value(each) for each in column]


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except _OUTSIDE:
        return _outside(scalar)


def _outside(scalar: Any) -> Any:
    import pyarrow as pa

    type_ = scalar.type
    if pa.types.is_map(type_):
        return [(_value(each["key"]), _value(each["value"])) for each in scalar.values]
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or _is_fixed(type_):
        return [_value(each) for each in scalar.values]
    if pa.types.is_struct(type_):
        return {name: _value(scalar[at]) for at, name in enumerate(type_.names)}
    if pa.types.is_date32(type_):
        return _moment(scalar.value, "date32", 1, _A_DAY)
    if pa.types.is_timestamp(type_):
        return _moment(scalar.value, "timestamp", _A_SECOND[type_.unit], 1, type_.tz)
    return _value(scalar.value) if hasattr(scalar.value, "as_py") else str(scalar.value)


def _is_fixed(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_fixed_size_list(type_))


def _moment(value: int, kind: str, a_second: int, seconds: int, zone: str | None = None) -> str:
    """A moment beyond the years 1 to 9999, of which `value` counts units since 1970."""
    if abs(value) == _ENDLESS[kind]:
        return "infinity" if value > 0 else "-infinity"
    whole, part = divmod(value * seconds, a_second)
    days, rest = divmod(whole, _A_DAY)
    cycles, days = divmod(days, _CYCLE_DAYS)
    near = _EPOCH + timedelta(days=days, seconds=rest, microseconds=part * 10**6 // a_second)
    year = near.year + cycles * _CYCLE_YEARS
    said = near.date() if kind == "date32" else near
    text = said.isoformat()[4:] + ("Z" if zone else "")
    sign = "-" if year < 0 else "" if 0 < year <= _LAST_YEAR else "+"
    return f"{sign}{abs(year):04}{text}"
