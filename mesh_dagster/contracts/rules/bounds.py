"""How much a contract allows: an operator and its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Operator(StrEnum):
    """How a measured number is held against the contract's (both ends of a between count)."""

    BE = "mustBe"
    NOT_BE = "mustNotBe"
    GREATER = "mustBeGreaterThan"
    AT_LEAST = "mustBeGreaterOrEqualTo"
    LESS = "mustBeLessThan"
    AT_MOST = "mustBeLessOrEqualTo"
    BETWEEN = "mustBeBetween"
    NOT_BETWEEN = "mustNotBeBetween"


_KEEPS: dict[Operator, Callable[[Fraction, Fraction, Fraction], bool]] = {
    Operator.BE: lambda value, first, _: value == first,
    Operator.NOT_BE: lambda value, first, _: value != first,
    Operator.GREATER: lambda value, first, _: value > first,
    Operator.AT_LEAST: lambda value, first, _: value >= first,
    Operator.LESS: lambda value, first, _: value < first,
    Operator.AT_MOST: lambda value, first, _: value <= first,
    Operator.BETWEEN: lambda value, first, last: first <= value <= last,
    Operator.NOT_BETWEEN: lambda value, first, last: not first <= value <= last,
}
_SAYS = {
    Operator.BE: "{0}",
    Operator.NOT_BE: "anything but {0}",
    Operator.GREATER: "more than {0}",
    Operator.AT_LEAST: "at least {0}",
    Operator.LESS: "less than {0}",
    Operator.AT_MOST: "at most {0}",
    Operator.BETWEEN: "between {0} and {1}",
    Operator.NOT_BETWEEN: "outside {0} to {1}",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """How many are allowed: an operator with one number, or two for the betweens.

    With `percent` the count is held as its share of all rows; of no rows it is 0 %.
    """

    operator: Operator = Operator.BE
    numbers: tuple[Fraction, ...] = (Fraction(0),)
    percent: bool = False

    def keeps(self, count: int, rows: int) -> bool:
        """Whether so many of so many rows are as the contract says."""
        value = Fraction(count)
        if self.percent:
            value = Fraction(count * 100, rows) if rows else Fraction(0)
        return self.holds(value)

    def holds(self, value: Fraction) -> bool:
        """Whether a number, in percent where the bound is, is as the contract says."""
        return _KEEPS[self.operator](value, self.numbers[0], self.numbers[-1])

    def __str__(self) -> str:
        unit = " %" if self.percent else ""
        numbers = [f"{float(number):,.10g}{unit}" for number in self.numbers]
        return _SAYS[self.operator].format(*numbers)


NONE_ALLOWED = Bound()


@dataclass(frozen=True, slots=True)
class Equals:
    """An answer that is no number: it is this value, or with `negated` any other."""

    value: Any
    negated: bool = False

    def __str__(self) -> str:
        return f"anything but {self.value!r}" if self.negated else repr(self.value)
