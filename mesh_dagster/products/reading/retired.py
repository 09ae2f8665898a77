"""What is retired is read no more, and made no more; what it was is kept."""

from __future__ import annotations

from contextlib import suppress

from mesh_dagster.errors import MeshError, NeverPublished, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.life import life_of
from mesh_dagster.model.product import Product, Stage
from mesh_dagster.products.mesh import Mesh

RETIRED = "MESH-P044"


def refuse_retired(mesh: Mesh, address: Address) -> None:
    """Raise `NeverPublished` for a product that shows nothing any more.

    Of one that nobody can tell of, as a contract may refer to it, nothing is refused here. What a
    document tells was looked at when it was decided who may read.
    """
    product = None
    with suppress(MeshError):
        product = mesh.product(address)
    if product is None or life_of(product) is not Stage.RETIRED:
        return
    path, said = product.address.path, product.deprecation
    instead = said.instead if said else None
    raise NeverPublished(
        f"{path} is retired, and read no more" + (f"; there is {instead.path}" if instead else ""),
        code=RETIRED,
        where=product.where,
        fix=f"read {instead.path}" if instead else f"mesh snapshots {path}, then --as-of NUMBER",
    )


def refuse_making(product: Product) -> None:
    """Raise `UsageError` for a product of which nothing is made any more."""
    if life_of(product) is Stage.RETIRED:
        raise UsageError(
            f"{product.address.path} is retired, and made no more",
            code=RETIRED,
            where=product.where,
            fix="status: active in its descriptor and contracts brings it back",
        )
