"""How a product is made, where its descriptor only says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mesh_dagster.model.partition import Partitioning


class TransformKind(StrEnum):
    """What does the work."""

    PYTHON = "python"
    SQL = "sql"
    DBT = "dbt"
    ASSET = "asset"


@dataclass(frozen=True, slots=True)
class TransformRef:
    """`name` is a file of the product's folder, a dbt model or the key of an asset."""

    kind: TransformKind
    name: str
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Where the data of a source system is: a path, or a path within an installed package.

    `path` is relative to the product's folder unless it is absolute or a URL; `options` are
    those of the reader of its `format`.
    """

    path: str
    format: str
    package: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    where: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What `defs.yaml` says of a product.

    `sources` and `windows` are by input port; a window (-7, -1) means that a partition reads
    the upstream's seven partitions before it.
    """

    transform: TransformRef
    partitioning: Partitioning | None = None
    schedule: str | None = None
    sources: Mapping[str, SourceRef] = field(default_factory=dict)
    windows: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    where: str | None = field(default=None, compare=False)
