"""Whether a type that changed still reads as the old one did.

Widened is what Parquet and Iceberg readers take in their stride: int to long, float to double,
a decimal of more digits at the same scale, fields added to a struct.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mesh_dagster.contracts.evolution.change import What
from mesh_dagster.model.contract import Property
from mesh_dagster.model.types import ColumnType, Kind

_WIDER = {(Kind.INT, Kind.LONG), (Kind.FLOAT, Kind.DOUBLE)}


def type_change(old: Property, new: Property) -> What | None:
    """How the stored type of a column changed; None where it did not."""
    if old.type is None and new.type is None:
        return None if _words(old) == _words(new) else What.TYPE_CHANGED
    if old.type is None:
        return What.TYPE_STATED
    if new.type is None:
        return What.TYPE_WITHDRAWN
    if old.type != new.type:
        return of_types(old.type, new.type)
    return None if _words(old) == _words(new) else What.RESPELLED


def _words(column: Property) -> tuple[str | None, str | None]:
    return (column.physical_type, column.logical_type)


def of_types(old: ColumnType, new: ColumnType) -> What | None:
    """How one type became another; None where they are the same."""
    if old == new:
        return None
    if old.kind is not new.kind:
        return _of_kinds(old.kind, new.kind)
    match old.kind:
        case Kind.DECIMAL:
            return _of_decimals(old, new)
        case Kind.LIST | Kind.MAP:
            return _joined([_inner(old.key, new.key), _inner(old.item, new.item)])
        case Kind.STRUCT:
            return _joined(_of_fields(dict(old.fields), dict(new.fields)))
    return What.TYPE_CHANGED


def _of_kinds(old: Kind, new: Kind) -> What:
    if (old, new) in _WIDER:
        return What.TYPE_WIDENED
    return What.TYPE_NARROWED if (new, old) in _WIDER else What.TYPE_CHANGED


def _of_decimals(old: ColumnType, new: ColumnType) -> What:
    if old.scale != new.scale or old.precision is None or new.precision is None:
        return What.TYPE_CHANGED
    return What.TYPE_WIDENED if new.precision > old.precision else What.TYPE_NARROWED


def _inner(old: ColumnType | None, new: ColumnType | None) -> What | None:
    if old is None or new is None:
        return None if old is new else What.TYPE_CHANGED
    return of_types(old, new)


def _of_fields(old: dict[str, ColumnType], new: dict[str, ColumnType]) -> Iterator[What | None]:
    if set(new) - set(old):
        yield What.TYPE_WIDENED
    if set(old) - set(new):
        yield What.TYPE_NARROWED
    yield from (of_types(old[name], new[name]) for name in old if name in new)


def _joined(parts: Iterable[What | None]) -> What | None:
    found = {each for each in parts if each is not None}
    if len(found) > 1:
        return What.TYPE_CHANGED
    return found.pop() if found else None
