"""A domain and the mesh that it is part of, as their YAML files describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_dagster.model.finding import Finding
from mesh_dagster.model.life import DEFAULT_RULES, LifeRules
from mesh_dagster.model.mask import MASKED, NO_MASKS, Masks
from mesh_dagster.model.notification import Notifications
from mesh_dagster.model.policy import PolicySettings
from mesh_dagster.model.product import Member, OutputPort, Product
from mesh_dagster.model.run_event import LineageSettings

if TYPE_CHECKING:
    from mesh_dagster.model.contract import Contract
    from mesh_dagster.model.wiring import Wiring

EMBEDDED = "sqlite"
"""The journal of a mesh on one machine: a file per domain."""

ANY_IDENTITY = ("os", "environment", "launchpad")
"""The proofs of who somebody is that need no configuration, those that prove nothing included."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A business area, its team and where its files lie (the folder of domain.yaml)."""

    name: str
    team: str
    folder: Path
    contact: str | None = None
    cost_centre: str | None = None
    members: tuple[Member, ...] = ()
    description: str | None = None
    notifications: Notifications | None = None
    lineage: LineageSettings | None = None
    region: str | None = None
    """Where the data of its products belongs, unless one of them says otherwise."""
    policies: PolicySettings | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """The span of history at which a mesh stands still (design rule 8)."""

    now: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """mesh.yaml: `storage` and `registry` are URLs or absolute paths; `journal` may hold
    `{domain}`. `warnings` is what is suspicious in it, as a misspelt key is."""

    name: str
    file: Path
    storage: str
    registry: str
    journal: str
    domains: tuple[str, ...]
    replay: Replay | None = None
    warnings: tuple[Finding, ...] = field(default=(), compare=False)
    notifications: Notifications | None = None
    lineage: LineageSettings | None = None
    lifecycle: LifeRules = DEFAULT_RULES
    identities: tuple[str, ...] = ANY_IDENTITY
    """Which proofs of who decides on a review are accepted, the most wanted first."""
    policies: PolicySettings | None = None
    governance: tuple[Member, ...] = ()
    """Who may let a product off a policy that holds for all domains."""
    masks: Masks = field(default_factory=lambda: NO_MASKS)
    """What becomes of columns of a classification in the ports `masked`."""
    mask_key: str | None = None
    """The environment variable that holds the key of hashes; None: a file of this checkout."""

    @property
    def root(self) -> Path:
        return self.file.parent

    @property
    def state(self) -> Path:
        """The folder of what is local to this checkout: journals, caches, DAGSTER_HOME."""
        return self.root / ".mesh"


@dataclass(frozen=True, slots=True)
class LoadedProduct:
    """All files of a product's folder. `contracts` maps a port's name to its contract; the
    first port's name is the empty string. `source_contracts` are by input port. `masks` are by
    column: where there are any, the port `masked` is derived from the first one."""

    product: Product
    contracts: Mapping[str, Contract]
    wiring: Wiring
    folder: Path
    domain: Domain = field(compare=False)
    source_contracts: Mapping[str, Contract] = field(default_factory=dict)
    masks: Masks = field(default_factory=lambda: NO_MASKS)

    def derives(self, port: str | None) -> bool:
        """Whether a port is no work of the transform, but the first one, masked."""
        return bool(self.masks) and port == MASKED

    @property
    def made(self) -> tuple[OutputPort, ...]:
        """The output ports that the transform makes."""
        return tuple(each for each in self.product.outputs if not self.derives(each.address.port))
