"""Frozen values of the model <-> JSON values, by their type hints, defaults left out.

Decoding trusts its input: what it reads was written here (see `cache`), and whatever it raises
on anything else is caught there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from pathlib import PurePath
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from mesh_dagster.errors import MeshError

STALE = (LookupError, TypeError, ValueError, AttributeError, MeshError)
"""What decoding raises for JSON that was not written from such a value."""

Translate = Callable[[Any], Any]
_PLAIN = frozenset({str, int, float, bool, type(None)})


def encode(value: Any) -> Any:
    """A value as JSON has it."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (tuple, list):
        return [encode(each) for each in value]
    if kind is dict:
        return {key: encode(each) for key, each in value.items()}
    if issubclass(kind, Enum):
        return value.value
    if issubclass(kind, PurePath):
        return str(value)
    return value.isoformat() if kind in (datetime, date) else _encode_fields(value, kind)


def _encode_fields(value: Any, kind: type) -> dict[str, Any]:
    encoded = {}
    for name, default in _defaults(kind):
        each = getattr(value, name)
        if each is not default and each != default:
            encoded[name] = each if type(each) in _PLAIN else encode(each)
    return encoded


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    result = []
    for each in fields(kind):
        made = each.default_factory() if each.default_factory is not MISSING else each.default
        result.append((each.name, made))
    return tuple(result)


def decode(kind: type, value: Any) -> Any:
    """A value of a type from what `encode` made of it. Raises one of `STALE` for another."""
    translate = decoder(kind)
    return translate(value) if translate else value


@cache
def decoder(hint: Any) -> Translate | None:
    """What turns a JSON value into one of a type; None where it is the same value."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _optional(arguments)
    if origin is tuple:
        return _tuple(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(decoder(arguments[1]))
    return _class(hint) if isinstance(hint, type) else None


def _class(kind: type) -> Translate | None:
    if issubclass(kind, Enum):
        return kind._value2member_map_.__getitem__
    if issubclass(kind, date):
        return kind.fromisoformat  # a datetime is a date
    if issubclass(kind, PurePath):
        return kind
    return _dataclass(kind) if is_dataclass(kind) else None


def _optional(arguments: tuple[Any, ...]) -> Translate | None:
    found = [decoder(each) for each in arguments if each is not type(None)]
    if len(found) != 1 or found[0] is None:
        return None
    inner = found[0]
    return lambda value: None if value is None else inner(value)


def _tuple(arguments: tuple[Any, ...]) -> Translate:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        inner = _Late(arguments[0])
        return inner.all
    each = [decoder(argument) or (lambda value: value) for argument in arguments]
    return lambda values: tuple(read(value) for read, value in zip(each, values, strict=True))


def _mapping(inner: Translate | None) -> Translate | None:
    if inner is None:
        return None
    return lambda values: {key: inner(value) for key, value in values.items()}


class _Late:
    """A decoder looked up at its first use, because types contain themselves."""

    def __init__(self, hint: Any) -> None:
        self.hint = hint
        self.known = False
        self.found: Translate | None = None

    def get(self) -> Translate | None:
        if not self.known:
            self.found, self.known = decoder(self.hint), True
        return self.found

    def all(self, values: list[Any]) -> tuple[Any, ...]:
        inner = self.get()
        return tuple(values) if inner is None else tuple([inner(value) for value in values])


def _dataclass(kind: type) -> Translate:
    nested: list[tuple[str, Translate]] | None = None

    def read(value: dict[str, Any]) -> Any:
        nonlocal nested
        if nested is None:
            hints = get_type_hints(kind)
            known = ((each.name, decoder(hints[each.name])) for each in fields(kind))
            nested = [(name, inner) for name, inner in known if inner is not None]
        stated = {**value}
        for name, inner in nested:
            if name in stated:
                stated[name] = inner(stated[name])
        return kind(**stated)

    return read
