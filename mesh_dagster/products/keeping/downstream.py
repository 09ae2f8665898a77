"""Who waits downstream: the products that read one, and those that read them."""

from __future__ import annotations

from dataclasses import dataclass

from mesh_dagster.model.address import Address
from mesh_dagster.products.mesh import Mesh


@dataclass(frozen=True, slots=True)
class Waiting:
    """A product that reads another: at once, or over `through`."""

    product: Address
    team: str | None
    through: Address | None = None


def downstream(mesh: Mesh, product: Address) -> tuple[Waiting, ...]:
    """All that would have to do without a product, those that read it themselves first."""
    known = mesh.products()
    found: dict[Address, Waiting] = {}
    to_see: list[tuple[Address, Address | None]] = [(product.of_product, None)]
    while to_see:
        source, through = to_see.pop(0)
        for reader in known:
            if reader.address not in found and reader.reads(source):
                found[reader.address] = Waiting(reader.address, reader.team, through)
                to_see.append((reader.address, reader.address))
    return tuple(found.values())
