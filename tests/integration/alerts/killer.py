"""Processes that tell people something, and are killed at one of their lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from integration.killing import main

from mesh_dagster import clock
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.products.keeping.alerting import tell
from mesh_dagster.products.mesh import Mesh

FILES = (
    "alerts/",
    "journal/outbox.py",
    "journal/letters.py",
    "journal/sending.py",
    "journal/happenings.py",
    "products/keeping/alerting.py",
    "registry/news.py",
)


def act(root: str, number: str, begin: Callable[[], None]) -> None:
    """Two events of one product happen, and people are told."""
    mesh = Mesh.open(Path(root))
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    product = f"shop/p{number}/v1"
    with mesh.journal("shop") as journal:
        begin()
        for part in ("first", "then"):
            cause = f"{number} {part}"
            event = Event(EventKind.BREACHED, product, clock.now(), cause, cause, cause=cause)
            journal.outbox.put([event])
    tell(mesh, domain)


if __name__ == "__main__":
    main(act, FILES)
