"""What a contract calls a type -> the mesh's own closed list, and nothing else.

`physicalType` is exact, in the spelling of SQL, Iceberg, Arrow or DuckDB; where there is none,
`logicalType` and its options say what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mesh_dagster.model.types import ColumnType, Kind

_Inner = TypeVar("_Inner")
_SPELLINGS = {
    Kind.BOOLEAN: "boolean bool logical",
    Kind.INT: "int integer int32 int4 smallint tinyint int16 int2 short byte uint8 uint16"
    " utinyint usmallint mediumint",
    Kind.LONG: "long bigint int64 uint32 uinteger",
    Kind.FLOAT: "float float32 float4 real",
    Kind.DOUBLE: "double float64 float8 double_precision",
    Kind.STRING: "string str text varchar char character utf8 large_string large_utf8 nvarchar"
    " nchar bpchar character_varying varchar2 string_view utf8_view",
    Kind.BINARY: "binary varbinary blob bytes bytea large_binary binary_view",
    Kind.DATE: "date date32",
    Kind.TIME: "time time64 time_without_time_zone",
    Kind.TIMESTAMP: "timestamp datetime timestamp_ntz timestamp_s timestamp_ms timestamp_us"
    " timestamp_ns timestamp_without_time_zone datetime2",
    Kind.TIMESTAMPTZ: "timestamptz timestamp_tz timestamp_ltz timestamp_with_time_zone"
    " timestamp_with_local_time_zone datetimeoffset",
}
SIMPLE = {word: kind for kind, words in _SPELLINGS.items() for word in words.split()}
"""Spelling, in lower case with `_` between words -> kind."""

_NARROW = {
    "int8": "tinyint byte",
    "int16": "smallint int16 int2 short",
    "uint8": "uint8 utinyint",
    "uint16": "uint16 usmallint",
    "uint32": "uint32 uinteger",
    "timestamp_s": "timestamp_s",
    "timestamp_ms": "timestamp_ms",
    "timestamp_us": "timestamp_us",
    "timestamp_ns": "timestamp_ns",
}
_WIDTH = {word: width for width, words in _NARROW.items() for word in words.split()}
"""What a format may keep of a spelling that a port's storage does not."""

_FOREIGN = {
    "uuid": "uuid guid uniqueidentifier",
    "json": "json jsonb",
    "int128": "hugeint int128",
    "uint64": "ubigint uint64",
    "uint128": "uhugeint uint128",
    "float16": "float16 half halffloat",
    "time with time zone": "timetz time_with_time_zone",
    "interval": "interval",
    "bit": "bit bitstring",
    "enum": "enum",
    "variant": "variant",
    "geometry": "geometry geography",
    "xml": "xml",
}
FOREIGN = {word: name for name, words in _FOREIGN.items() for word in words.split()}
"""Types that no port stores, and what a data format that has them calls them."""

LISTS = {"list", "array", "large_list"}
_STRUCTS = {"struct", "row", "record", "object"}
_DECIMALS = {"decimal", "numeric", "dec", "decimal128", "number"}
KNOWN = tuple(sorted([*SIMPLE, *LISTS, *_STRUCTS, *_DECIMALS, "map"]))

_AMBIGUOUS = {
    "int8": "8 bits to Arrow and 64 to SQL; write tinyint or bigint",
}
_LENGTHS = {Kind.STRING, Kind.BINARY}
_MOMENTS = {Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ}
_DEEPEST = 20
_LONGEST = 20_000
_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|\"[^\"]*\"|`[^`]*`|[0-9]+|\[\]|[<>()\[\],:=]|.)")
_WIDTHS = {"i8": "int", "i16": "int", "i32": "int", "u8": "int", "u16": "int"}
_WIDTHS |= {"i64": "long", "u32": "long", "f32": "float", "f64": "double"}

_NARROW_FORMATS = {"i8": "int8", "i16": "int16", "u8": "uint8", "u16": "uint16", "u32": "uint32"}


