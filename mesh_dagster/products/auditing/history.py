"""What was published before: that which rules on the shape of data compare it with.

Nothing is kept for it. A partition is compared with the published partitions before it, a
product without partitions with its publications before; of each the one column that the rule
is about is read again, and of numbers of rows nothing, because the documents tell them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

from mesh_dagster.contracts.audit.history.drift import Earlier, History
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import coverage, pointer
from mesh_dagster.ports.open import PortData
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import open_published


def history_of(
    mesh: Mesh,
    loaded: LoadedProduct,
    port: str,
    state: Publication | None,
    *,
    published: bool = False,
) -> History | None:
    """The history of a port up to a publication; None where there is none yet.

    `published`: that publication is what is audited, and no part of its own history.
    """
    if state is None or port not in state.ports:
        return None
    address = loaded.product.address.with_port(port or None)
    partitioning = loaded.wiring.partitioning
    if partitioning is None:

        def before(_: str | None, most: int) -> Sequence[Earlier]:
            found = _publications(mesh, loaded, port, state)
            return [
                Earlier(
                    f"publication {each.number}",
                    lambda each=each: open_published(mesh, address, publication=each).polars(),  # type: ignore[misc]
                    lambda each=each: each.ports[port].rows,  # type: ignore[misc]
                )
                for each in islice(found, int(published), most + int(published))
            ]

        return before

    @cache
    def held() -> list[tuple[Any, str]]:
        keys = coverage.partitions(mesh.storage, loaded.product.address, state)
        return sorted(((partitioning.window(key)[0], key) for key in keys), reverse=True)

    @cache
    def opened(key: str) -> PortData:
        return open_published(mesh, address, publication=state, partitions=[key])

    def earlier(key: str | None, most: int) -> Sequence[Earlier]:
        start = partitioning.window(key or "")[0]
        names = islice((name for at, name in held() if at < start), most)
        return [
            Earlier(
                name,
                lambda name=name: opened(name).polars(),  # type: ignore[misc]
                lambda name=name: opened(name).rows,  # type: ignore[misc]
            )
            for name in names
        ]

    return earlier


def _publications(
    mesh: Mesh, loaded: LoadedProduct, port: str, state: Publication
) -> Iterator[Publication]:
    """From a publication back, each state of the port once: a rollback repeats one."""
    seen: set[str] = set()
    for each in pointer.publications(mesh.storage, loaded.product.address):
        there = each.ports.get(port)
        if each.number > state.number or there is None or there.metadata in seen:
            continue
        seen.add(there.metadata)
        yield each
