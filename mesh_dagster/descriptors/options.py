"""logicalTypeOptions: which ones a logicalType has, and what each of them takes.

Told when a contract is read, with the line, and not by the first audit that trips over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from mesh_dagster.descriptors.patterns import check_pattern
from mesh_dagster.descriptors.source import Map, Seq, Source, shown
from mesh_dagster.descriptors.suggest import did_you_mean, nearest

_Fits = Callable[[Any], bool]
_ENDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_PAIRS = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)
_INTEGERS = ("i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "u128")
_ELEMENTS = ("bfloat16", "binary", "float16", "float32", "float64", "int8", "uint8")
_METRICS = ("cosine", "dotProduct", "euclidean", "hamming", "manhattan")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _parses(parse: Callable[[str], object]) -> _Fits:
    def fits(value: Any) -> bool:
        try:
            parse(value)
        except (ValueError, TypeError):
            return False
        return True

    return fits


def _zone(name: str) -> object:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(name) from error


_Option = tuple[str, _Fits] | tuple[str, ...]
"""What it takes in words and a test for it, or the words it may be."""

_COUNT = ("a whole number from 0", _is_count)
_NUMBER = ("a number", _is_number)
_TEXT = ("a text", _is_text)
_FLAG = ("true or false", _is_flag)
_TEXTS = (
    "a list of texts",
    lambda value: _is_list(value) and bool(value) and all(map(_is_text, value)),
)
_POSITIVE = ("a number above 0", lambda value: _is_number(value) and 0 < value < float("inf"))
_DIMENSIONS = ("a whole number from 1", lambda value: _is_count(value) and value > 0)
_MOMENTS: dict[str, tuple[str, _Fits]] = {
    "date": ("a date, like 2013-01-31", _parses(date.fromisoformat)),
    "timestamp": ("a moment, like 2013-01-31T08:00:00Z", _parses(datetime.fromisoformat)),
    "time": ("a time, like 08:00:00", _parses(time.fromisoformat)),
    "moment": (
        "a date, a moment or a time",
        lambda value: any(_MOMENTS[kind][1](value) for kind in ("date", "timestamp", "time")),
    ),
}


def _moment(kind: str) -> dict[str, Any]:
    return {"format": _TEXT, **dict.fromkeys(_ENDS, _MOMENTS[kind])}


_ZONED = {"timezone": _FLAG, "defaultTimezone": ("a time zone, like Europe/Berlin", _parses(_zone))}
_NUMERIC: dict[str, Any] = {"multipleOf": _POSITIVE, **dict.fromkeys(_ENDS, _NUMBER)}
OPTIONS: dict[str, Mapping[str, Any]] = {
    "string": {"minLength": _COUNT, "maxLength": _COUNT, "pattern": _TEXT, "format": _TEXT},
    "date": _moment("date"),
    "timestamp": _moment("timestamp") | _ZONED,
    "time": _moment("time") | _ZONED,
    "integer": {**_NUMERIC, "format": _INTEGERS},
    "number": {**_NUMERIC, "format": ("f32", "f64")},
    "object": {"minProperties": _COUNT, "maxProperties": _COUNT, "required": _TEXTS},
    "array": {"minItems": _COUNT, "maxItems": _COUNT, "uniqueItems": _FLAG},
    "vector": {
        "dimensions": _DIMENSIONS,
        "elementType": _ELEMENTS,
        "distanceMetric": _METRICS,
        "embeddingModel": _TEXT,
        "embeddingModelVersion": _TEXT,
        "normalized": _FLAG,
    },
    "boolean": {},
    "map": {},
}
"""logicalType -> its options, as the standard's schemas have them."""

_ANY: dict[str, Any] = {key: None for options in OPTIONS.values() for key in options}
_FLAGS_ONCE = ("exclusiveMinimum", "exclusiveMaximum")