class UnknownTypeError(ValueError):
    """The text is no type; `word` is the part that is unknown, `why` says more if it can."""

    def __init__(self, word: str, why: str | None = None) -> None:
        super().__init__(why or f"{word!r} is not a type")
        self.word = word
        self.why = why


def parse(text: str) -> ColumnType:
    """The type that a text names, such as `decimal(10,2)` or `list<struct<a: int>>`.

    Raises `UnknownTypeError`.
    """
    if len(text) > _LONGEST:
        raise UnknownTypeError(text[:40], f"is {len(text):,} characters long")
    reader = _Reader(_TOKEN.findall(text.strip()))
    result = reader.type()
    if reader.peek():
        raise UnknownTypeError(text[:40], f"ends before {reader.peek()!r}")
    return result


class _Reader:
    """Recursive descent over the tokens of a type."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if expected and token not in expected:
            raise UnknownTypeError(token, f"has {token or 'its end'!r} where {expected[0]!r} goes")
        self.at += 1
        return token

    def accept(self, token: str) -> bool:
        found = self.peek() == token
        self.at += found
        return found

    def type(self) -> ColumnType:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnknownTypeError("", f"is nested deeper than {_DEEPEST} levels")
        result = self.base()
        while self.peek() in ("[]", "["):
            length = None
            if self.take() == "[":
                length = self.number(longest=5)
                self.take("]")
            result = ColumnType(Kind.LIST, item=result, length=length)
        self.depth -= 1
        return result

    def base(self) -> ColumnType:
        word = self.words()
        if word in LISTS:
            return ColumnType(Kind.LIST, item=self.inside(self.list_item))
        if word == "map":
            return self.inside(self.map_items)
        if word in _STRUCTS:
            return ColumnType(Kind.STRUCT, fields=self.inside(self.struct_fields))
        if word in _DECIMALS:
            return self.decimal(word)
        if word in FOREIGN:
            raise ForeignTypeError(word)
        if word not in SIMPLE:
            raise UnknownTypeError(word, _AMBIGUOUS.get(word))
        kind, unit = self.parameters(SIMPLE[word])
        return ColumnType(kind, width=unit or _WIDTH.get(word))

    def words(self) -> str:
        """`double precision`, `timestamp with time zone`: words that stand together."""
        words = [self.take().lower()]
        while self.peek()[:1].isalpha() and self.peek().isascii():
            words.append(self.take().lower())
        return "_".join(words)

    def parameters(self, kind: Kind) -> tuple[Kind, str | None]:
        """A length, precision or unit, which storage does not keep; a zone decides the kind."""
        unit = None
        opened = self.peek()
        if (opened == "(" and kind in _LENGTHS | _MOMENTS) or (opened == "[" and kind in _MOMENTS):
            inner, closed = [], {"(": ")", "[": "]"}[self.take()]
            while self.peek() not in (closed, ""):
                inner.append(self.take().lower())
            self.take(closed)
            if "tz" in inner and kind is Kind.TIMESTAMP:
                kind = Kind.TIMESTAMPTZ
            if opened == "[" and inner and inner[0] in ("s", "ms", "us", "ns"):
                unit = f"timestamp_{inner[0]}" if kind is not Kind.TIME else None
        if kind in _MOMENTS and self.peek().lower() in ("with", "without"):
            kind = SIMPLE.get(f"{kind.value}_{self.words()}", kind)
        return kind, unit

    def decimal(self, word: str) -> ColumnType:
        if not self.accept("("):
            raise VagueTypeError(word)
        precision = self.number()
        scale = self.number() if self.accept(",") else 0
        self.take(")")
        if not (1 <= precision <= 38 and scale <= precision):
            why = "has a precision from 1 to 38 and a scale up to it"
            raise UnknownTypeError(f"{word}({precision},{scale})", why)
        return ColumnType(Kind.DECIMAL, precision, scale)

    def number(self, longest: int = 3) -> int:
        token = self.take()
        if not token.isdecimal() or len(token) > longest:
            raise UnknownTypeError(token, f"has {token!r} where a number goes")
        return int(token)

    def inside(self, read: Callable[[], _Inner]) -> _Inner:
        if self.peek() not in ("<", "(", "["):
            raise BareTypeError
        closed = {"<": ">", "(": ")", "[": "]"}[self.take()]
        result = read()
        self.take(closed)
        return result

    def list_item(self) -> ColumnType:
        if self.peek() in ("item", "element") and self.tokens[self.at + 1 : self.at + 2] == [":"]:
            self.at += 2
        return self.type()

    def map_items(self) -> ColumnType:
        key = self.type()
        self.take(",")
        return ColumnType(Kind.MAP, key=key, item=self.type())

    def struct_fields(self) -> tuple[tuple[str, ColumnType], ...]:
        fields = []
        while True:
            name = self.take()
            if not (name[:1].isalpha() or name[:1] in '_"`'):
                raise UnknownTypeError(name, f"has {name!r} where a field's name goes")
            self.accept(":")
            fields.append((name.strip('"`'), self.type()))
            if not self.accept(","):
                return tuple(fields)


class VagueTypeError(UnknownTypeError):
    """`decimal` alone, of which every system makes another precision and scale."""

    def __init__(self, word: str) -> None:
        super().__init__(word, "leaves precision and scale open; write them, like decimal(10,2)")


class ForeignTypeError(UnknownTypeError):
    """A type that a data format may have and no port stores: it is compared by its name."""

    def __init__(self, word: str) -> None:
        super().__init__(word, f"{word} is stored by no port; data is held against that name")


class BareTypeError(UnknownTypeError):
    """`array`, `map` or `struct` alone: the contract's own nested properties say the rest."""

    def __init__(self) -> None:
        super().__init__("", "says nothing of what is in it")


