"""Words of governance: when a policy is asked, how far it holds, who is let off it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


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


NOT_ASKED = "none"
"""In YAML, in the place of a severity: the policy is not asked."""


@dataclass(frozen=True, slots=True)
class PolicySetting:
    """What mesh.yaml or a domain.yaml says of one policy; what it does not say is as it was.

    `severity` is by the name of a stage (`*`: every one in which the policy is asked), each a
    severity or `none`. `options` are the policy's own.
    """

    policy: str
    force: Force | None = None
    until: date | None = None
    severity: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """`policies` of mesh.yaml or a domain.yaml: the sets that hold, and what differs from them."""

    sets: tuple[str, ...] = ()
    settings: tuple[PolicySetting, ...] = ()
    where: str | None = field(default=None, compare=False)
