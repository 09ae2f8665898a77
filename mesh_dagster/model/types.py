"""The closed list of column types, in the mesh's own neutral words.

A contract's `physicalType` (or, without one, its `logicalType`) becomes a `ColumnType`;
storage and audit translate it to and from Arrow's, so both compare the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds."""

    BOOLEAN = "boolean"
    INT = "int"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    DECIMAL = "decimal"
    STRING = "string"
    BINARY = "binary"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    """Microseconds without a time zone: local wall time."""
    TIMESTAMPTZ = "timestamptz"
    """Microseconds in UTC."""
    LIST = "list"
    STRUCT = "struct"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type, exactly: `decimal` has precision and scale, `list` one item, `struct` fields.

    `width` and `length` are what a format keeps of it that a port's storage does not: the
    name of a narrower type (`int8`), and how many items all lists of a column have. Types that
    differ in these alone are the same to a port.
    """

    kind: Kind
    precision: int | None = None
    scale: int | None = None
    item: ColumnType | None = None
    key: ColumnType | None = None
    fields: tuple[tuple[str, ColumnType], ...] = ()
    width: str | None = field(default=None, compare=False)
    length: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        match self.kind:
            case Kind.DECIMAL:
                return f"decimal({self.precision},{self.scale})"
            case Kind.LIST:
                return f"list<{self.item}>"
            case Kind.MAP:
                return f"map<{self.key},{self.item}>"
            case Kind.STRUCT:
                return "struct<" + ", ".join(f"{n}: {t}" for n, t in self.fields) + ">"
        return self.kind.value
