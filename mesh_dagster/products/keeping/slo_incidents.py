"""Service levels that are in trouble: told to people, and kept as incidents.

What objectives come to is computed and not stored; what was told of it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from mesh_dagster.alerts.transitions import transitions
from mesh_dagster.errors import MeshError
from mesh_dagster.journal import Journal
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.event import CLOSES, OPENS, Event
from mesh_dagster.model.slo import Standing
from mesh_dagster.products.keeping.withdrawn import withdraw
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.news import read_news

MEASURED = "service levels"
"""The sign of life of whoever measures a domain's objectives."""


def measure(mesh: Mesh, domain: Domain, every: float) -> list[Event]:
    """Measure all objectives of a domain now, and record what has changed.

    A product whose files cannot be read is left out. Raises `JournalError`.
    """
    from mesh_dagster.products.keeping.service_levels import reports

    loaded = tuple(mesh.readable(domain.name))
    standings = [each for report in reports(mesh, loaded) for each in report.standings]
    return follow(mesh, domain, loaded, standings, every)


def follow(
    mesh: Mesh,
    domain: Domain,
    loaded: Collection[LoadedProduct],
    standings: Iterable[Standing],
    every: float,
) -> list[Event]:
    """Record what has changed about a domain's objectives; what is new of it.

    `standings` are those of its products at one moment, measured every so many seconds, `loaded`
    all products of it that can be read: an incident of what is not there, or not promised any
    more, is closed. What is in trouble together with something that it reads names that as its
    cause: it reaches people as one message. Raises `JournalError`.
    """
    stated = [each for each in standings if each.product.startswith(f"{domain.name}/")]
    with mesh.journal(domain.name) as journal:
        journal.outbox.beat(MEASURED, every)
        ended = withdraw(mesh, domain, journal, loaded)
        found = list(transitions(stated, journal.outbox.troubles(), {}, {}))
        if not found:
            return ended
        broken = {each.product for each in journal.outbox.incidents(unclosed=True, limit=10_000)}
        broken |= {each.subject for each in found if each.kind in OPENS}
        causes = _causes(mesh, domain, sorted({each.subject for each in found}), broken)
        shown = {path: _shown(journal, path) for path in {each.subject for each in found}}
        changed = partial(transitions, stated, causes=causes, shown=shown)
        return [*ended, *journal.outbox.put_changes(changed)]


def _shown(journal: Journal, path: str) -> dict[str, object]:
    """The newest publication of a product, and the attempt and run that made it."""
    newest = journal.publications(path, 1)
    if not newest:
        return {}
    attempt = journal.attempt(newest[0].attempt)
    return {"base": newest[0].number, "attempt": attempt.id, "run": attempt.run_id}


def _causes(mesh: Mesh, domain: Domain, paths: Sequence[str], broken: set[str]) -> dict[str, str]:
    """For each product the broken one at the beginning of the chain that leads to it."""
    reads = {product.address.path: product.upstreams for product in mesh.own()}
    foreign = {
        each.domain for path in paths for each in reads.get(path, ()) if each.domain != domain.name
    }
    broken = broken | {path for name in sorted(foreign) for path in broken_there(mesh, name)}

    def root(path: str, seen: frozenset[str]) -> str:
        for each in sorted(_matching(address, broken) for address in reads.get(path, ())):
            if each and each not in seen:
                return root(each, seen | {each})
        return path

    found = {path: root(path, frozenset({path})) for path in paths}
    return {path: cause for path, cause in found.items() if cause != path}


def _matching(read: Address, broken: set[str]) -> str:
    """The broken product that an input names; the newest of them where it names no major."""
    if read.major is not None:
        return read.path if read.path in broken else ""
    majors = (each for each in broken if each.startswith(f"{read.path}/v"))
    return max(majors, key=lambda each: Address.parse(each).major or 0, default="")


def broken_there(mesh: Mesh, domain: str) -> set[str]:
    """The products of another domain that are in an incident, by its news."""
    try:
        news = read_news(mesh.documents, domain)
    except MeshError:
        return set()
    going_on: dict[str, str] = {}
    for event in news:
        if event.incident is not None and event.kind in OPENS:
            going_on[event.incident] = event.subject
        elif event.incident is not None and event.kind in CLOSES:
            going_on.pop(event.incident, None)
    return set(going_on.values())
