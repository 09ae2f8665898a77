"""Rights to read: what is asked for, what was granted, what was decided and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal

LONGEST_PURPOSE = 2_000
"""Characters of a purpose, or of the reason for a decision."""


class Effect(StrEnum):
    """What a rule of access or a grant does. A refusal stands above every right."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Somebody asks to read a port, for a purpose, until a moment.

    It lies in the registry prefix of the domain that asks. `digest` is the checksum of all the
    rest: a grant names it, so that it cannot be made to mean another request.
    """

    id: str
    by: Principal
    domain: str
    port: Address
    purpose: str
    until: datetime
    at: datetime
    asked_by: str
    """The person who asked, and how that was proven, as text."""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A right to read a port, or a refusal. It lies in the registry prefix of its producer."""

    id: str
    effect: Effect
    principal: Principal
    port: Address
    purpose: str
    since: datetime
    until: datetime
    by: str
    """Who decided, and how that was proven, as text; `policy` where nobody had to."""
    why: str = ""
    domain: str | None = None
    """The domain that asked for it."""
    request: str | None = None
    request_digest: str | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.since <= now < self.until and (self.revoked_at is None or now < self.revoked_at)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that was not granted, so that nobody decides on it again.

    It takes no right away: that is what a grant with the effect `deny` does.
    """

    request: str
    domain: str
    digest: str
    at: datetime
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """Whether somebody may read, and why, in one sentence. `fix` is how to get the right."""

    allowed: bool
    reason: str
    rule: str
    """Which rule of `access.decision` said so."""
    grant: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One read, allowed or not, as the audit keeps it.

    `number` counts those of one log from 1; `digest` is the checksum of this entry with that of the
    one before it (`previous`), so that none can be changed, left out or put in unseen.
    """

    number: int
    at: datetime
    principal: Principal
    identity: str
    port: Address
    publication: int | None
    columns: tuple[str, ...] | None
    purpose: str | None
    means: str
    allowed: bool
    reason: str
    previous: str = field(default="")
    digest: str = field(default="")
