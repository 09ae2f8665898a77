"""Processes that deliver lineage, and are killed at one of their lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from integration.killing import main

from mesh_dagster import clock
from mesh_dagster.model.address import Address
from mesh_dagster.products.keeping.lineage_delivery import deliver
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.run_events import Telling

FILES = (
    "lineage/drain.py",
    "lineage/workers.py",
    "lineage/sinks/",
    "journal/deliver",
    "journal/run_events.py",
    "products/keeping/lineage_delivery.py",
)


def act(root: str, number: str, begin: Callable[[], None]) -> None:
    """An attempt begins and fails, and lineage is delivered."""
    mesh = Mesh.open(Path(root))
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    loaded = mesh.load(Address.parse("shop/sales/v1"))
    telling, attempt, now = Telling(mesh, loaded), clock.new_id(), clock.now()
    run = telling.run_of(attempt, now, None)
    with mesh.journal("shop") as journal:
        begin()
        began = telling.started(run)
        journal.begin("shop/sales/v1", attempt, started_at=now, lineage=began)
        failed = telling.failed(run, ValueError("no"), ())
        journal.fail(attempt, "no", lineage=failed)
    deliver(mesh, domain)


if __name__ == "__main__":
    main(act, FILES)
