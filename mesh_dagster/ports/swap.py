"""The one commit point: a publication's document, then the product's pointer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import places, pointer
from mesh_dagster.ports.storage import Storage

MOST_TRIES = 200
"""How often in a row others may win before it is given up."""


def swap(
    storage: Storage,
    product: Address,
    found: Publication,
    version: str | None,
    written: Sequence[str] = (),
) -> bool:
    """Make a publication the newest if the pointer still has this version; whether it did.

    What was written for one that lost is deleted again.
    """
    content = pointer.document(product, found)
    key = places.publication(product, found.number, found.id)
    storage.write(key, content)
    if storage.swap(places.pointer(product), content, version):
        return True
    # A swap whose answer was lost on the way is refused when it is sent again.
    published = pointer.since(storage, product, found.number - 1)
    if any(each.id == found.id for each in published):
        return True
    storage.delete([key, *written])
    return False


def after(newest: Publication | None, moment: datetime) -> datetime:
    """The moment of a publication: later than the newest one's, whatever the clock says."""
    if newest is None:
        return moment
    return max(moment, newest.at + timedelta(microseconds=1))
