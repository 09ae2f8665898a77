"""The closed list of what a contract can ask of data: one small frozen class a kind.

A rule says what must hold and how many violations its bound allows; it knows no engine. Values
of a rule are already of the column's own type (`literals`), names are stored names.

What counts, once and for all:

- a null is a violation of `Required` and `Missing` only; every other rule passes over it,
  as SQL's constraints do. A key with a null in it is no key and duplicates nothing.
- `Unique` counts the rows beyond the first of each key, not the groups and not all their rows.
- NaN lies in no range.
- on what lies in a list or a map a rule counts elements, of all rows; a null struct, list or
  map holds nothing, so nothing in it breaks a rule. On a struct's field it counts rows.
- a pattern is searched for anywhere in the text, as JSON Schema says; anchor it with ^ and $.
  Its language is the Rust regex crate's: no look-around and no back-references.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar

from mesh_dagster.contracts.rules.bounds import NONE_ALLOWED as NONE_ALLOWED  # noqa: PLC0414 (shown here too)
from mesh_dagster.contracts.rules.bounds import Bound as Bound  # noqa: PLC0414 (shown here too)
from mesh_dagster.contracts.rules.bounds import Equals as Equals  # noqa: PLC0414 (shown here too)
from mesh_dagster.contracts.rules.bounds import Operator as Operator  # noqa: PLC0414 (shown here too)
from mesh_dagster.contracts.rules.paths import Path
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    """What every rule has. `message` says what must hold, in one line, before any data.

    `column` is what a person is shown: a column's stored name, or the text of the `path` into
    one, which is None for a rule on a whole column or on the table.
    """

    kind: ClassVar[str]
    id: str
    message: str
    column: str | None = None
    dimension: str | None = None
    severity: Severity = Severity.ERROR
    where: str | None = field(default=None, compare=False)
    path: Path | None = None
    business_impact: str | None = None
    method: str | None = None
    schedule: str | None = None
    """When it is due (cron), where it is too dear for each publication."""
    scheduler: str | None = None
    classification: str | None = None
    deprecated: bool = False
    """Of the column, both: what is found in it may not be shown, or matters to nobody new."""

    @property
    def level(self) -> Path | None:
        """The list or map whose elements it counts; None where it counts rows."""
        return self.path.level if self.path else None


@dataclass(frozen=True, slots=True)
class Expected:
    """One column as the contract has it, or one part of what lies in a column.

    `type` None: it promises none, or no more than `logical`, ODCS's word for a family of types,
    or a type that no port stores, by the `physical` name that the data's format has for it.
    `inside` is what the contract says of the fields of a struct (by name), or of the elements
    of a list (named `[]`) and a map (`[key]`, `[value]`); a vector has `length` of them.
    """

    name: str
    type: ColumnType | None
    required: bool = False
    where: str | None = field(default=None, compare=False)
    logical: str | None = None
    physical: str | None = None
    inside: tuple[Expected, ...] = ()
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(_Identity):
    """The columns are these, of exactly these types, and no others.

    A column that is not required may be absent. Columns of the platform are nobody's extra.
    `extra` is how bad another column is; None: it is none. With `widths` the data's own format
    decides what differs, and a small integer is not a large one; without, a port's storage does.
    Of texts that were `parsed` the types are what the contract says, and rules of their own.
    """

    kind: ClassVar[str] = "schema"
    columns: tuple[Expected, ...]
    extra: Severity | None = Severity.ERROR
    widths: bool = False
    parsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(_Identity):
    """Texts of a text format that are there and are no value of the column's type."""

    kind: ClassVar[str] = "type"
    type: ColumnType | None
    bound: Bound = NONE_ALLOWED


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
class Format(_Identity):
    """Texts that are not of a named form: all of `patterns` match it, none of `refused` does."""

    kind: ClassVar[str] = "format"
    format: str
    patterns: tuple[str, ...]
    refused: tuple[str, ...] = ()
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiple(_Identity):
    """Numbers that are no whole multiple of another, as they are written in decimals."""

    kind: ClassVar[str] = "multiple"
    of: Fraction
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Size(_Identity):
    """Lists with too few or too many items, objects with too few or too many values."""

    kind: ClassVar[str] = "size"
    minimum: int | None = None
    maximum: int | None = None
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct(_Identity):
    """Lists in which an item stands twice."""

    kind: ClassVar[str] = "distinct"
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique(_Identity):
    """Rows beyond the first of each key.

    `whole_port`: the key does not hold the partition's column, so the same key in another
    partition is a duplicate too. `paths`, as many as columns, lead to a key that is not of
    whole columns; all of them are of one level.
    """

    kind: ClassVar[str] = "unique"
    columns: tuple[str, ...]
    paths: tuple[Path, ...] = ()
    whole_port: bool = False
    bound: Bound = NONE_ALLOWED

    @property
    def level(self) -> Path | None:
        return self.paths[0].level if self.paths else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount(_Identity):
    """Rows, of each partition or of the whole."""

    kind: ClassVar[str] = "row_count"
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(_Identity):
    """Rows whose (whole) key is not found in the target's columns.

    `target` is the address path of another product's port. Where it is None the target lies in
    the same contract: in the schema object `target_object`, or in this very table.
    """

    kind: ClassVar[str] = "reference"
    columns: tuple[str, ...]
    target: str | None
    target_columns: tuple[str, ...]
    target_object: str | None = None
    paths: tuple[Path, ...] = ()
    bound: Bound = NONE_ALLOWED

    @property
    def level(self) -> Path | None:
        return self.paths[0].level if self.paths else None


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
class Sql(_Identity):
    """What one query answers about the table, as SQL in the contract's dialect.

    `tables` are the names under which the query may ask for the table itself. The answer is held
    against the bound, or, for an operator that no number goes with, against `equals`. With
    neither it has to be true.
    """

    kind: ClassVar[str] = "sql"
    query: str
    dialect: str = "duckdb"
    tables: tuple[str, ...]
    bound: Bound | None = None
    equals: Equals | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(_Identity):
    """What a function (engine `python`) or schema (`pandera`) beside the contract says.

    `file` is relative to the contract's folder; `arguments` go to the function by name. What
    it counts as failing is held against the bound.
    """

    kind: ClassVar[str] = "code"
    engine: str
    file: str
    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    bound: Bound = NONE_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(_Identity):
    """What the contract tells people. Nobody checks it, and every audit says so."""

    kind: ClassVar[str] = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported(_Identity):
    """What the contract says and this release cannot check: never silently left out."""

    kind: ClassVar[str] = "unsupported"
    reason: str


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

Answered = Freshness | Retention | ExpectedRows | Shape
"""Rules on time and on history: each answers in words of its own."""

Owned = Sql | Code | Text
"""Rules that the contract's owner wrote: a query, a function, a sentence."""

Rule = Schema | Counted | Unique | RowCount | Reference | Answered | Owned | Unsupported

PLATFORM_COLUMNS = frozenset({"_recorded_at"})
"""Columns that the platform adds to every port; contracts do not name them."""
