"""Incidents of what is not there any more: a product that is gone, a promise taken back.

Nothing would ever mend them, so they are closed, and whoever heard of them hears why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress

from mesh_dagster import clock
from mesh_dagster.descriptors.mesh import read_mesh
from mesh_dagster.errors import DescriptorError, UnknownAddress
from mesh_dagster.journal import Journal
from mesh_dagster.journal.told import Going
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.life import life_of
from mesh_dagster.model.product import Stage
from mesh_dagster.products.keeping.service_levels import objectives
from mesh_dagster.products.mesh import Mesh


def withdraw(
    mesh: Mesh, domain: Domain, journal: Journal, loaded: Collection[LoadedProduct]
) -> list[Event]:
    """Close the incidents of a domain that are about nothing any more; what was new of it.

    `loaded` are its products as far as their files can be read. While any descriptor of the
    checkout cannot be, no product counts as removed. Raises `JournalError`.
    """
    going = [each for each in journal.outbox.going() if each.product.startswith(f"{domain.name}/")]
    over = {event.incident for event in _ends(mesh, going, loaded)}
    if not over:
        return []
    # A location knows the files of when it was loaded; what was added since is not gone.
    return journal.outbox.put(_ends_now(mesh, [each for each in going if each.id in over]))


def _ends_now(mesh: Mesh, going: Collection[Going]) -> list[Event]:
    """What the files say as they are now; nothing while the mesh itself cannot be read."""
    loaded = []
    try:
        now = Mesh(read_mesh(mesh.config.file))
    except DescriptorError:
        return []
    for path in sorted({each.product for each in going}):
        with suppress(DescriptorError, UnknownAddress):
            loaded.append(now.load(Address.parse(path)))
    return list(_ends(now, going, loaded))


def _ends(
    mesh: Mesh, going: Collection[Going], loaded: Collection[LoadedProduct]
) -> Iterator[Event]:
    there = {each.address.path: each for each in mesh.own()}
    readable = all(each.severity is not Severity.ERROR for each in mesh.listing.findings)
    promised = {
        each.product.address.path: {one.name for one in objectives(each)} for each in loaded
    }
    for each in going:
        product = there.get(each.product)
        if product is None and readable:
            yield _end(each, "the product was removed")
        elif not each.objective:
            continue
        elif product is not None and life_of(product) is Stage.RETIRED:
            yield _end(each, "the product is retired")
        elif each.objective not in promised.get(each.product, {each.objective}):
            yield _end(each, f"its contract does not promise {each.objective} any more")


def _end(going: Going, why: str) -> Event:
    return Event(
        EventKind.WITHDRAWN,
        going.product,
        clock.now(),
        key=f"{EventKind.WITHDRAWN}:{going.id}",
        summary=f"{going.product}: {why}; the incident is closed",
        details={"outcome": str(EventKind.WITHDRAWN), "why": why, "after": going.kind.value},
        objective=going.objective,
        incident=going.id,
    )
