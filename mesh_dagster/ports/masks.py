"""Which masks a published port was made with, and that states with others are shown to nobody.

The version of its contract says so, in the part that semantic versioning leaves for builds. Once a
column is masked that was not before, or otherwise, what had been published holds what is to be
hidden: so the port begins anew then, and its past is not opened any more.
"""

from __future__ import annotations

from mesh_dagster.errors import NeverPublished
from mesh_dagster.model.address import Address
from mesh_dagster.model.mask import MASKED, masks_of
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import pointer
from mesh_dagster.ports.storage import Storage


def masks_in(publication: Publication | None, port: str) -> str:
    """What the version of a port's contract says of masks in a publication; empty: of none."""
    version = publication.contracts.get(port, "") if publication else ""
    return masks_of(version)


def refuse_other_masks(
    storage: Storage, product: Address, port: str | None, publication: Publication
) -> None:
    """Raise `NeverPublished` where a port is the one that is masked, and was so otherwise."""
    if port != MASKED:
        return
    current = pointer.current(storage, product)
    if masks_in(publication, MASKED) != masks_in(current, MASKED):
        raise NeverPublished(
            f"{product.path}/{MASKED} was masked otherwise in publication {publication.number}, "
            "and what it showed then is not shown any more",
            code="MESH-A052",
            fix=f"mesh snapshots {product.path}/{MASKED}",
        )
