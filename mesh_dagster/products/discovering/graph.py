"""The graph of a mesh, of what all domains tell and of what the files of this checkout declare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.products.discovering.finding import index_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.graph import Graph

if TYPE_CHECKING:
    from mesh_dagster.contracts.evolution.diff import Diff


@contextmanager
def graph_of(mesh: Mesh) -> Iterator[Graph]:
    """The graph of a mesh as it is now. Raises `StorageError` where it was never known."""
    with index_of(mesh) as index:
        yield Graph(index, mesh.own())


def column_of(mesh: Mesh, address: Address, column: str) -> str:
    """The name of a column of a port, as its contract has it.

    Raises `UnknownAddress`, and `UsageError` for a column that the port does not have.
    """
    resolved = mesh.resolve(address)
    contract = mesh.described(resolved).contracts.get(resolved.port or "")
    known = [each.column for each in contract.table.properties] if contract else []
    found = [each for each in [*known, RECORDED_AT] if each.lower() == column.lower()]
    if not found:
        raise UsageError(
            f"{resolved.path} has no column {column!r}{did_you_mean(column, known)}",
            code="MESH-L044",
            fix=f"mesh show {resolved.path} lists them",
        )
    return column if column in found else found[0]


def changed_columns(found: Diff) -> tuple[str, ...] | None:
    """The columns that a change of a contract touches for its readers; None: the whole port.

    Where nothing changed for readers, there are none.
    """
    from mesh_dagster.contracts.evolution.change import Grade

    told = [each for each in found.changes if each.grade is not Grade.COMPATIBLE]
    if any(not each.columns for each in told):
        return None
    return tuple(sorted({column for each in told for column in each.columns}))
