"""The closed list of what a contract can ask of data: one small frozen class a kind.

A rule says what must hold and how many violations its bound allows; it knows no engine. Values
of a rule are already of the column's own type (`literals`), names are stored names.

What counts, once and for all:

- a null is a violation of `Required` and `Missing` only; every other rule passes over it,
  as SQL's constraints do. A key with a null in it is no key and duplicates nothing.
- `Unique` counts the rows beyond the first of each key, not the groups and not all their rows.
- NaN lies in no range.
- a pattern is searched for anywhere in the text, as JSON Schema says; anchor it with ^ and $.
  Its language is the Rust regex crate's: no look-around and no back-references.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar

from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """What every rule has. `message` says what must hold, in one line, before any data."""

    kind: ClassVar[str]
    id: str
    message: str
    column: str | None = None
    dimension: str | None = None
    severity: Severity = Severity.ERROR
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """One column as the contract has it. `type` None: it promises none."""

    name: str
    type: ColumnType | None
    required: bool = False
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(_Identity):
    """The columns are these, of exactly these types, and no others.

    A column that is not required may be absent. Columns of the platform are nobody's extra.
    """

    kind: ClassVar[str] = "schema"
    columns: tuple[Expected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Required(_Identity):
    """Nulls of the column."""

    kind: ClassVar[str] = "required"
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing(_Identity):
    """Nulls of the column, and values that stand for a missing one, such as '' or 'N/A'."""

    kind: ClassVar[str] = "missing"
    values: tuple[Any, ...] = ()
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed(_Identity):
    """Values outside a list."""

    kind: ClassVar[str] = "allowed"
    values: tuple[Any, ...]
    pattern: str | None = None
    """Where both are given a value must be in the list and match."""
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(_Identity):
    """Values beyond one of the ends; an end itself is inside unless it is exclusive."""

    kind: ClassVar[str] = "range"
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(_Identity):
    """Texts with too few or too many characters."""

    kind: ClassVar[str] = "length"
    minimum: int | None = None
    maximum: int | None = None
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern(_Identity):
    """Texts in which the regular expression is not found."""

    kind: ClassVar[str] = "pattern"
    pattern: str
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique(_Identity):
    """Rows beyond the first of each key.

    `whole_port`: the key does not hold the partition's column, so the same key in another
    partition is a duplicate too.
    """

    kind: ClassVar[str] = "unique"
    columns: tuple[str, ...]
    whole_port: bool = False
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount(_Identity):
    """Rows, of each partition or of the whole."""

    kind: ClassVar[str] = "row_count"
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(_Identity):
    """Rows whose (whole) key is not found in the target's columns.

    `target` is the address path of another product's port, or None for this very table.
    """

    kind: ClassVar[str] = "reference"
    columns: tuple[str, ...]
    target: str | None
    target_columns: tuple[str, ...]
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness(_Identity):
    """The newest moment of the column is no older than this; so old exactly is fresh.

    Without a column it is the time at which the platform recorded the rows. `newest_only`: a
    partition that ended before is history and not asked, as at the gate of a product.
    """

    kind: ClassVar[str] = "freshness"
    within: timedelta
    newest_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(_Identity):
    """Rows whose moment is older than this; so old exactly is kept."""

    kind: ClassVar[str] = "retention"
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRows(_Identity):
    """Moments of a group (a station) at which a row is expected and there is none.

    Days are those of the time zone: one has 23 hours, and one 25. `groups` None: those that
    the data holds.
    """

    kind: ClassVar[str] = "expected_rows"
    every: timedelta
    timezone: str
    per: tuple[str, ...] = ()
    groups: tuple[tuple[Any, ...], ...] | None = None
    bound: Bound = NONE_ALLOWED


class Metric(StrEnum):
    """What is compared with earlier publications."""

    ROW_COUNT = "rowCount"
    NULL_SHARE = "nullShare"
    MEAN = "mean"
    QUANTILE = "quantile"
    CATEGORIES = "categories"


class Measure(StrEnum):
    """How two values of a metric are compared."""

    RATIO = "ratio"
    DIFFERENCE = "difference"
    CHANGE = "change"
    DEVIATIONS = "deviations"
    PSI = "psi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape(_Identity):
    """A statistic of the column (or the rows) against that of earlier publications together."""

    kind: ClassVar[str] = "shape"
    metric: Metric
    measure: Measure
    bound: Bound
    against: int = 7
    quantile: float | None = None
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported(_Identity):
    """What the contract says and this release cannot check: never silently left out."""

    kind: ClassVar[str] = "unsupported"
    reason: str


Counted = Required | Missing | Allowed | Range | Length | Pattern
"""Rules on one value of one row."""

Answered = Freshness | Retention | ExpectedRows | Shape
"""Rules on time and on history: each answers in words of its own."""

Rule = Schema | Counted | Unique | RowCount | Reference | Answered | Unsupported

PLATFORM_COLUMNS = frozenset({"_recorded_at"})
"""Columns that the platform adds to every port; contracts do not name them."""
