"""What an attempt did, as far as lineage tells of it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.snapshot import InputRead


@dataclass(frozen=True, slots=True)
class Parent:
    """The run that an attempt was a part of: a run of Dagster."""

    run: str
    job: str
    at: datetime

    @property
    def id(self) -> str:
        """Its id as lineage has it, the same for whoever tells of that run."""
        return run_id(self.run, self.at)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a product's job: an attempt, a release or a rollback.

    `parent` is the content of its facet. `window` is the time that its data is about.
    """

    id: str
    at: datetime
    parent: Mapping[str, Any] | None = None
    partitions: tuple[str, ...] | None = None
    window: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of an input port, and the contract of that port where it is known."""

    read: InputRead
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one output port. `version` None: nothing was published there.

    `first`: there was no publication before. `metadata` is where the table is described.
    """

    port: str
    version: int | None = None
    first: bool = False
    rows: int | None = None
    size: int | None = None
    files: int | None = None
    results: Sequence[RuleResult] = ()
    columns: ColumnLineage | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended; `tags` say it in words that a backend can look for.

    `sql` is what was run, where nothing but the run itself could tell.
    """

    at: datetime
    reads: Sequence[Read] = ()
    written: Sequence[Written] = ()
    error: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    publication: int | None = None
    sql: str | None = None


def run_id(text: str, at: datetime) -> str:
    """The id of a run, from what it is called elsewhere and when it began.

    Ids of the mesh are UUIDv7 already and stay what they are. Of others one is made that is the
    same whoever makes it.
    """
    try:
        known = uuid.UUID(text)
    except ValueError:
        known = None
    if known is not None and known.version == 7:
        return str(known)
    millis = int(at.timestamp() * 1000) & (1 << 48) - 1
    tail = int.from_bytes(hashlib.sha256(text.encode()).digest()[:10])
    value = millis << 80 | 0x7 << 76 | (tail >> 62 & 0xFFF) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | tail & (1 << 62) - 1))
