"""What happened that a person should hear of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """Why somebody is told."""

    QUARANTINED = "quarantined"
    SETTLED = "settled"
    """Nothing of what an attempt left in quarantine waits any more."""
    REVIEW_OVERDUE = "review overdue"
    CONTRACT_CHANGED = "contract changed"
    DEPRECATED = "deprecated"
    SUNSET = "sunset"
    """What is deprecated ends soon, or should have."""
    RETIRED = "retired"
    BURNING = "burning"
    BREACHED = "breached"
    RECOVERED = "recovered"
    SCORE_FELL = "score fell"
    WITHDRAWN = "withdrawn"
    """What an incident was about is not there any more."""


OPENS = (EventKind.QUARANTINED, EventKind.BURNING, EventKind.BREACHED)
"""The kinds that open an incident; a breach makes one that a burning budget opened graver."""

CLOSES = (EventKind.SETTLED, EventKind.RECOVERED, EventKind.WITHDRAWN)
"""The kinds that close the incident they name."""

_OF_OWNERS = (EventKind.BURNING, EventKind.REVIEW_OVERDUE, EventKind.SCORE_FELL)
TOLD_DOWNSTREAM = tuple(kind for kind in EventKind if kind not in _OF_OWNERS)
"""The kinds that the owners of readers hear of."""


def spelled(names: Sequence[str], most: int = 3) -> str:
    """The first of many names, and how many more there are: for a summary."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one product, in the mesh's time.

    `subject` is the path of the product with its major. `key` names the event for good: the same
    one recorded twice is one. Events of one `topic` cool down together; those of one `cause` (a
    product's path) go out as one message. `incident` is the incident that the event opens or
    closes, and `began` the moment since when that holds, which may lie before it was noticed.
    `affects` names the products of the domain that read the subject, where it is not its own.
    """

    kind: EventKind
    subject: str
    at: datetime
    key: str
    summary: str
    details: Mapping[str, Any] = field(default_factory=dict)
    objective: str = ""
    cause: str = ""
    incident: str | None = None
    began: datetime | None = None
    affects: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        return f"{self.kind}:{self.subject}:{self.objective}"

    @property
    def concerns_readers(self) -> bool:
        """Whether the owners of products that read the subject hear of it: of an end only where
        they heard of the beginning."""
        after_burning = self.details.get("after") == EventKind.BURNING
        ended = self.kind in CLOSES and after_burning
        return self.kind in TOLD_DOWNSTREAM and not ended

    @property
    def root(self) -> str:
        """The product at which it began."""
        return self.cause or self.subject


@dataclass(frozen=True, slots=True)
class Told:
    """One message to one recipient: who, when, and how it went. Moments are wall time."""

    channel: str
    to: str
    state: str
    message: str | None = None
    tries: int = 0
    at: datetime | None = None
    """When it was delivered, given up or dropped."""
    due: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A breach, or a budget that burns too fast to last, from its opening to its repair.

    `began`, `opened` and `closed` are the mesh's time; `noticed` and `notified` wall time, in
    which messages travel.
    """

    id: str
    product: str
    kind: EventKind
    summary: str
    began: datetime
    opened: datetime
    noticed: datetime
    closed: datetime | None = None
    notified: datetime | None = None
    objective: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    repair: Mapping[str, Any] = field(default_factory=dict)
    """What closed it: how, by whom, and the publication that did."""
    told: tuple[Told, ...] = ()

    @property
    def seconds_to_detect(self) -> float:
        return (self.opened - self.began).total_seconds()

    @property
    def seconds_to_notify(self) -> float | None:
        return None if self.notified is None else (self.notified - self.noticed).total_seconds()

    @property
    def seconds_to_repair(self) -> float | None:
        return None if self.closed is None else (self.closed - self.opened).total_seconds()
