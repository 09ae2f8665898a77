"""JSON's values as values of a type. JSON has types of its own: `"1"` is no number in it."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import sys
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from mesh_dagster import clock
from mesh_dagster.contracts.files.moments import DATE, MOMENT, TIME
from mesh_dagster.model.types import ColumnType, Kind

Read = Callable[[Any], Any]

_GREATEST_FLOAT = float.fromhex("0x1.fffffep+127")
_RANGES = {Kind.INT: 1 << 31, Kind.LONG: 1 << 63}
MOMENTS = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})


class NoSuchValueError(ValueError):
    """The value is none of the type."""


def reader(type_: ColumnType | None) -> Read:
    """What makes a value of a type of one of JSON's. It raises `NoSuchValueError`.

    None is passed over by who calls it, save in lists, objects and maps. Without a type what
    is no text becomes its JSON.
    """
    if type_ is None:
        return as_text
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
    """A text as it is, or nearly where it holds halves of characters; anything else as JSON."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
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


def _float(most: float) -> Read:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise NoSuchValueError
        try:
            number = float(value)
        except OverflowError:
            raise NoSuchValueError from None
        if not abs(number) <= most:
            raise NoSuchValueError
        return number

    return read


def decimal_pattern(type_: ColumnType) -> str:
    """Texts that a decimal holds as they are: one digit more would be rounded away."""
    scale = type_.scale or 0
    some = rf"[0-9]{{1,{scale}}}0*" if scale else "0+"
    return rf"^[+-]?(?:[0-9]+(?:\.(?:{some})?)?|\.{some})$"


def _decimal(type_: ColumnType) -> Read:
    """Exact numbers are often written as texts, since JSON's readers make doubles of them."""
    scale, digits = type_.scale or 0, (type_.precision or 38) - (type_.scale or 0)
    unit, end = Decimal(1).scaleb(-scale), Decimal(10) ** digits
    fits = re.compile(decimal_pattern(type_)).fullmatch

    def read(value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
            raise NoSuchValueError
        if isinstance(value, str) and not fits(value):
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


def _made(pattern: str, make: Read) -> Read:
    """Moments of ISO 8601: of texts that are written so, those that Python can make one of."""
    fits = re.compile(pattern).fullmatch

    def read(value: Any) -> Any:
        if isinstance(value, str) and fits(value):
            try:
                return make(value.upper())
            except (ValueError, OverflowError):
                pass
        raise NoSuchValueError

    return read


def _utc(text: str) -> datetime:
    return clock.in_utc(datetime.fromisoformat(text))


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
    Kind.FLOAT: _float(_GREATEST_FLOAT),
    Kind.DOUBLE: _float(sys.float_info.max),
    Kind.BINARY: _binary,
    Kind.DATE: _made(DATE, date.fromisoformat),
    Kind.TIME: _made(TIME, time.fromisoformat),
    Kind.TIMESTAMP: _made(MOMENT, lambda text: _utc(text).replace(tzinfo=None)),
    Kind.TIMESTAMPTZ: _made(MOMENT, _utc),
}
