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
    every = _SECONDS if Routes(mesh.config, domain).names else _WITHOUT_SINKS

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Delivers the lineage of the domain: `mesh lineage status` tells of it.",
    )
    def lineage(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from mesh_dagster.products.lineage_delivery import deliver

        try:
            done = deliver(mesh, domain, seconds=_TICK, every=every)
        except MeshError as error:
            # The sign of life stays away, and with it the doctor's good word.
            context.log.error(str(error))
            return dg.SkipReason(f"could not be delivered: {error.what}")
        for problem in done.problems:
            context.log.warning(problem)
        return dg.SkipReason(str(done))

    return lineage


def parent_of(context: dg.AssetExecutionContext) -> Parent | None:
    """The run of Dagster that a step is a part of; None where its record is not there."""
    from mesh_dagster.lineage.told import Parent

    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        return None
    created = record.create_timestamp
    at = created if isinstance(created, datetime) else datetime.fromtimestamp(created, UTC)
    return Parent(context.run.run_id, context.run.job_name, at.replace(tzinfo=at.tzinfo or UTC))
