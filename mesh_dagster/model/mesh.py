"""The mesh itself: where its domains, its storage and its records are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

EMBEDDED = "sqlite"
"""The `journal` of a mesh on one machine: a file per domain."""

_DOMAIN = "{domain}"


@dataclass(frozen=True, slots=True)
class Replay:
    """The moment the mesh lives at, and the first one it knows, as ISO 8601 texts."""

    now: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class MeshConfig:
    """What `mesh.yaml` says. `storage` and `registry` are absolute folders or URLs."""

    name: str
    file: Path
    storage: str
    registry: str
    journal: str = EMBEDDED
    domains: tuple[str, ...] = ("domains/*/src/*",)
    replay: Replay | None = None
    where: str | None = field(default=None, compare=False)

    @property
    def folder(self) -> Path:
        """The folder of mesh.yaml; its relative paths begin here."""
        return self.file.parent

    def journal_url(self, domain: str) -> str:
        """Where a domain's ledger is, as an SQLAlchemy URL."""
        if self.journal == EMBEDDED:
            return f"sqlite:///{self.folder}/.mesh/journals/{domain}.db"
        return self.journal.replace(_DOMAIN, domain)
