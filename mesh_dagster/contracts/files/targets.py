"""As which type the texts of a column are read: the contract's, as far as it says one."""

from __future__ import annotations

from mesh_dagster.descriptors import types
from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.contract import Property
from mesh_dagster.model.types import ColumnType, Kind

_VAGUE_DECIMALS = {"decimal", "numeric", "dec", "number", "bigdecimal", "bignumeric"}


def target(column: Property) -> ColumnType | None:
    """The type of a column of a text format; None where the contract names none.

    What a contract leaves open about a part of it, such as the precision of a decimal, is open
    in its texts too: such a number is read as a double, a field without a type as a text.
    """
    if column.type is not None:
        return column.type
    physical = (column.physical_type or "").strip().lower()
    logical = column.logical_type
    if logical == "object" or physical in ("struct", "record", "row", "object"):
        return _struct(column) if column.properties else None
    if logical == "array" or physical in types.LISTS:
        return _list(column)
    if logical == "map" or physical == "map":
        return _map(column)
    if is_vague_decimal(column) or logical == "number":
        return stated_decimal(column) or ColumnType(Kind.DOUBLE)
    return types.logical(logical or "", {})


def _list(column: Property) -> ColumnType | None:
    item = target(column.items) if column.items else None
    return ColumnType(Kind.LIST, item=item) if item else None


def _struct(column: Property) -> ColumnType:
    fields = tuple(
        (each.column, target(each) or ColumnType(Kind.STRING)) for each in column.properties
    )
    return ColumnType(Kind.STRUCT, fields=fields)


def _map(column: Property) -> ColumnType | None:
    if column.key is None or column.value is None:
        return None
    key, value = target(column.key), target(column.value)
    if key is None or value is None:
        return None
    return ColumnType(Kind.MAP, key=key, item=value)


def is_vague_decimal(column: Property) -> bool:
    """Whether its physicalType is a decimal without precision and scale."""
    return (column.physical_type or "").strip().lower() in _VAGUE_DECIMALS


def stated_decimal(column: Property) -> ColumnType | None:
    """The precision and scale that contracts converted from older standards keep aside."""
    precision = str(kept_value(column.rest, "precision") or "")
    scale = str(kept_value(column.rest, "scale") or "0")
    if not (precision.isdecimal() and scale.isdecimal() and len(precision + scale) <= 4):
        return None
    if not 1 <= int(precision) <= 38 or int(scale) > int(precision):
        return None
    return ColumnType(Kind.DECIMAL, precision=int(precision), scale=int(scale))
