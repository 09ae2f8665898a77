"""The sensor that empties a domain's outbox, and leaves signs of life that can be missed.

Three things may fall silent: this sensor, the emptying itself, and Dagster's daemons. Each leaves
its own sign in the journal, where `mesh doctor` looks from outside of Dagster.
"""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.domain import Domain
from mesh_dagster.products.mesh import Mesh

SENSOR = "alerts"
_SECONDS = 30
_DAEMON = "daemon "
_TICK = 20
"""Seconds in which a tick begins to send; Dagster gives up on one after 60, and the last try may
take another 30."""


def alerts_sensor(mesh: Mesh, domain: Domain) -> dg.SensorDefinition:
    """Tells the people of a domain what happened to their products and to what they read."""

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends the alerts of the domain: `mesh alerts` lists them.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from mesh_dagster.products.keeping.alerting import tell

        try:
            _beat(mesh, domain, context.instance)
            done = tell(mesh, domain, seconds=_TICK, every=_SECONDS)
        except MeshError as error:
            # The sign of life stays away, and with it the doctor's good word.
            context.log.error(str(error))
            return dg.SkipReason(f"could not be sent: {error.what}")
        for problem in done.problems:
            context.log.warning(problem)
        return dg.SkipReason(f"{done.heard} heard of upstreams; {done.sent}")

    return alerts


def _beat(mesh: Mesh, domain: Domain, instance: dg.DagsterInstance) -> None:
    signs: dict[str, tuple[datetime, float, str | None]] = {
        "sensor": (clock.wall(), float(_SECONDS), None)
    }
    needed = instance.get_required_daemon_types()
    for name, beat in instance.get_daemon_heartbeats().items():
        if name not in needed:
            continue  # it ran once, under another configuration
        at = datetime.fromtimestamp(beat.timestamp, UTC)
        said = "; ".join(each.message for each in beat.errors or ())[:500] or None
        signs[_part(name)] = (at, float(_SECONDS), said)
    # An instance that lives in memory has no daemons, and knows nothing of those of another.
    kind = _DAEMON if needed else ""
    with mesh.journal(domain.name) as journal:
        journal.outbox.beats(signs, kind=kind, still=[_part(each) for each in needed])


def _part(daemon: str) -> str:
    return f"{_DAEMON}{daemon.lower()}"
