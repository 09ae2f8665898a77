"""What is there against what the contract says, column by column, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import narwhals as nw

from mesh_dagster.contracts.rules.kinds import PLATFORM_COLUMNS, Schema
from mesh_dagster.model.types import ColumnType, Kind

_SIMPLE: dict[type[nw.dtypes.DType], Kind] = {
    nw.Boolean: Kind.BOOLEAN,
    nw.Int32: Kind.INT,
    nw.Int64: Kind.LONG,
    nw.Float32: Kind.FLOAT,
    nw.Float64: Kind.DOUBLE,
    nw.String: Kind.STRING,
    nw.Binary: Kind.BINARY,
    nw.Date: Kind.DATE,
    nw.Time: Kind.TIME,
}
_SIMPLE_OF: dict[Kind, nw.dtypes.DType] = {
    **{kind: dtype() for dtype, kind in _SIMPLE.items()},
    Kind.TIMESTAMP: nw.Datetime("us"),
    Kind.TIMESTAMPTZ: nw.Datetime("us", "UTC"),
}
_UTC = ("UTC", "Etc/UTC")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the columns are not the contract's, and the line that says so."""

    message: str
    where: str | None = None


def differences(rule: Schema, staged: Mapping[str, ColumnType | str]) -> tuple[Difference, ...]:
    """All of them: columns of another type, required ones that are missing, extra ones."""
    return tuple(_differences(rule, staged))


def _differences(rule: Schema, staged: Mapping[str, ColumnType | str]) -> Iterator[Difference]:
    for column in rule.columns:
        found = staged.get(column.name)
        if found is None:
            if column.required:
                yield Difference(f"{column.name} is required and missing", column.where)
        elif column.type is not None and found != column.type:
            told = f"{column.name} is {found} in the data, {column.type} in the contract"
            yield Difference(told, column.where)
    known = {column.name for column in rule.columns} | PLATFORM_COLUMNS
    for name, found in staged.items():
        if name not in known:
            yield Difference(f"{name} ({found}) is in the data and not in the contract", rule.where)


def column_type(dtype: nw.dtypes.DType) -> ColumnType | str:
    """A type of any engine in the mesh's words, or its own text where the mesh has none.

    Lengths of fixed-size lists are no part of a type: they are stored as lists.
    """
    match dtype:
        case nw.Decimal():
            return ColumnType(Kind.DECIMAL, precision=dtype.precision, scale=dtype.scale)
        case nw.Datetime():
            return _moment(dtype)
        case nw.List() | nw.Array():
            return _list(column_type(_instance(dtype.inner)))
        case nw.Struct():
            return _struct(dtype)
    simple = _SIMPLE.get(type(dtype))
    return ColumnType(simple) if simple else str(dtype).lower()


def nullable(type_: ColumnType | None) -> nw.dtypes.DType:
    """The engine's type for a column of nulls only; nested ones are as good as texts there."""
    if type_ is None:
        return nw.String()
    if type_.kind is Kind.DECIMAL:
        return nw.Decimal(type_.precision, type_.scale or 0)
    return _SIMPLE_OF.get(type_.kind, nw.String())


def nulls(dtype: nw.dtypes.DType) -> nw.Expr:
    """A column of nulls of a type."""
    if isinstance(dtype, nw.Datetime) and dtype.time_zone:
        # DuckDB takes no zone but its session's, which a value in UTC is of and UTC is not.
        return nw.when(nw.lit(False)).then(nw.lit(datetime.fromtimestamp(0, UTC)))
    return nw.lit(None, dtype=dtype)


def _moment(dtype: nw.Datetime) -> ColumnType | str:
    if dtype.time_unit == "us" and dtype.time_zone is None:
        return ColumnType(Kind.TIMESTAMP)
    if dtype.time_unit == "us" and dtype.time_zone in _UTC:
        return ColumnType(Kind.TIMESTAMPTZ)
    zone = f", {dtype.time_zone}" if dtype.time_zone else ""
    return f"timestamp[{dtype.time_unit}{zone}]"


def _list(item: ColumnType | str) -> ColumnType | str:
    if isinstance(item, ColumnType):
        return ColumnType(Kind.LIST, item=item)
    return f"list<{item}>"


def _struct(dtype: nw.Struct) -> ColumnType | str:
    fields = [(each.name, column_type(_instance(each.dtype))) for each in dtype.fields]
    known = tuple((name, kind) for name, kind in fields if isinstance(kind, ColumnType))
    if len(known) == len(fields):
        return ColumnType(Kind.STRUCT, fields=known)
    return "struct<" + ", ".join(f"{name}: {kind}" for name, kind in fields) + ">"


def _instance(dtype: nw.dtypes.DType | type[nw.dtypes.DType]) -> nw.dtypes.DType:
    return dtype() if isinstance(dtype, type) else dtype
