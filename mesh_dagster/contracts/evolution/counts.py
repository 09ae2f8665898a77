"""The numbers that an operator of a quality rule lets through, and which of two lets fewer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from mesh_dagster.contracts.evolution.strength import Strength
from mesh_dagster.contracts.rules.kinds import Operator
from mesh_dagster.contracts.rules.thresholds import numbers_of
from mesh_dagster.model.contract import Quality

_FAR = Fraction(10**30)


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers from one to another; an end is left out where it is `open`."""

    least: Fraction
    most: Fraction
    least_open: bool = False
    most_open: bool = False

    def within(self, other: Span) -> bool:
        low = (other.least, other.least_open) <= (self.least, self.least_open)
        high = (self.most, not self.most_open) <= (other.most, not other.most_open)
        return low and high

    @property
    def empty(self) -> bool:
        if self.least_open or self.most_open:
            return self.least >= self.most
        return self.least > self.most


ANYTHING = (Span(Fraction(0), _FAR),)
"""Whatever can be counted."""


def allowed(quality: Quality, *, whole: bool) -> tuple[Span, ...] | None:
    """The numbers that a rule allows, in order; None where it does not say.

    `whole`: it counts, so only whole numbers from zero on can come.
    """
    try:
        operator, numbers = numbers_of(quality)
    except ValueError:
        return None
    if any(abs(each) >= _FAR for each in numbers):
        return None
    spans = _SPANS[operator](numbers[0], numbers[-1])
    if whole or quality.unit == "percent" or quality.type == "library":
        spans = [_from_zero(each) for each in spans]
    if whole:
        spans = [_in_whole_numbers(each) for each in spans]
    return tuple(each for each in spans if not each.empty)


def compared(before: tuple[Span, ...], after: tuple[Span, ...]) -> Strength:
    """Which of two sets of numbers lies in the other."""
    if before == after:
        return Strength.SAME
    tighter, looser = _within(after, before), _within(before, after)
    if tighter and looser:
        return Strength.SAME
    return Strength.TIGHTER if tighter else Strength.LOOSER if looser else Strength.OTHER


def caps(spans: tuple[Span, ...]) -> bool:
    """Whether the numbers are those up to a bound: then counting more asks for more."""
    return len(spans) == 1 and spans[0].least <= 0 and not spans[0].least_open


def _within(inner: tuple[Span, ...], outer: tuple[Span, ...]) -> bool:
    return all(any(each.within(other) for other in outer) for each in inner)


def _below(number: Fraction, *, open_: bool = False) -> Span:
    return Span(-_FAR, number, most_open=open_)


def _above(number: Fraction, *, open_: bool = False) -> Span:
    return Span(number, _FAR, least_open=open_)


_SPANS: dict[Operator, Callable[[Fraction, Fraction], list[Span]]] = {
    Operator.BE: lambda first, _: [Span(first, first)],
    Operator.NOT_BE: lambda first, _: [_below(first, open_=True), _above(first, open_=True)],
    Operator.GREATER: lambda first, _: [_above(first, open_=True)],
    Operator.AT_LEAST: lambda first, _: [_above(first)],
    Operator.LESS: lambda first, _: [_below(first, open_=True)],
    Operator.AT_MOST: lambda first, _: [_below(first)],
    Operator.BETWEEN: lambda first, last: [Span(first, last)],
    Operator.NOT_BETWEEN: lambda first, last: [
        _below(first, open_=True),
        _above(last, open_=True),
    ],
}


def _from_zero(span: Span) -> Span:
    if span.least >= 0:
        return span
    return Span(Fraction(0), span.most, False, span.most_open)


def _in_whole_numbers(span: Span) -> Span:
    least = math.floor(span.least) + 1 if span.least_open else math.ceil(span.least)
    most = math.ceil(span.most) - 1 if span.most_open else math.floor(span.most)
    return Span(Fraction(least), Fraction(most))
