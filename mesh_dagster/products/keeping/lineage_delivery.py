"""Delivering the lineage of a domain: everything that is due, to every sink, at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from mesh_dagster import clock
from mesh_dagster.errors import MeshError, first_line
from mesh_dagster.journal import Journal
from mesh_dagster.journal.delivered import SinkHealth
from mesh_dagster.lineage.drain import Sent, drain
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.products.mesh import Mesh

BEAT = "lineage"
"""The sign of life of a domain's lineage: what was due was tried."""

EVERY = 15.0
"""Seconds between two deliveries."""

DEAD, STUCK, ORPHANED = "MESH-L020", "MESH-L021", "MESH-L022"
_STUCK = timedelta(hours=1)


@dataclass
class Delivered:
    """What one round came to, by sink; `problems` are the sinks that could not be opened."""

    sent: dict[str, Sent] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was left that should have gone."""
        sent = self.sent.values()
        return not self.problems and not any(e.failed or e.dead or e.paused for e in sent)

    def __str__(self) -> str:
        told = [f"{name}: {sent}" for name, sent in self.sent.items()]
        return "; ".join([*told, *self.problems]) or "no sink is configured"


def deliver(mesh: Mesh, domain: Domain, *, seconds: float = 40, every: float = EVERY) -> Delivered:
    """Deliver what is due of a domain, to all its sinks side by side, and forget what is old.

    A sink that cannot be opened keeps the others from nothing. Raises `JournalError`.
    """
    routes = Routes(mesh.config, domain)
    done = Delivered()
    with mesh.journal(domain.name) as journal:
        if routes.names:
            with ThreadPoolExecutor(len(routes.names)) as pool:
                trying = {
                    name: pool.submit(drain, journal.deliveries, routes, name, seconds=seconds)
                    for name in routes.names
                }
            for name, tried in trying.items():
                error = tried.exception()
                if error is None:
                    done.sent[name] = tried.result()
                else:
                    said = routes.without_secrets(name, first_line(error))
                    kind = "" if isinstance(error, MeshError) else f"{type(error).__name__}: "
                    done.problems.append(f"{name}: {kind}{said}")
        before = clock.wall() - timedelta(seconds=routes.keep)
        journal.deliveries.forget(before, routes.names)
        journal.outbox.beat(BEAT, every, "; ".join(done.problems) or None)
    return done


def health(mesh: Mesh, domain: Domain, journal: Journal | None = None) -> tuple[SinkHealth, ...]:
    """How each sink of a domain is. Raises `JournalError`."""
    names = Routes(mesh.config, domain).names
    if journal is not None:
        return journal.deliveries.health(names)
    with mesh.journal(domain.name) as opened:
        return opened.deliveries.health(names)


def lineage_findings(mesh: Mesh, domain: Domain, journal: Journal) -> Iterator[Finding]:
    """What is wrong with the delivery of a domain's lineage."""
    routes = Routes(mesh.config, domain)
    yield from routes.unset()
    for each in journal.deliveries.health(routes.names):
        yield from _of_sink(domain.name, each, each.sink in routes.names)


def _of_sink(domain: str, found: SinkHealth, known: bool) -> Iterator[Finding]:
    sink, said = f"the sink `{found.sink}`", f": {found.error}" if found.error else ""
    if not known and found.waiting:
        what = f"{found.waiting} run events wait for {sink}, which is not configured any more"
        fix = f"configure it again, or mesh lineage replay --since 30d --domain {domain}"
        yield Finding(ORPHANED, what, Severity.WARNING, domain, fix=fix)
        return
    if found.dead:
        what = f"{sink} refused {found.dead} run events{said}"
        fix = f"mesh lineage status, and then: mesh lineage replay --dead --domain {domain}"
        yield Finding(DEAD, what, subject=domain, fix=fix)
    if found.oldest is not None and clock.wall() - found.oldest > _STUCK:
        what = (
            f"{found.waiting} run events wait for {sink}, the oldest since "
            f"{found.oldest:%Y-%m-%d %H:%M} UTC{said}"
        )
        yield Finding(STUCK, what, subject=domain, fix="mesh lineage status")
