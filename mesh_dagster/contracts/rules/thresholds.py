"""The operator of a quality entry with its numbers, as a bound."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from mesh_dagster.contracts.rules.kinds import Bound, Equals, Operator
from mesh_dagster.model.contract import Quality

_PERCENT = ("percent", "percentage", "%")
_UNITS = (None, "rows", "row", "count", *_PERCENT)
_BETWEENS = (Operator.BETWEEN, Operator.NOT_BETWEEN)
_OPERATORS = frozenset(each.value for each in Operator)
_OF_ANYTHING = (Operator.BE, Operator.NOT_BE)


def bound_of(quality: Quality) -> Bound:
    """How many are allowed. Raises `ValueError` saying what of it cannot be used."""
    unit = quality.unit.strip().lower() if quality.unit else None
    if unit not in _UNITS:
        raise ValueError(f"the unit is rows or percent, not {quality.unit!r}")
    operator, numbers = numbers_of(quality)
    return Bound(operator, numbers, percent=unit in _PERCENT)


def answer_of(quality: Quality) -> Bound | Equals | None:
    """What an answer has to be: in whichever unit it comes, and not always a number.

    None where the entry has no operator. Raises `ValueError`.
    """
    if quality.operator is None:
        return None
    _demand_one(quality)
    threshold = quality.threshold
    if quality.operator in _OF_ANYTHING and not _is_number(threshold):
        if isinstance(threshold, list | tuple | dict):
            raise ValueError(f"{quality.operator} takes one value, not {threshold!r}")
        return Equals(threshold, negated=quality.operator == Operator.NOT_BE)
    return Bound(*numbers_of(quality))


def numbers_of(quality: Quality) -> tuple[Operator, tuple[Fraction, ...]]:
    """The operator, and its number or two exactly as written. Raises `ValueError`."""
    try:
        operator = Operator(quality.operator or "")
    except ValueError:
        raise ValueError(f"{quality.operator!r} is no operator") from None
    _demand_one(quality)
    given = quality.threshold if operator in _BETWEENS else [quality.threshold]
    wanted = 2 if operator in _BETWEENS else 1
    if not isinstance(given, list | tuple) or len(given) != wanted:
        raise ValueError(f"{operator} takes {wanted} numbers, not {quality.threshold!r}")
    numbers = tuple(_number(each, operator) for each in given)
    if numbers[0] > numbers[-1]:
        raise ValueError(f"{operator} takes the smaller number first, not {quality.threshold!r}")
    return operator, numbers


def _demand_one(quality: Quality) -> None:
    """Refuse an entry with more than one operator: holding one of them would pass for all."""
    others = [key for key in quality.rest if key in _OPERATORS]
    if others:
        stated = " and ".join([str(quality.operator), *others])
        raise ValueError(f"it says {stated}, and a rule has one operator: make each a rule")


def _number(given: Any, operator: Operator) -> Fraction:
    """Exactly the number that was written: 0.1 is a tenth."""
    if not _is_number(given):
        raise ValueError(f"{operator} takes a number, not {given!r}")
    return Fraction(str(given))


def _is_number(given: Any) -> bool:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    return math.isfinite(given)
