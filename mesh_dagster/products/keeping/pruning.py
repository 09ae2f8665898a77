"""How long the journal of a domain keeps what has ended: messages, incidents, reads of ports."""

from __future__ import annotations

from datetime import timedelta

from mesh_dagster import clock
from mesh_dagster.journal import Journal
from mesh_dagster.journal.pruning import Kept
from mesh_dagster.model.domain import Domain
from mesh_dagster.products.keeping.service_levels import objectives
from mesh_dagster.products.mesh import Mesh

PRUNING = "pruning"
"""The sign of life of who lets go of old things."""

KEPT = timedelta(days=90)
MEASURED = timedelta(days=731)
_EVERY = timedelta(days=1)
_SECONDS = 5.0
_AT_ONCE = 1000


def prune(mesh: Mesh, domain: Domain, journal: Journal) -> int:
    """Let go of what is too old, once a day; how many events went.

    One round takes a few seconds at most: the next goes on where much has to go. Raises
    `JournalError`.
    """
    wall = clock.wall()
    last = journal.outbox.heartbeat(PRUNING)
    if last is not None and wall - last.at < _EVERY:
        return 0
    now = clock.now()
    kept = Kept(now - KEPT, wall - KEPT, now - max(MEASURED, 2 * _longest(mesh, domain)))
    watch, gone = clock.Stopwatch(), 0
    while watch.seconds < _SECONDS:
        some = journal.outbox.prune(kept, _AT_ONCE)
        gone += some
        if some < _AT_ONCE:
            journal.outbox.beat(PRUNING, _EVERY.total_seconds())
            break
    return gone


def _longest(mesh: Mesh, domain: Domain) -> timedelta:
    """The longest window of a domain's objectives, and what it looks back before that."""
    stated = (each for loaded in mesh.readable(domain.name) for each in objectives(loaded))
    return max((each.window + (each.limit or timedelta()) for each in stated), default=timedelta())
