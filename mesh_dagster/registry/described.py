"""One product as the mesh knows it: what its domain tells, from its files or by its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesh_dagster.model.discovery import NOTHING, Facts
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.product import Product

if TYPE_CHECKING:
    from mesh_dagster.model.contract import Contract


@dataclass(frozen=True, slots=True)
class Described:
    """What the mesh knows of a product. `contracts` maps a port's name to its contract; the
    first port's name is the empty string. `facts` are as of when its document was written; from
    files alone there are none."""

    product: Product
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    partitioning: Partitioning | None = None
    facts: Facts = NOTHING

    @classmethod
    def of(cls, loaded: LoadedProduct, facts: Facts = NOTHING) -> Described:
        """What its own domain tells of a product."""
        return cls(loaded.product, loaded.contracts, loaded.wiring.partitioning, facts)

    @property
    def domain(self) -> str:
        return self.product.address.domain
