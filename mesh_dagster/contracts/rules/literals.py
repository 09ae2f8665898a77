"""The contract's texts and numbers as values of the column's own type.

YAML knows fewer types than a table: a date comes as text, a decimal as a float. A value that
cannot be one of the column's is refused here, before any data is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mesh_dagster import clock
from mesh_dagster.contracts.rules.grammar import a_value
from mesh_dagster.model.contract import Property
from mesh_dagster.model.types import Kind

_LOGICAL = {
    "string": Kind.STRING,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "integer": Kind.LONG,
    "number": Kind.DOUBLE,
    "boolean": Kind.BOOLEAN,
}


def kind_of(column: Property) -> Kind | None:
    """What a column holds, as far as its contract says."""
    return column.type.kind if column.type else _LOGICAL.get(column.logical_type or "")


_FARTHEST = 400
"""Powers of ten: `1e999999999` is a short text, and an integer that fills the memory."""


def value_of(given: Any, kind: Kind | None) -> Any:
    """A value of YAML as one that can be compared with a column's.

    Raises `ValueError` saying both when it cannot.
    """
    if kind is None:
        return given
    try:
        return _CONVERT[kind](given)
    except (KeyError, ValueError, TypeError, InvalidOperation, OverflowError):
        raise ValueError(f"{given!r} is not {a_value(kind)}") from None


def value_in_zone(given: Any, kind: Kind | None, zone: Any) -> Any:
    """As `value_of`; a moment is told in defaultTimezone, that of data which has no zone."""
    value = value_of(given, kind)
    if zone is None or kind is not Kind.TIMESTAMPTZ:
        return value
    moment = _moment(given)
    try:
        told = ZoneInfo(zone)
        return moment.astimezone(told) if moment.tzinfo else moment.replace(tzinfo=told)
    except OverflowError:
        return value
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise ValueError(f"{zone!r} is no time zone") from None


def values_of(given: Iterable[Any], kind: Kind | None, zone: Any = None) -> tuple[Any, ...]:
    """Several values, each of them one that the column can hold, without the nulls among them.

    Moments are told in a zone as by `value_in_zone`. Raises `ValueError` as it does; half a thing
    can bound whole numbers and be none.
    """
    found = tuple(value_in_zone(each, kind, zone) for each in given if each is not None)
    if kind in (Kind.INT, Kind.LONG) and (halves := [n for n in found if isinstance(n, float)]):
        raise ValueError(f"{halves[0]!r} is not {a_value(kind)}")
    return found


def possible_values(given: Iterable[Any], kind: Kind | None) -> tuple[Any, ...]:
    """Those that a column of the kind can hold; '' is in no column of numbers."""
    found: list[Any] = []
    for each in given:
        try:
            found.extend(values_of([each], kind))
        except ValueError:
            continue
    return tuple(found)


def _text(given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise ValueError(given)
    return str(given)


def _boolean(given: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError(given)
    return given


def _decimal(given: Any) -> Decimal:
    if isinstance(given, bool):
        raise ValueError(given)
    number = given if isinstance(given, Decimal) else Decimal(str(given))
    if not number.is_finite() or abs(number.adjusted()) > _FARTHEST:
        raise ValueError(given)
    return number


def _whole(given: Any) -> int | float:
    number = _decimal(given)
    return int(number) if number == number.to_integral_value() else float(number)


def _double(given: Any) -> float | int:
    """A whole number stays one where a double would be another: the column may hold integers."""
    number = _decimal(given)
    nearest = float(number)
    whole = math.isfinite(nearest) and number == number.to_integral_value()
    return int(number) if whole and nearest != number else nearest


def _date(given: Any) -> date:
    if isinstance(given, datetime):
        raise ValueError(given)
    return given if isinstance(given, date) else date.fromisoformat(given)


def _time(given: Any) -> time:
    return given if isinstance(given, time) else time.fromisoformat(given)


def _moment(given: Any) -> datetime:
    if isinstance(given, date) and not isinstance(given, datetime):
        return datetime(given.year, given.month, given.day)  # noqa: DTZ001 - see its callers
    return given if isinstance(given, datetime) else datetime.fromisoformat(given)


def _local(given: Any) -> datetime:
    moment = _moment(given)
    if moment.tzinfo is not None:
        raise ValueError(given)
    return moment


def _zoned(given: Any) -> datetime:
    """A moment without a zone is in UTC, as ODCS's defaultTimezone says."""
    return clock.in_utc(_moment(given))


_CONVERT: dict[Kind, Callable[[Any], Any]] = {
    Kind.STRING: _text,
    Kind.BOOLEAN: _boolean,
    Kind.INT: _whole,
    Kind.LONG: _whole,
    Kind.FLOAT: _double,
    Kind.DOUBLE: _double,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _local,
    Kind.TIMESTAMPTZ: _zoned,
}
