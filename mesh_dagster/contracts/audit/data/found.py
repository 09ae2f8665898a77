"""The types that are there, of any engine, as trees: what is compared with the contract's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.rules.paths import Into, Step
from mesh_dagster.model.types import ColumnType, Kind

_WIDTHS = {
    "int8": Kind.INT,
    "int16": Kind.INT,
    "uint8": Kind.INT,
    "uint16": Kind.INT,
    "uint32": Kind.LONG,
}
"""Narrower than what a port stores them in."""

_SIMPLE = {
    "boolean": Kind.BOOLEAN,
    "int32": Kind.INT,
    "int64": Kind.LONG,
    "float32": Kind.FLOAT,
    "float64": Kind.DOUBLE,
    "string": Kind.STRING,
    "binary": Kind.BINARY,
    "date": Kind.DATE,
    "time": Kind.TIME,
}
_OF_DUCKDB = {
    "tinyint": "int8",
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "hugeint": "int128",
    "utinyint": "uint8",
    "usmallint": "uint16",
    "uinteger": "uint32",
    "ubigint": "uint64",
    "uhugeint": "uint128",
    "float": "float32",
    "double": "float64",
    "varchar": "string",
    "blob": "binary",
    "time_ns": "time",
}
_MOMENT = re.compile(r"timestamp(tz)?(?:_(s|ms|us|ns))?( with time zone)?")
_UTC = ("UTC", "Etc/UTC", None)


@dataclass(frozen=True, slots=True)
class FoundType:
    """One type: a word for it, and what lies in it.

    `kind` is None where the mesh has no such type. `width` is the word of the format for what
    a port does not tell apart: `int8`, `timestamp_ms`.
    """

    word: str
    kind: Kind | None = None
    width: str | None = None
    precision: int | None = None
    scale: int | None = None
    fields: tuple[tuple[str, FoundType], ...] = ()
    item: FoundType | None = None
    key: FoundType | None = None
    length: int | None = None

    def __str__(self) -> str:
        return self.word

    def inside(self, *steps: Step) -> FoundType | None:
        """The type of what these steps lead to; None where they lead nowhere."""
        if not steps:
            return self
        step, *rest = steps
        if isinstance(step, str):
            part = dict(self.fields).get(step)
        else:
            part = self.key if step is Into.KEY else self.item
        return part.inside(*rest) if part else None

    @property
    def stored(self) -> ColumnType | None:
        """As a port stores it; None where it stores no such thing as it is."""
        if self.kind is None or self.width is not None:
            return None
        return ColumnType(self.kind, self.precision, self.scale)


def found_of(dtype: nw.dtypes.DType) -> FoundType:
    """A type in narwhals' words, which stand for every engine's."""
    match dtype:
        case nw.Decimal():
            return _decimal(dtype.precision, dtype.scale)
        case nw.Datetime():
            return moment(dtype.time_unit, dtype.time_zone)
        case nw.Array():
            return _list(found_of(_instance(dtype.inner)), dtype.shape[0])
        case nw.List():
            return _list(found_of(_instance(dtype.inner)))
        case nw.Struct():
            return _struct([(each.name, found_of(_instance(each.dtype))) for each in dtype.fields])
    return _simple(str(dtype).lower())


def found_in_polars(dtype: Any) -> FoundType:
    """A Polars type, maps included."""
    match dtype:
        case pl.Decimal():
            return _decimal(dtype.precision, dtype.scale)
        case pl.Datetime():
            return moment(dtype.time_unit, dtype.time_zone)
        case pl.Array() | pl.List() | pl.Map() | pl.Struct():
            return _nested_in_polars(dtype)
    return _simple(str(dtype).lower())


def _nested_in_polars(dtype: Any) -> FoundType:
    match dtype:
        case pl.Map():
            return _map(found_in_polars(dtype.key), found_in_polars(dtype.value))
        case pl.Struct():
            return _struct([(each.name, found_in_polars(each.dtype)) for each in dtype.fields])
    length = dtype.size if isinstance(dtype, pl.Array) else None
    return _list(found_in_polars(dtype.inner), length)


def found_in_duckdb(dtype: Any) -> FoundType:
    """A DuckDB type. A column of JSON has its own name and a text's identity."""
    told = str(dtype).lower()
    if dtype.id in ("list", "array", "map", "struct", "decimal"):
        return _nested_in_duckdb(dtype)
    if dtype.id == "varchar" and told == "json":
        return FoundType("json")
    if matched := _MOMENT.fullmatch(told):
        return moment(matched[2] or "us", "UTC" if matched[1] or matched[3] else None)
    return _simple(_OF_DUCKDB.get(told, told).strip('"'))


_OF_SPARK = {
    "byte": "int8",
    "short": "int16",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "varchar": "string",
    "char": "string",
}


def found_in_spark(dtype: Any) -> FoundType:
    """A Spark type. Its timestamps are moments, in microseconds, whatever its session shows."""
    told = dtype.typeName()
    match told:
        case "array":
            return _list(found_in_spark(dtype.elementType))
        case "map":
            return _map(found_in_spark(dtype.keyType), found_in_spark(dtype.valueType))
        case "struct":
            return _struct([(each.name, found_in_spark(each.dataType)) for each in dtype.fields])
        case "decimal":
            return _decimal(dtype.precision, dtype.scale)
        case "timestamp" | "timestamp_ntz":
            return moment("us", "UTC" if told == "timestamp" else None)
    return _simple(_OF_SPARK.get(told, told))


def _nested_in_duckdb(dtype: Any) -> FoundType:
    children = dict(dtype.children)
    match dtype.id:
        case "map":
            return _map(found_in_duckdb(children["key"]), found_in_duckdb(children["value"]))
        case "struct":
            return _struct([(name, found_in_duckdb(child)) for name, child in dtype.children])
        case "decimal":
            return _decimal(*(size for _, size in dtype.children))
    return _list(found_in_duckdb(children["child"]), children.get("size"))


def moment(unit: str, zone: str | None) -> FoundType:
    """A timestamp. A port's are in microseconds, without a zone or in UTC."""
    kind = Kind.TIMESTAMPTZ if zone else Kind.TIMESTAMP
    if unit == "us" and zone in _UTC:
        return FoundType(kind.value, kind)
    told = f"timestamp[{unit}, {zone}]" if zone else f"timestamp[{unit}]"
    return FoundType(told, kind, width=told if unit == "us" else f"timestamp_{unit}")


def _simple(word: str) -> FoundType:
    if word in _SIMPLE:
        return FoundType(_SIMPLE[word].value, _SIMPLE[word])
    return FoundType(word, _WIDTHS.get(word), width=word)


def _decimal(precision: int | None, scale: int | None) -> FoundType:
    word = f"decimal({precision},{scale})"
    return FoundType(word, Kind.DECIMAL, precision=precision, scale=scale)


def _list(item: FoundType, length: int | None = None) -> FoundType:
    return FoundType(f"list<{item}>", Kind.LIST, item=item, length=length)


def _map(key: FoundType, value: FoundType) -> FoundType:
    return FoundType(f"map<{key},{value}>", Kind.MAP, key=key, item=value)


def _struct(fields: list[tuple[str, FoundType]]) -> FoundType:
    told = ", ".join(f"{name}: {kind}" for name, kind in fields)
    return FoundType(f"struct<{told}>", Kind.STRUCT, fields=tuple(fields))


def _instance(dtype: nw.dtypes.DType | type[nw.dtypes.DType]) -> nw.dtypes.DType:
    return dtype() if isinstance(dtype, type) else dtype
