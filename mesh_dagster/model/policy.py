"""Words of governance: when a policy is asked, how far it holds, who is let off it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Moment(StrEnum):
    """When a policy is asked."""

    BUILD = "build"
    """`mesh check`, in CI and on a laptop."""
    LOAD = "load"
    """When a domain's code location loads: an enforced failure keeps it from loading."""
    PUBLISH = "publish"
    """At the gate: an enforced failure leaves what was staged in quarantine."""
    ACCESS = "access"
    """When somebody reads: an enforced failure refuses it."""


class Scope(StrEnum):
    """Whose policy it is: the federation's, for every domain, or one domain's for itself."""

    GLOBAL = "global"
    DOMAIN = "domain"


class Force(StrEnum):
    """How far in its life a policy is."""

    DRAFT = "draft"
    """Told to those who govern only."""
    GRACE = "grace"
    """Warns until a date, and is enforced from then on."""
    ENFORCED = "enforced"


@dataclass(frozen=True, slots=True)
class PolicyWaiver:
    """A product, or a whole domain, is let off one policy for a while.

    `subject` is the path of a product (`flights/departures/v1`, or without its major) or the name
    of a domain. It holds up to and with the day `until`.
    """

    policy: str
    subject: str
    by: str
    why: str
    until: date
    where: str | None = field(default=None, compare=False)

    def holds(self, today: date) -> bool:
        """Whether it has not ended."""
        return today <= self.until
