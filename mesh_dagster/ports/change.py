"""What a publish is asked to do: to which ports, with which files, on top of what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication, PublicationKind, Release, Staged, StagedFile
from mesh_dagster.model.types import ColumnType
from mesh_dagster.ports import places
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.stage import staged_schema
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.types import widens

Still = Callable[[Publication | None], bool]


@dataclass(frozen=True, slots=True)
class PortChange:
    """What a publication does to one port: its layout from now on, and the files it gets."""

    layout: PortLayout
    staged: Staged


@dataclass(frozen=True)
class Request:
    """A publish, as it was asked for. `still` decides whether a state may be built on."""

    storage: Storage
    product: Address
    ports: Mapping[str, PortChange]
    partitions: tuple[str, ...] | None
    attempt: str
    base: int | None
    kind: PublicationKind
    at: datetime
    contracts: Mapping[str, str]
    still: Still | None
    release: Release | None = None


def typed(storage: Storage, product: Address, change: PortChange) -> PortChange:
    """The change with the staged type where the contract names none.

    The audit has compared the types before; here a mismatch would break every reader.
    """
    staged = staged_schema(storage, product, change.staged)
    columns = []
    for name, wanted, required in change.layout.columns:
        found = staged.get(name, wanted)
        kind = wanted or found
        fits = found is None or (
            isinstance(found, ColumnType) and isinstance(kind, ColumnType) and widens(found, kind)
        )
        if not fits or isinstance(kind, str):
            raise EvaluationError(
                f"{product.with_port(change.layout.name)} · {name} is {found} in what was staged"
                + (f" and {wanted} in the contract" if wanted else ", which Iceberg cannot hold")
                + ": it cannot be published",
                code="MESH-M021",
                fix=f"cast {name} to {wanted or 'another type'} in the transform",
            )
        columns.append((name, kind, required))
    return replace(change, layout=replace(change.layout, columns=tuple(columns)))


def files_of(change: PortChange, decided: tuple[str, ...] | None) -> list[StagedFile]:
    if change.layout.partitioning is None or decided is None:
        return list(change.staged.files)
    return [file for file in change.staged.files if file.partition in decided]


def keys_of(request: Request) -> list[str]:
    root = places.root(request.product)
    return [
        f"{root}/{file.path}"
        for change in request.ports.values()
        for file in files_of(change, request.partitions)
    ]
