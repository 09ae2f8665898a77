"""What a contract says about storage: columns, partitions, retention (design rule 7)."""

from __future__ import annotations

from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.ports.schema import PortLayout

KEEP_DAYS = 30
KEEP_PUBLICATIONS = 100
"""What is kept without a `retention` in the contract: the larger of the two."""


def port_layout(loaded: LoadedProduct, port: str) -> PortLayout:
    """The table that the contract of a port describes. The first port's name is empty."""
    return contract_layout(loaded.contracts[port], port, loaded.wiring.partitioning)


def contract_layout(
    contract: Contract, port: str = "", partitioning: Partitioning | None = None
) -> PortLayout:
    """The table that a contract describes."""
    columns = ((each.column, each.type, each.required) for each in contract.table.properties)
    return PortLayout(port or None, tuple(columns), partitioning)


def days_kept(contract: Contract) -> float:
    """For how many days a contract promises that its publications can be read as of then."""
    level = contract.service_level("retention")
    days = level.days if level else None
    return KEEP_DAYS if days is None else days
