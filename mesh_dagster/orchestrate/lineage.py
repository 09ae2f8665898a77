"""The sensor that delivers the lineage of a domain, and the run of Dagster as lineage names it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from mesh_dagster.errors import MeshError
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.model.domain import Domain
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.lineage.told import Parent

SENSOR = "lineage"
_SECONDS = 15
_WITHOUT_SINKS = 3600
"""Where nobody is to be told, what is old is still forgotten."""

_TICK = 40
"""Seconds that a tick may send for; Dagster gives up on one after 60."""


def lineage_sensor(mesh: Mesh, domain: Domain) -> dg.SensorDefinition:
    """Delivers what the products of a domain did to the sinks that mesh.yaml names."""
    routes = Routes(mesh.config, domain)
    every = _SECONDS if routes.names else _WITHOUT_SINKS

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Delivers the lineage of the domain: `mesh lineage status` tells of it.",
    )
    def lineage(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from mesh_dagster.products.keeping.lineage_delivery import deliver

        try:
            if routes.internal_assets:
                from mesh_dagster.orchestrate.internal_assets import tell_internal

                tell_internal(context, mesh, domain, routes)
            done = deliver(mesh, domain, seconds=_TICK, every=every)
        except MeshError as error:
            # The sign of life stays away, and with it the doctor's good word.
            context.log.error(str(error))
            return dg.SkipReason(f"could not be delivered: {error.what}")
        for problem in done.problems:
            context.log.warning(problem)
        return dg.SkipReason(str(done))

    return lineage


def parent_of(instance: dg.DagsterInstance, run: str) -> Parent | None:
    """A run of Dagster as lineage names it; None where its record is not there."""
    from mesh_dagster.lineage.told import Parent

    record = instance.get_run_record_by_id(run)
    if record is None:
        return None
    created = record.create_timestamp
    at = created if isinstance(created, datetime) else datetime.fromtimestamp(created, UTC)
    return Parent(run, record.dagster_run.job_name, at.replace(tzinfo=at.tzinfo or UTC))