def logical(
    name: str,
    options: Mapping[str, Any],
    item: ColumnType | None = None,
    fields: tuple[tuple[str, ColumnType | None], ...] = (),
    pair: tuple[ColumnType | None, ColumnType | None] = (None, None),
) -> ColumnType | None:
    """What is stored for an ODCS logicalType; None where it does not say enough."""
    match name:
        case "string" | "boolean" | "date" | "time":
            return ColumnType(Kind(name))
        case "timestamp":
            local = options.get("timezone") is False
            return ColumnType(Kind.TIMESTAMP if local else Kind.TIMESTAMPTZ)
        case "integer" | "number":
            width = _WIDTHS.get(str(options.get("format", "i64" if name == "integer" else "f64")))
            narrow = _NARROW_FORMATS.get(str(options.get("format")))
            return ColumnType(Kind(width), width=narrow) if width else None
    return _nested(name, options, item, fields, pair)


def _nested(
    name: str,
    options: Mapping[str, Any],
    item: ColumnType | None,
    fields: tuple[tuple[str, ColumnType | None], ...],
    pair: tuple[ColumnType | None, ColumnType | None],
) -> ColumnType | None:
    known = tuple((field, kind) for field, kind in fields if kind)
    if name == "vector":
        return _vector(str(options.get("elementType", "float32")))
    if name == "array" and item:
        return ColumnType(Kind.LIST, item=item)
    if name == "map" and all(pair):
        return ColumnType(Kind.MAP, key=pair[0], item=pair[1])
    if name == "object" and known and len(known) == len(fields):
        return ColumnType(Kind.STRUCT, fields=known)
    return None


def _vector(element: str) -> ColumnType | None:
    kinds = {"float32": Kind.FLOAT, "float64": Kind.DOUBLE, "int8": Kind.INT, "uint8": Kind.INT}
    kind = kinds.get(element)
    width = element if kind is Kind.INT else None
    return ColumnType(Kind.LIST, item=ColumnType(kind, width=width)) if kind else None
