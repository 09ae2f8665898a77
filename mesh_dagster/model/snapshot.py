"""Staged data, publications, and what an attempt came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.mask import masks_of


class Outcome(StrEnum):
    """What became of one partition (or of the whole, where there are none) in an attempt."""

    PUBLISHED = "published"
    QUARANTINED = "quarantined"
    SUPERSEDED = "superseded"
    """A newer attempt had published the partition before; this one left it alone."""
    RELEASED = "released"
    """It was quarantined, and has been published since."""
    DISCARDED = "discarded"


class AttemptState(StrEnum):
    """How far an attempt got. `abandoned`: its process died before it ended."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    ABANDONED = "abandoned"


class PublicationKind(StrEnum):
    """Why a publication exists."""

    MATERIALIZATION = "materialization"
    REAUDIT = "reaudit"
    ROLLBACK = "rollback"
    RELEASE = "release"
    """An owner published it against its contract."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file under a port's staging prefix. `path` is relative to the product."""

    path: str
    rows: int
    bytes: int
    partition: str | None = None
    sha256: str | None = None
    """Of its content when it was audited, of a file that waits in quarantine."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What one attempt staged for one port, before its audit. Paths name the attempt."""

    attempt: str
    port: str | None
    files: tuple[StagedFile, ...]

    def of(self, partition: str | None) -> Staged:
        """Only the files of one partition."""
        files = tuple(file for file in self.files if file.partition == partition)
        return Staged(self.attempt, self.port, files)

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class PortState:
    """One port in one publication: the Iceberg metadata that describes it, and nothing newer."""

    metadata: str
    snapshot_id: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class Release:
    """Who let data out that breaks its contract, how he proved who he is, why, and which rules
    it breaks."""

    by: str
    proof: str
    why: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """One immutable state of all ports of a product.

    `partitions` are those it changed (None: the whole). `ports` maps a port's name to its
    state; the first port's name is the empty string. `at` grows strictly from one to the next.
    """

    number: int
    id: str
    previous: str | None
    at: datetime
    attempt: str
    kind: PublicationKind
    ports: Mapping[str, PortState]
    partitions: tuple[str, ...] | None = None
    contracts: Mapping[str, str] = field(default_factory=dict)
    """Port -> version of the contract it was audited against."""
    empty: tuple[str, ...] = ()
    """All partitions that are published and have no row: no file tells of them."""
    release: Release | None = field(default=None, compare=False)
    """Where it is one. Storage knows it; the journal has it among the decisions of owners."""

    def derives(self, port: str) -> bool:
        """Whether a port of it is the first one, masked."""
        return bool(masks_of(self.contracts.get(port, "")))

    @property
    def rows(self) -> int:
        """Of all ports; those that are there twice, because one is the other masked, once."""
        return sum(each.rows for port, each in self.ports.items() if not self.derives(port))


@dataclass(frozen=True, slots=True)
class InputRead:
    """Which state of an input port an attempt really read. `publication` None: a source."""

    port: str
    address: str
    publication: str | None = None
    number: int | None = None
    partitions: tuple[str, ...] | None = None
    columns: Mapping[str, str] | None = None
    """Of a source with a contract that held: its columns and their types."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one partition of a product in an attempt, all of its ports together."""

    partition: str | None
    outcome: Outcome
    rows: int
    results: tuple[RuleResult, ...] = ()
    event_min: datetime | None = None
    event_max: datetime | None = None
    publication: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at making a product's data, from its start to what became of each partition."""

    id: str
    product: str
    started_at: datetime
    state: AttemptState
    decisions: tuple[Decision, ...] = ()
    reads: tuple[InputRead, ...] = ()
    staged: tuple[Staged, ...] = ()
    run_id: str | None = None
    partitions: tuple[str, ...] | None = None
    """What it set out to make; None is the whole."""
    base: int | None = None
    """Number of the newest publication when the attempt began (None: there was none)."""
    seconds: float | None = None
    error: str | None = None
