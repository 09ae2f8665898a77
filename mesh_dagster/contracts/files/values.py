"""JSON's values as values of a type. JSON has types of its own: `"1"` is no number in it."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from mesh_dagster import clock
from mesh_dagster.contracts.files.moments import strptime_format
from mesh_dagster.model.types import ColumnType, Kind

Read = Callable[[Any], Any]

_RANGES = {Kind.INT: 1 << 31, Kind.LONG: 1 << 63}
_MOMENTS = {Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?"
    r"(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)?)?"
)
_USUAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z?$", re.ASCII)
"""What `datetime` reads by itself, and fast."""

_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?")


class NoSuchValueError(ValueError):
    """The value is none of the type."""


def reader(type_: ColumnType | None, pattern: str | None = None) -> Read:
    """What makes a value of a type of one of JSON's. It raises `NoSuchValueError`.

    None is passed over by who calls it, save in lists, objects and maps. Without a type what
    is no text becomes its JSON. Raises `PatternError` for a format that cannot be read.
    """
    if type_ is None:
        return as_text
    format_ = strptime_format(pattern) if pattern and type_.kind in _MOMENTS else None
    if format_:
        return _formatted(type_.kind, format_)
    match type_.kind:
        case Kind.LIST:
            read = _list(reader(type_.item))
        case Kind.STRUCT:
            read = _struct({name: reader(kind) for name, kind in type_.fields})
        case Kind.MAP:
            read = _map(reader(type_.key), reader(type_.item))
        case Kind.DECIMAL:
            read = _decimal(type_)
        case Kind.INT | Kind.LONG:
            read = _whole(_RANGES[type_.kind])
        case kind:
            read = _SIMPLE[kind]
    return read


def as_text(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, default=_number, ensure_ascii=False)


def _number(value: Any) -> Any:
    return float(value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise NoSuchValueError
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NoSuchValueError from None
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise NoSuchValueError
    return value


def _whole(end: int) -> Read:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise NoSuchValueError
        if not isinstance(value, int):
            if not math.isfinite(value) or value != int(value):
                raise NoSuchValueError
            value = int(value)
        number: int = value
        if not -end <= number < end:
            raise NoSuchValueError
        return number

    return read


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NoSuchValueError
    try:
        return float(value)
    except OverflowError:
        raise NoSuchValueError from None


def _decimal(type_: ColumnType) -> Read:
    """Exact numbers are often written as texts, since JSON's readers make doubles of them."""
    scale, digits = type_.scale or 0, (type_.precision or 38) - (type_.scale or 0)
    unit, end = Decimal(1).scaleb(-scale), Decimal(10) ** digits

    def read(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            raise NoSuchValueError
        try:
            number = Decimal(str(value))
            if not number.is_finite() or abs(number) >= end:
                raise NoSuchValueError
            fitting = number.quantize(unit)
        except InvalidOperation:
            raise NoSuchValueError from None
        if fitting != number:
            raise NoSuchValueError
        return fitting

    return read


def _binary(value: Any) -> bytes:
    try:
        return base64.b64decode(_string(value), validate=True)
    except binascii.Error:
        raise NoSuchValueError from None


def _date(value: Any) -> date:
    try:
        if len(_string(value)) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise NoSuchValueError


def _time(value: Any) -> time:
    if not _TIME.fullmatch(_string(value)):
        raise NoSuchValueError
    try:
        return time.fromisoformat(value[:15])
    except ValueError:
        raise NoSuchValueError from None


def _zoned(value: Any) -> datetime:
    if isinstance(value, str) and _USUAL.match(value):
        with suppress(ValueError):
            return clock.in_utc(datetime.fromisoformat(value))
    found = _MOMENT.fullmatch(_string(value))
    if found is None:
        raise NoSuchValueError
    day, hour, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{(hour or '00:00')[:15]}").replace(tzinfo=UTC)
        return moment - _shift(zone)
    except (ValueError, OverflowError):
        raise NoSuchValueError from None


def _shift(zone: str | None) -> timedelta:
    if zone is None or zone[0] not in "+-":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    shift = timedelta(hours=hours, minutes=minutes)
    return shift if zone[0] == "+" else -shift


def _local(value: Any) -> datetime:
    return _zoned(value).replace(tzinfo=None)


def _formatted(kind: Kind, format_: str) -> Read:
    """Moments in the contract's own format, as Polars reads them in a CSV."""
    plain = re.sub(r"%[369]?f", "%f", format_).replace("%:z", "%z").replace("%#z", "%z")

    def read(value: Any) -> Any:
        try:
            moment = datetime.strptime(_string(value), plain)  # noqa: DTZ007 (it says its own)
        except ValueError:
            raise NoSuchValueError from None
        utc = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        match kind:
            case Kind.DATE:
                return moment.date()
            case Kind.TIME:
                return moment.time()
            case Kind.TIMESTAMP:
                return utc.replace(tzinfo=None)
        return utc

    return read


def _list(item: Read) -> Read:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise NoSuchValueError
        return [None if each is None else item(each) for each in value]

    return read


def _struct(fields: dict[str, Read]) -> Read:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise NoSuchValueError
        return {
            name: None if (inner := value.get(name)) is None else convert(inner)
            for name, convert in fields.items()
        }

    return read


def _map(key: Read, item: Read) -> Read:
    def read(value: Any) -> list[tuple[Any, Any]]:
        if not isinstance(value, dict):
            raise NoSuchValueError
        return [(key(k), None if each is None else item(each)) for k, each in value.items()]

    return read


_SIMPLE: dict[Kind, Read] = {
    Kind.STRING: _string,
    Kind.BOOLEAN: _boolean,
    Kind.FLOAT: _float,
    Kind.DOUBLE: _float,
    Kind.BINARY: _binary,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _local,
    Kind.TIMESTAMPTZ: _zoned,
}
