"""Reading a port as anybody would, to see whether it answers."""

from __future__ import annotations

from collections.abc import Iterable

from mesh_dagster import clock
from mesh_dagster.errors import NeverPublished
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.slo import Indicator
from mesh_dagster.products.keeping.service_levels import objectives
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import open_published

SECONDS = 15.0
"""How long one round may take: a tick of the sensor has a minute for everything."""


def probe(mesh: Mesh, products: Iterable[LoadedProduct], seconds: float = SECONDS) -> int:
    """Read a row of each port that promises to be available, and record how it went.

    How many were read: what does not fit into the time waits for the next round, which begins
    with it when it is asked for in that order. What was never published cannot be read, and is no
    outage. Raises `JournalError`.
    """
    watch, read = clock.Stopwatch(), 0
    for loaded in products:
        for port in _promising(loaded):
            if watch.seconds > seconds:
                return read
            read += _probe(mesh, loaded, port)
    return read


def _promising(loaded: LoadedProduct) -> list[str]:
    stated = objectives(loaded)
    return [each.port for each in stated if each.indicator is Indicator.AVAILABILITY]


def _probe(mesh: Mesh, loaded: LoadedProduct, port: str) -> int:
    address = loaded.product.address.with_port(port or None)
    watch, error = clock.Stopwatch(), None
    try:
        open_published(mesh, address).polars().head(1).collect()
    except NeverPublished:
        return 0
    except Exception as failed:  # noqa: BLE001 (whatever it is, the reader got no row)
        said = str(failed).strip().partition("\n")[0]
        error = f"{type(failed).__name__}: {said}"[:300]
    with mesh.journal(loaded.domain.name) as journal:
        path = loaded.product.address.path
        journal.probed(path, port, at=clock.now(), seconds=watch.seconds, error=error)
    return 1
