"""The types that a logicalType stands for where no physicalType says which one.

A port stores one type for each; data from elsewhere may have any of the family.
"""

from __future__ import annotations

from mesh_dagster.contracts.audit.data.found import FoundType
from mesh_dagster.model.types import Kind

_FAMILIES: dict[str, tuple[Kind, ...]] = {
    "string": (Kind.STRING,),
    "boolean": (Kind.BOOLEAN,),
    "integer": (Kind.INT, Kind.LONG),
    "number": (Kind.INT, Kind.LONG, Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL),
    "date": (Kind.DATE,),
    "time": (Kind.TIME,),
    "timestamp": (Kind.TIMESTAMP, Kind.TIMESTAMPTZ),
    "decimal": (Kind.DECIMAL,),
    "moment": (Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ),
}
"""`moment` is what ODCS 3.0, which has no timestamps, calls a date; `decimal` leaves its
precision open."""

_OTHERS: dict[str, tuple[str, ...]] = {
    "string": ("uuid", "json", "enum", "categorical"),
    "integer": ("int128", "uint64", "uint128"),
    "number": ("int128", "uint64", "uint128", "float16"),
    "time": ("time with time zone",),
}


def in_family(logical: str, there: FoundType) -> bool:
    """Whether what is there is a type that the logicalType can mean."""
    if there.kind in _FAMILIES.get(logical, ()):
        return True
    if logical == "integer" and there.kind is Kind.DECIMAL:
        return there.scale == 0
    return there.kind is None and there.word.startswith(_OTHERS.get(logical, ("\0",)))
