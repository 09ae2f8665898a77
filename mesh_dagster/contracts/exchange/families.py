"""Types of data that the mesh has no exact word for, and the family that each is of."""

from __future__ import annotations

from typing import Any

import polars as pl

from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.types import type_from_polars


def family_of(dtype: Any) -> ColumnType | None:
    """What a contract can say of a type without its width: `logicalType` alone."""
    simple = {
        dtype.is_integer(): Kind.LONG,
        dtype.is_float(): Kind.DOUBLE,
        isinstance(dtype, pl.Categorical | pl.Enum): Kind.STRING,
        isinstance(dtype, pl.Datetime): _moment(dtype),
    }
    if kind := simple.get(True):
        return ColumnType(kind)
    if isinstance(dtype, pl.List | pl.Array):
        item = _inner(dtype.inner)
        return ColumnType(Kind.LIST, item=item) if item else None
    if isinstance(dtype, pl.Struct):
        fields = tuple((each.name, _inner(each.dtype)) for each in dtype.fields)
        known = tuple((name, type_) for name, type_ in fields if type_)
        return ColumnType(Kind.STRUCT, fields=known) if len(known) == len(fields) else None
    return None


def _moment(dtype: Any) -> Kind:
    return Kind.TIMESTAMP if getattr(dtype, "time_zone", None) is None else Kind.TIMESTAMPTZ


def _inner(dtype: Any) -> ColumnType | None:
    whole = dtype() if isinstance(dtype, type) else dtype
    exact = type_from_polars(whole)
    return exact if isinstance(exact, ColumnType) else family_of(whole)
