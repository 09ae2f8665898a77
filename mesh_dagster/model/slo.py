"""Service level objectives: what is measured, against what, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple


class Indicator(StrEnum):
    """What of a product is measured, by the name that a contract's slaProperties have for it."""

    FRESHNESS = "freshness"
    LATENCY = "latency"
    FREQUENCY = "frequency"
    COMPLETENESS = "completeness"
    ACCURACY = "accuracy"
    ROW_ACCURACY = "rowAccuracy"
    SHAPE = "statisticalShape"
    LINEAGE = "lineage"
    AVAILABILITY = "availability"
    TIME_TO_DETECT = "timeToDetect"
    TIME_TO_NOTIFY = "timeToNotify"
    TIME_TO_REPAIR = "timeToRepair"

    @property
    def snake(self) -> str:
        """`time_to_repair`: in the names of checks and keys."""
        return "".join(f"_{each.lower()}" if each.isupper() else each for each in self.value)


class Status(StrEnum):
    """How an objective stands.

    `at_risk`: it is not kept right now, and what that costs is small so far. `burning`: the
    budget goes so fast that it will not last. `breached`: the budget is spent.
    """

    MET = "met"
    AT_RISK = "at_risk"
    BURNING = "burning"
    BREACHED = "breached"
    UNMEASURED = "unmeasured"

    @property
    def kept(self) -> bool:
        return self in (Status.MET, Status.UNMEASURED)

    @property
    def words(self) -> str:
        """`at risk`: for people."""
        return self.value.replace("_", " ")


WORST = (Status.BREACHED, Status.BURNING, Status.AT_RISK, Status.MET, Status.UNMEASURED)
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One promise of a port, with the share of time (or of parts) in which it is to be kept.

    `target` is that share, `window` over what. `limit` is how late is late. `cadence` is how
    often the product is to change, which says what is soon. `reason` is why it cannot be
    measured, where it cannot.
    """

    indicator: Indicator
    target: float
    window: timedelta
    cadence: timedelta
    limit: timedelta | None = None
    port: str = ""
    where: str | None = field(default=None, compare=False)
    reason: str | None = None

    @property
    def name(self) -> str:
        """`freshness`, or `late/freshness` of a port that has a name."""
        return f"{self.port}/{self.indicator}" if self.port else str(self.indicator)

    @property
    def check(self) -> str:
        """The name of its asset check."""
        return f"slo_{self.indicator.snake}"

    @property
    def allowed(self) -> Fraction:
        """The share that may be bad, as it is stated: of floats 1 - 0.9 is less than a tenth."""
        return _beside(self.target)


@lru_cache
def _beside(share: float) -> Fraction:
    return 1 - Fraction(repr(round(share, 12)))


class Change(NamedTuple):
    """What became of one partition at a moment, as the journal has it.

    `at` is the publication's moment where there is one, `fact` the newest that it tells of.
    `number` None: nothing at the port changed. `failed` counts rules that block. `known`: its
    lineage has arrived.
    """

    partition: str | None
    outcome: str
    at: datetime
    fact: datetime | None
    number: int | None
    failed: int
    attempt: str
    known: bool = True


class Changes(NamedTuple):
    """Many changes of one product in the order of time, column by column.

    An hourly product has hundreds a month and a domain thousands of products: columns can be
    looked through without a step of Python for each.
    """

    partition: Sequence[str | None] = ()
    outcome: Sequence[str] = ()
    at: Sequence[datetime] = ()
    fact: Sequence[datetime | None] = ()
    number: Sequence[int | None] = ()
    failed: Sequence[int] = ()
    attempt: Sequence[str] = ()
    known: Sequence[bool] = ()

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Changes:
        """These changes, in whatever order."""
        found = sorted(changes, key=lambda each: each.at)
        return cls(*zip(*found, strict=True)) if found else cls()

    def each(self) -> Iterator[Change]:
        """One after the other."""
        return map(Change._make, zip(*self, strict=True))


ROWS = "rows"
"""The kind of an answer that adds up what all rules of severity error counted row by row."""


class Answer(NamedTuple):
    """What rules of one kind said of one partition, when it was decided on."""

    partition: str | None
    outcome: str
    at: datetime
    port: str
    kind: str
    held: bool
    checked: int
    failed: int


class Probes(NamedTuple):
    """Reads of a port that followed each other and all came to the same.

    `seconds` is what one took on average. `error` is what the first of them was told.
    """

    port: str
    since: datetime
    until: datetime
    answered: bool
    reads: int
    seconds: float
    slowest: float
    error: str | None


class Noticed(NamedTuple):
    """An incident: since when it was so, when it was noticed, how long after that somebody was
    told (None: nobody yet), and when it was over."""

    began: datetime
    opened: datetime
    told: timedelta | None
    closed: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of a window there was, and how much of it was bad: microseconds, rows or parts."""

    bad: int
    total: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.bad + other.bad, self.total + other.total)

    @property
    def share(self) -> float | None:
        """The share that was bad; None of nothing."""
        return self.bad / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Burn:
    """One rule on how fast the budget goes: it fires when both of its windows burn too fast.

    A rate of 1 spends exactly the budget in exactly the objective's window.
    """

    name: str
    long: timedelta
    short: timedelta
    limit: float
    rate: float
    recent: float

    @property
    def fires(self) -> bool:
        return self.rate >= self.limit and self.recent >= self.limit


@dataclass(frozen=True, slots=True)
class Standing:
    """How one objective of a product stands at a moment.

    `budget` is how much may be bad in the window (microseconds, rows or parts), `left` the share
    of it that is not spent, below zero when more than it is. `failing`: not kept right now.
    `lasts` is when the budget ends if it goes on like this; None: it does not end. `since` is when
    began what was bad last, of an objective that is not kept.
    """

    product: str
    objective: Objective
    at: datetime
    status: Status
    tally: Tally = Tally(0, 0)
    timed: bool = True
    budget: float = 0.0
    left: float = 1.0
    failing: bool = False
    lasts: timedelta | None = None
    burns: tuple[Burn, ...] = ()
    now: str = ""
    since: datetime | None = None

    @property
    def path(self) -> str:
        """The path of the port."""
        return f"{self.product}/{self.objective.port}" if self.objective.port else self.product

    @property
    def kept(self) -> float | None:
        """The share that was good."""
        share = self.tally.share
        return None if share is None else 1 - share
