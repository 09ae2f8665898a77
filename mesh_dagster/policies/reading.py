"""What policies have against a read: asked by whoever decides on access, on values alone."""

from __future__ import annotations

from datetime import datetime

from mesh_dagster.model.discovery import About
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.around import MeshView
from mesh_dagster.policies.governed import Governed
from mesh_dagster.policies.judge import findings_of
from mesh_dagster.policies.view import Asked, View
from mesh_dagster.registry.described import Described


def access_findings(
    governed: Governed | None, described: Described, domain: About, asked: Asked, now: datetime
) -> tuple[Finding, ...]:
    """What stands against a read of a product: an error refuses it, a warning is only told.

    `domain` is what the domain of the product tells of itself. Nothing where no policy is asked
    at access, which costs nothing.
    """
    if governed is None or not governed.asks_at(Moment.ACCESS):
        return ()
    view = View(
        described=described,
        domain=domain,
        mesh=MeshView.of([described], [domain], complete=False),
        moment=Moment.ACCESS,
        people=described.product.members,
        asked=asked,
        now=now,
    )
    return findings_of(governed, view)
