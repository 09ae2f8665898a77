"""The stages that products reached on the record of their domain's journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from mesh_dagster.model.product import Stage
from mesh_dagster.products.mesh import Mesh

OnRecord = Mapping[str, frozenset[Stage]]
"""By the path of a product."""


def stages_on_record(mesh: Mesh, domain: str) -> OnRecord | None:
    """The stages to which a domain's products were moved.

    None where its journal knows of no product: the domain is run by another checkout, which has
    the record. Raises `JournalError`.
    """
    if not mesh.summary(domain):
        return None
    found = defaultdict[str, set[Stage]](set)
    with mesh.journal(domain) as journal:
        for made in journal.lives.of():
            found[made.product].add(made.after)
    return {product: frozenset(stages) for product, stages in found.items()}
