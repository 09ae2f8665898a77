"""How a test is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mesh_dagster.contracts.files.open import Engine
from mesh_dagster.contracts.selection import Selection


class ExtraColumns(StrEnum):
    """How bad a column is that the contract does not name, whatever that says of it."""

    ERROR = "error"
    WARNING = "warning"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Options:
    """How to test: which engine, which rules, what beside counts is wanted."""

    server: str | None = None
    engine: Engine | None = None
    selection: Selection = field(default_factory=Selection)
    samples: int = 0
    extra_columns: ExtraColumns | None = None
    python: bool = False
    baseline: str | None = None
