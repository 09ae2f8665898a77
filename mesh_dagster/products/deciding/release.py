"""Releasing what its audit stopped, and discarding it: what an owner answers for.

A release publishes the files that were audited, byte by byte, against the contract. It says so in
the publication itself, so that every reader can know it.
"""

from __future__ import annotations

from dataclasses import replace

from mesh_dagster import clock
from mesh_dagster.journal import Quarantined
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.review import Ruling
from mesh_dagster.model.snapshot import Decision, Outcome, Publication, PublicationKind, Release
from mesh_dagster.ports import places
from mesh_dagster.ports.change import PortChange
from mesh_dagster.ports.publish import publish
from mesh_dagster.ports.seal import refuse_changed
from mesh_dagster.products.auditing.layout import port_layout
from mesh_dagster.products.auditing.masking import (
    made_by_transform,
    published_versions,
    with_masked,
)
from mesh_dagster.products.mesh import Mesh


def release(
    mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined, ruling: Ruling
) -> tuple[Decision, Publication | None]:
    """Publish what waits against its contract, unless a newer attempt has published it.

    Raises `EvaluationError` where the files are not what was audited, or where a type in them is
    none that the contract's column can hold: that no reader could open. Nothing is published then.
    """
    product, keys = loaded.product.address, waiting.keys
    staged = made_by_transform(loaded, waiting.staged)
    refuse_changed(mesh.storage, product, staged)
    by_port = with_masked(mesh, loaded, staged, keys, waiting.attempt.started_at)
    published = publish(
        mesh.storage,
        product,
        {port: PortChange(port_layout(loaded, port), each) for port, each in by_port.items()},
        partitions=keys,
        attempt=waiting.attempt.id,
        base=waiting.attempt.base,
        kind=PublicationKind.RELEASE,
        at=clock.now(),
        contracts=published_versions(loaded),
        release=Release(
            ruling.by.name,
            ruling.by.proof,
            ruling.why,
            tuple(dict.fromkeys(each.rule for each in waiting.failures)),
        ),
    )
    found = published.publication
    outcome = Outcome.SUPERSEDED if found is None else Outcome.RELEASED
    return (
        replace(waiting.decision, outcome=outcome, publication=found.number if found else None),
        found,
    )


def delete_discarded(mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined) -> None:
    """Delete the files of a partition that was discarded."""
    root = places.root(loaded.product.address)
    mesh.storage.delete(f"{root}/{file.path}" for each in waiting.staged for file in each.files)
