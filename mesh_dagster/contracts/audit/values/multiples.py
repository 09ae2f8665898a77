"""Whether a number is a whole multiple of another, as both are written in decimals."""

from __future__ import annotations

from fractions import Fraction

import narwhals as nw

_ROUNDING = 2.0**-51
_ROUNDING_OF_SINGLE = 2.0**-23
"""Two numbers that are not exact and their quotient differ from the true one by less."""


def not_multiple(of: Fraction, value: nw.Expr, dtype: nw.dtypes.DType) -> nw.Expr:
    """True where a number of the type is no multiple.

    Whole numbers and decimals exactly, and of what a binary float can be (2, 0.5) floats too.
    Else a float is as good as the decimal it stands for: 0.3 is a multiple of 0.1, though neither
    is what it says.
    """
    if dtype.is_integer():
        # p/q in lowest terms divides a whole number if p does, and a greater one divides 0 only.
        return value % of.numerator != 0 if of.numerator < 2**64 else value != 0
    if isinstance(dtype, nw.Decimal):
        return _of_decimal(of, value, dtype)
    step = of.numerator / of.denominator
    ratio = value.cast(nw.Float64()) / step
    if Fraction(step) == of:
        return (ratio != ratio.round()) | ~value.is_finite()
    rounding = _ROUNDING_OF_SINGLE if isinstance(dtype, nw.Float32) else _ROUNDING
    away = (ratio - ratio.round()).abs() > ratio.abs() * rounding
    return away | value.is_nan()


def _of_decimal(of: Fraction, value: nw.Expr, dtype: nw.Decimal) -> nw.Expr:
    """In units of the last digit a decimal is a whole number."""
    from decimal import Decimal

    scale = dtype.scale or 0
    steps = (of * 10**scale).numerator
    return value % Decimal(f"{steps}E-{scale}") != 0 if steps < 10**38 else value != 0
