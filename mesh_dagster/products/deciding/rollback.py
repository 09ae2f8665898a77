"""Publishing an earlier state again, on the record."""

from __future__ import annotations

from mesh_dagster import clock
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import rollback as ports_rollback
from mesh_dagster.products.deciding.heal import heal
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import publication_at
from mesh_dagster.products.reading.retired import refuse_making
from mesh_dagster.products.telling.describe import announce
from mesh_dagster.products.telling.run_events import Telling


def rollback(mesh: Mesh, loaded: LoadedProduct, to: int | str) -> Publication:
    """Publish the state of an earlier publication, by number or id, as the newest one.

    Nothing is deleted: the states in between stay readable `as_of`. Raises `NeverPublished`
    when retention has let the publication go.
    """
    refuse_making(loaded.product)
    product = loaded.product.address
    earlier = publication_at(mesh, product, to)
    with mesh.journal(product.domain) as journal:
        heal(mesh, loaded, journal)
        attempt = clock.new_id()
        publication = ports_rollback.rollback(
            mesh.storage, product, to=earlier, attempt=attempt, at=clock.now()
        )
        columns = journal.columns(product.path, publication)
        told = Telling(mesh, loaded, columns).rolled_back(publication)
        journal.record_publication(product.path, publication, lineage=told)
    announce(mesh, loaded)
    return publication
