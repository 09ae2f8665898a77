"""What a contract can ask of single values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from mesh_dagster.contracts.rules.identity import Bounded, rule
from mesh_dagster.model.types import ColumnType


@rule
class Required(Bounded):
    """Nulls of the column."""

    kind: ClassVar[str] = "required"


@rule
class Missing(Bounded):
    """Nulls of the column, and values that stand for a missing one, such as '' or 'N/A'."""

    kind: ClassVar[str] = "missing"
    values: tuple[Any, ...] = ()


@rule
class Parsed(Bounded):
    """Texts of a text format that are there and are no value of the column's type."""

    kind: ClassVar[str] = "type"
    type: ColumnType | None


@rule
class Allowed(Bounded):
    """Values outside a list."""

    kind: ClassVar[str] = "allowed"
    values: tuple[Any, ...]
    pattern: str | None = None
    """Where both are given a value must be in the list and match."""


@rule
class Range(Bounded):
    """Values beyond one of the ends; an end itself is inside unless it is exclusive."""

    kind: ClassVar[str] = "range"
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None


@rule
class Length(Bounded):
    """Texts with too few or too many characters."""

    kind: ClassVar[str] = "length"
    minimum: int | None = None
    maximum: int | None = None


@rule
class Pattern(Bounded):
    """Texts in which the regular expression is not found."""

    kind: ClassVar[str] = "pattern"
    pattern: str


@rule
class Format(Bounded):
    """Texts that are not of a named form: all of `patterns` match it, none of `refused` does."""

    kind: ClassVar[str] = "format"
    format: str
    patterns: tuple[str, ...]
    refused: tuple[str, ...] = ()


@rule
class Multiple(Bounded):
    """Numbers that are no whole multiple of another, as they are written in decimals."""

    kind: ClassVar[str] = "multiple"
    of: Fraction


@rule
class Size(Bounded):
    """Lists with too few or too many items, objects with too few or too many values."""

    kind: ClassVar[str] = "size"
    minimum: int | None = None
    maximum: int | None = None


@rule
class Distinct(Bounded):
    """Lists in which an item stands twice."""

    kind: ClassVar[str] = "distinct"


Counted = (
    Required
    | Missing
    | Parsed
    | Allowed
    | Range
    | Length
    | Pattern
    | Format
    | Multiple
    | Size
    | Distinct
)
"""Rules on one value of one row."""
