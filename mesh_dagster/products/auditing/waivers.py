"""Which rules of a product its owners let not block, as its journal has it."""

from __future__ import annotations

from mesh_dagster import clock
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.reviews.waivers import Waivers


def waivers_of(journal: Journal, loaded: LoadedProduct) -> Waivers:
    """The waivers of a product that hold now."""
    return Waivers(tuple(journal.reviews.rulings(loaded.product.address.path)), clock.now())
