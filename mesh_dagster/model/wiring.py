"""How a product is made: its transform, partitions, schedule and sources (defs.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mesh_dagster.model.partition import Partitioning


class TransformKind(StrEnum):
    """What does the work."""

    PYTHON = "python"
    SQL = "sql"
    DBT = "dbt"
    ASSET = "asset"


@dataclass(frozen=True, slots=True)
class TransformRef:
    """`name` is a file of the product's folder, a dbt model, or the path of an asset key."""

    kind: TransformKind
    name: str
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SourceRef:
    """The file of a source system: where it lies, in an installed package or by path, and what
    it is written in."""

    path: str
    package: str | None = None
    format: str | None = None
    null_values: tuple[str, ...] = ()
    delimiter: str | None = None
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Wiring:
    """`windows` says, for an input port, which of its partitions one of ours reads: (-7, -1) is
    the seven before."""

    transform: TransformRef
    partitioning: Partitioning | None = None
    schedule: str | None = None
    sources: Mapping[str, SourceRef] = field(default_factory=dict)
    windows: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    where: str | None = field(default=None, compare=False)
