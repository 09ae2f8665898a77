"""A business area, and the team that answers for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mesh_dagster.model.product import Member


@dataclass(frozen=True, slots=True)
class Domain:
    """What `domain.yaml` says. `folder` is where it lies."""

    name: str
    folder: Path
    team: str | None = None
    contact: str | None = None
    cost_centre: str | None = None
    description: str | None = None
    members: tuple[Member, ...] = ()
    where: str | None = field(default=None, compare=False)