def check_options(data: Map, source: Source, *, old: bool = False) -> None:
    """Report what is wrong with the logicalTypeOptions of a property, and remove it.

    `old`: ODCS 3.0, where an end is made exclusive by a flag, and a date may be any moment.
    """
    options = data.get("logicalTypeOptions")
    if not isinstance(options, Map):
        if data.get("logicalType") == "vector" and "dimensions" not in (options or ()):
            _report_dimensions(data, source)
        return
    logical = data.get("logicalType")
    known = dict(OPTIONS.get(logical or "", _ANY))
    if old and logical == "date":
        known |= _moment("moment")
    if old:
        known |= {key: _FLAG for key in _FLAGS_ONCE if key in known}
    if physical_text(data) and logical in ("date", "timestamp", "time"):
        known |= dict.fromkeys(_ENDS, _TEXT)
    bad = [key for key in options if not _fits(key, options, known, logical, source)]
    for key in bad:
        del options[key]
    _check_pairs(options, logical, source)
    if logical == "object":
        _check_required(data, options, source)
    if logical == "vector" and "dimensions" not in options and "dimensions" not in bad:
        _report_dimensions(data, source)


def physical_text(data: Mapping[str, Any]) -> bool:
    """Whether a property is stored as a text, whatever it means."""
    from mesh_dagster.descriptors import types
    from mesh_dagster.model.types import Kind

    word = str(data.get("physicalType") or "").partition("(")[0].strip().lower()
    return types.SIMPLE.get(word) is Kind.STRING


def _fits(
    key: str, options: Map, known: Mapping[str, Any], logical: str | None, source: Source
) -> bool:
    line, value = options.line_of(key), options[key]
    if key not in known:
        listed = key == "enum" and _is_list(value)
        if not listed:
            _report_unknown(key, known, logical, line, source)
        return listed
    wanted = known[key]
    if wanted is None or _admits(wanted, value):
        return key != "pattern" or check_pattern(value, line, source)
    closed = not callable(wanted[-1])
    expected = did_you_mean(str(value), wanted) if closed else f", expected {wanted[0]}"
    source.report("MESH-D051", f"`{key}` is {shown(value)}{expected}", line)
    return False


def _admits(wanted: Any, value: Any) -> bool:
    return bool(wanted[-1](value)) if callable(wanted[-1]) else value in wanted


def _report_unknown(
    key: str, known: Mapping[str, Any], logical: str | None, line: int, source: Source
) -> None:
    if source.tolerant:
        return
    of = [name for name, options in OPTIONS.items() if key in options]
    found = nearest(key, known)
    if of and found is None:
        message = f"`{key}` is an option of {' and '.join(of)}, and this is {logical}"
        source.report("MESH-D050", message, line, fix="remove it, or correct `logicalType`")
        return
    message = f"`{key[:100]}` is no option of {logical or 'any type'}{did_you_mean(key, known)}"
    fix = f"write `{found}` for `{key[:100]}`" if found else "remove it"
    source.report("MESH-D050", message, line, fix=fix)


def _check_pairs(options: Map, logical: str | None, source: Source) -> None:
    """A least that is more than the most leaves no value."""
    for least, most in _PAIRS:
        if least not in options or most not in options:
            continue
        low, high = options[least], options[most]
        if type(low) is bool or type(high) is bool or isinstance(low, str) != isinstance(high, str):
            continue
        exclusive = least.startswith("exclusive") or most.startswith("exclusive")
        if low > high or (exclusive and low == high):
            message = f"`{least}` is {shown(low)} and `{most}` is {shown(high)}: no value is left"
            source.report("MESH-D052", message, options.line_of(most))


def _check_required(data: Map, options: Map, source: Source) -> None:
    properties = data.get("properties")
    if not isinstance(properties, Seq):
        return
    names = [each.get("name", "") for each in properties]
    for name in options.get("required", ()):
        if name not in names:
            message = f"`required` names {shown(name)}, which the object does not have"
            hint = did_you_mean(name, names)
            source.report("MESH-D051", message + hint, options.line_of("required"))


def _report_dimensions(data: Map, source: Source) -> None:
    message = "`dimensions` is missing in the logicalTypeOptions of a vector"
    source.report("MESH-D051", message, data.line, fix="dimensions: 384")
