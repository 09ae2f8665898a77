"""What a port's table looks like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.types import ColumnType, Kind


@dataclass(frozen=True, slots=True)
class PortLayout:
    """What a port's table looks like: its columns in order, and how it is cut.

    `name` None is the product's first port. A column is (name, type, required); the type None
    means that the contract names none, and the column is stored as it was first published.
    """

    name: str | None
    columns: tuple[tuple[str, ColumnType | None, bool], ...]
    partitioning: Partitioning | None = None

    def types(self) -> Iterator[tuple[str, ColumnType | None]]:
        """All stored columns with their types, the platform's own last."""
        for name, kind, _ in self.columns:
            yield name, kind
        yield RECORDED_AT, ColumnType(Kind.TIMESTAMPTZ)
