"""One OpenLineage event, as it is kept and sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mesh_dagster.model.notification import Channel

LINEAGE_KEPT = 30 * 86_400.0
"""Seconds for which events are kept, unless mesh.yaml or domain.yaml says otherwise."""


class RunState(StrEnum):
    """What an event says of its run (OpenLineage's `eventType`)."""

    START = "START"
    COMPLETE = "COMPLETE"
    FAIL = "FAIL"
    ABORT = "ABORT"
    """Its process is gone, and it has published nothing."""

    @property
    def ends(self) -> bool:
        return self is not RunState.START


@dataclass(frozen=True, slots=True)
class RunEvent:
    """What happened to one run of a product, in the very bytes in which it is sent.

    `run` is the run's id, a UUIDv7. `sinks` are the names of those it goes to. `publication` is
    the number of the publication that it tells of.
    """

    run: str
    state: RunState
    product: str
    at: datetime
    body: bytes
    sinks: tuple[str, ...] = ()
    publication: int | None = None

    @property
    def key(self) -> str:
        """What tells it from any other event, however often it is recorded or sent."""
        return f"{self.run}:{self.state}"


@dataclass(frozen=True, slots=True)
class LineageSettings:
    """`lineage` of mesh.yaml or of a domain.yaml; what is None is not said there.

    In `namespace` and in the settings of sinks `{domain}` stands for the domain's name. `keep`,
    `timeout`, `first` and `longest` are in seconds.
    """

    namespace: str | None = None
    keep: float | None = None
    sinks: tuple[Channel, ...] = ()
    timeout: float | None = None
    first: float | None = None
    longest: float | None = None
    internal_assets: bool | None = None
    where: str | None = None
