"""What waits for an owner's decision, and what was decided by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mesh_dagster.model.access import AccessRequest
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.snapshot import Outcome

Rule = tuple[str, str]
"""A rule of a product's contracts: its port (the first one's name is empty) and its id."""

Audited = tuple[str, str | None]
"""What one audit was about: the attempt that staged it, and its partition (None: the whole)."""


class ReviewKind(StrEnum):
    """What there is to decide on."""

    QUARANTINE = "quarantine"
    """A partition that its audit stopped."""
    BREACH = "breach"
    """A service level whose error budget is spent."""
    CHECK = "check"
    """A rule that does not hold in what is published."""
    WAIVER = "waiver"
    """A waiver that is about to end."""
    ACCESS = "access"
    """Somebody asks to read a port."""


class Action(StrEnum):
    """What an owner may decide."""

    REAUDIT = "reaudit"
    """Audit the same files again, with the contract and the waivers as they are now."""
    RELEASE = "release"
    """Publish the files that were audited, against the contract."""
    DISCARD = "discard"
    """Delete the files: the partition stays as it was."""
    WAIVE = "waive"
    """Let a rule not block, for a while or for a partition. It still runs and reports."""
    ACKNOWLEDGE = "acknowledge"
    """Take note."""
    GRANT = "grant"
    """Let somebody read a port, as he asked or for a shorter time."""
    REFUSE = "refuse"
    """Do not let him."""


class RulingState(StrEnum):
    """How far a decision got. `failed`: it could not be carried out, and nothing was changed."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


def subject_of(id: str) -> str:
    """The first part of a review's id, which stays the same while it waits."""
    return id.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision of one owner, on the record.

    `review` is the id of what was decided on, as it stood then. `covers` are the audits that it
    is about, `rules` those of their rules that it settles (of a release all that failed).
    `until` is when it ceases to hold; None: it holds for what it covers. A waiver with an end
    holds for every partition until then, one without for the partitions that it covers.
    """

    id: str
    review: str
    product: str
    action: Action
    by: Identity
    why: str
    at: datetime
    until: datetime | None = None
    covers: tuple[Audited, ...] = ()
    rules: tuple[Rule, ...] = ()
    revision: int | None = None
    """Of the journal's decision on a quarantined partition that it was made on."""
    state: RulingState = RulingState.DONE
    outcome: Outcome | None = None
    """What became of the partition, of a decision on a quarantined one."""
    publication: int | None = None
    error: str | None = None

    @property
    def subject(self) -> str:
        return subject_of(self.review)

    def holds(self, now: datetime) -> bool:
        """Whether it was carried out, or is about to be, and has not ended."""
        return self.state is not RulingState.FAILED and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """A partition that is published or waits, and what its newest audit found not to hold."""

    product: str
    attempt: str
    partition: str | None
    revision: int
    outcome: Outcome
    rows: int
    at: datetime
    results: tuple[RuleResult, ...] = ()

    @property
    def audited(self) -> Audited:
        return self.attempt, self.partition


@dataclass(frozen=True, slots=True)
class Breach:
    """An incident that a service level opened, and that is not over."""

    incident: str
    product: str
    began: datetime
    summary: str


@dataclass(frozen=True, slots=True)
class Review:
    """One thing for an owner to decide on.

    Its `id` has two parts: the first stays the same while it waits, the second changes with
    everything that changes about it, so that nobody decides on what he has not seen. `results`
    are what does not hold. `ruling` is what was decided on it before: an acknowledgement, a
    decision that is being carried out, or the waiver that ends. `request` is what is asked for.
    """

    id: str
    kind: ReviewKind
    product: str
    since: datetime
    summary: str
    covers: tuple[Audited, ...]
    results: tuple[RuleResult, ...] = ()
    rows: int = 0
    revision: int | None = None
    ruling: Ruling | None = None
    request: AccessRequest | None = None

    @property
    def subject(self) -> str:
        return subject_of(self.id)

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look at it: nobody has, or what he decided has ended."""
        return self.ruling is None or self.kind is ReviewKind.WAIVER

    @property
    def partitions(self) -> tuple[str, ...]:
        """The partitions that it is about, oldest first; none where the product has none."""
        return tuple(sorted({key for _, key in self.covers if key is not None}))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that it is about, each once."""
        if self.kind is ReviewKind.WAIVER and self.ruling is not None:
            return self.ruling.rules
        return tuple(dict.fromkeys((each.port or "", each.rule) for each in self.results))
