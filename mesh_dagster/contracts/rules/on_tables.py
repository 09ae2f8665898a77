"""What a contract can ask of a table: its columns, its keys, its rows over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from mesh_dagster.contracts.rules.bounds import Bound
from mesh_dagster.contracts.rules.identity import Bounded, Identity, Keyed, rule
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType

PLATFORM_COLUMNS = frozenset({RECORDED_AT})
"""Columns that the platform adds to every port; contracts do not name them."""


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


@rule
class Schema(Identity):
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


@rule
class Unique(Keyed):
    """Rows beyond the first of each key.

    `whole_port`: the key does not hold the partition's column, so the same key in another
    partition is a duplicate too.
    """

    kind: ClassVar[str] = "unique"
    whole_port: bool = False


@rule
class RowCount(Identity):
    """Rows, of each partition or of the whole."""

    kind: ClassVar[str] = "row_count"
    bound: Bound


@rule
class Reference(Keyed):
    """Rows whose (whole) key is not found in the target's columns.

    `target` is the address path of another product's port. Where it is None the target lies in
    the same contract: in the schema object `target_object`, or in this very table.
    """

    kind: ClassVar[str] = "reference"
    target: str | None
    target_columns: tuple[str, ...]
    target_object: str | None = None


@rule
class Freshness(Identity):
    """The newest moment of the column is no older than this; so old exactly is fresh.

    Without a column it is the time at which the platform recorded the rows. `newest_only`: a
    partition that ended before is history and not asked, as at the gate of a product.
    """

    kind: ClassVar[str] = "freshness"
    within: timedelta
    newest_only: bool = False


@rule
class Retention(Identity):
    """Rows whose moment is older than this; so old exactly is kept."""

    kind: ClassVar[str] = "retention"
    within: timedelta


@rule
class ExpectedRows(Bounded):
    """Moments of a group (a station) at which a row is expected and there is none.

    Days are those of the time zone: one has 23 hours, and one 25. `groups` None: those that
    the data holds.
    """

    kind: ClassVar[str] = "expected_rows"
    every: timedelta
    timezone: str
    per: tuple[str, ...] = ()
    groups: tuple[tuple[Any, ...], ...] | None = None


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


@rule
class Shape(Identity):
    """A statistic of the column (or the rows) against that of earlier publications together."""

    kind: ClassVar[str] = "shape"
    metric: Metric
    measure: Measure
    bound: Bound
    against: int = 7
    quantile: float | None = None
    signed: bool = False


Answered = Freshness | Retention | ExpectedRows | Shape
"""Rules on time and on history: each answers in words of its own."""
