"""Keys of two types, made comparable: equal where the values are, and nowhere else."""

from __future__ import annotations

import narwhals as nw

_TICKS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_TEXTS = (nw.String, nw.Categorical, nw.Enum)


class NothingInCommonError(ValueError):
    """No value of the one type is a value of the other."""


def in_common(
    one: nw.Expr, its: nw.dtypes.DType, other: nw.Expr, others: nw.dtypes.DType
) -> tuple[nw.Expr, nw.Expr]:
    """Both in one type. A value that this type cannot hold is null, and equals nothing.

    A decimal is held against a float in double precision, as the float is. Raises
    `NothingInCommonError`.
    """
    if its == others:
        return one, other
    if isinstance(its, _TEXTS) and isinstance(others, _TEXTS):
        return one.cast(nw.String()), other.cast(nw.String())
    match its, others:
        case nw.Datetime(), nw.Datetime() if (its.time_zone is None) == (others.time_zone is None):
            unit = min(its.time_unit, others.time_unit, key=_TICKS.__getitem__)
            return _moment(one, its, unit), _moment(other, others, unit)
        case nw.Decimal(), nw.Decimal():
            decimal = nw.Decimal(38, max(its.scale or 0, others.scale or 0))
            return one.cast(decimal), other.cast(decimal)
    if not (its.is_numeric() and others.is_numeric()):
        raise NothingInCommonError(f"{its} and {others}")
    if its.is_integer() or others.is_integer():
        large = {nw.UInt64(), nw.Int128(), nw.UInt128()} & {its, others}
        bits = 128 if large else 64
        return _whole(one, its, bits), _whole(other, others, bits)
    return one.cast(nw.Float64()), other.cast(nw.Float64())


def _whole(value: nw.Expr, dtype: nw.dtypes.DType, bits: int) -> nw.Expr:
    whole = nw.Int128() if bits == 128 else nw.Int64()
    if dtype.is_integer():
        return value.cast(whole)
    end = 2.0 ** (bits - 1)
    held = (value == value.floor()) & (value >= -end) & (value < end)
    return nw.when(held).then(value).cast(whole)


def _moment(value: nw.Expr, dtype: nw.Datetime, unit: nw.typing.TimeUnit) -> nw.Expr:
    zone = None if dtype.time_zone is None else "UTC"
    if zone is not None:
        value = value.dt.convert_time_zone(zone)
    coarse = value.cast(nw.Datetime(unit, zone))
    held = coarse.cast(nw.Datetime(dtype.time_unit, zone)) == value
    return nw.when(held).then(coarse)
