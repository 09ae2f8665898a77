"""What a domain tells of a product beside its files: how it is served, and how it has done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.model.slo import Status

if TYPE_CHECKING:
    from mesh_dagster.model.domain import Domain

Cell = str | int | float | bool | None
"""A value of an example result: what JSON has; everything else is told as text."""


@dataclass(frozen=True, slots=True)
class About:
    """The domain that tells it."""

    name: str
    team: str | None = None
    contact: str | None = None
    description: str | None = None
    region: str | None = None
    """Where its data belongs, unless a product says otherwise."""
    policies: Mapping[str, str] = field(default_factory=dict)
    """The sets of policies that it runs, with their versions."""

    @classmethod
    def of(cls, domain: Domain) -> About:
        """What the files of a domain say of it."""
        return cls(domain.name, domain.team, domain.contact, domain.description, domain.region)


@dataclass(frozen=True, slots=True)
class ServedPort:
    """Where an output port lies: `location` is the URI that all of its files are below."""

    address: Address
    format: str
    location: str


@dataclass(frozen=True, slots=True)
class Told:
    """One publication, as everybody may know it. `rows` are by port; the first has no name.

    `partitions` are those that it changed, None the whole; of many the newest.
    """

    number: int
    at: datetime
    kind: str
    rows: Mapping[str, int]
    partitions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RuleStanding:
    """What the newest audits said of one rule: the worst of the partitions that they are of.

    `failing` is the share of what was checked; None where nothing was counted.
    """

    rule: str
    port: str
    kind: str
    severity: Severity
    verdict: Verdict
    column: str | None = None
    dimension: str | None = None
    failing: float | None = None


@dataclass(frozen=True, slots=True)
class LevelStanding:
    """How an objective stands. `attained` is the share that was good, `left` that of the budget
    that is not spent; both in coarse steps, so that not every moment is news."""

    name: str
    port: str
    objective: float
    window: timedelta
    status: Status
    attained: float | None = None
    left: float | None = None
    limit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ExampleQuery:
    """A query of the product's folder, and some rows that it gave.

    `publication` is the product's that it was run on; None: it was not run yet. `note` says why
    there are no rows: it gave none, or they are `withheld`, as not everybody may read the port.
    """

    name: str
    sql: str
    title: str = ""
    publication: int | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    note: str | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Whom to ask, where, and in which roles of the contracts a product may be read.

    `ports` says of each port, by its name, who may: `everybody`, `grant` or `own-domain`.
    """

    team: str | None = None
    ask: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    ports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedRead:
    """What the newest attempt really read at an input port. `columns` None: not known which."""

    port: str
    address: Address
    publication: int | None = None
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is told of a product beside its descriptor and contracts."""

    ports: tuple[ServedPort, ...] = ()
    publications: tuple[Told, ...] = ()
    newest_event: datetime | None = None
    quality: tuple[RuleStanding, ...] = ()
    levels: tuple[LevelStanding, ...] = ()
    queries: tuple[ExampleQuery, ...] = ()
    access: Access = Access()
    reads: tuple[ObservedRead, ...] = ()
    columns: Mapping[str, ColumnLineage] = field(default_factory=dict)
    """Of each port; the first has no name."""
    score: ScoreTold | None = None


NOTHING = Facts()
"""Of a product of which only the files are known."""
