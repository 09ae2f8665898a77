"""The schedules of a domain's products.

They all target the location's own asset job and select their product in the run request: a job
a product takes Dagster time that grows with the square of their number (66 s for a thousand).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._utils.schedules import reverse_cron_string_iterator

from mesh_dagster import clock
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.orchestrate import labels
from mesh_dagster.orchestrate.partitions import key_tags

_EVERY_MINUTE = "* * * * *"


def schedules(products: Iterable[LoadedProduct]) -> list[dg.ScheduleDefinition]:
    """A schedule for each product whose defs.yaml has one."""
    return [
        _schedule(loaded, loaded.wiring.schedule) for loaded in products if loaded.wiring.schedule
    ]


def due_partitions(loaded: LoadedProduct, cron: str, tick: datetime) -> tuple[str, ...] | None:
    """The windows that ended since the tick before, or else the latest; None without partitions.

    Empty when none has ended at all. Under a replay it is the latest: ticks are of another
    century than partitions.
    """
    partitioning = loaded.wiring.partitioning
    if partitioning is None:
        return None
    now = clock.now() if clock.replaying() else tick
    keys = list(partitioning.keys(now, clock.since()))
    if not clock.replaying():
        ticks = reverse_cron_string_iterator(tick.timestamp(), cron, "UTC")
        before = next(moment for moment in ticks if moment < tick)
        ended = tuple(key for key in keys[-_MOST:] if partitioning.window(key)[1] > before)
        if ended:
            return ended
    return tuple(keys[-1:])


_MOST = 1000


def _schedule(loaded: LoadedProduct, cron: str) -> dg.ScheduleDefinition:
    replaying = clock.replaying()
    return dg.ScheduleDefinition(
        name=labels.name(loaded.product.address.path),
        job_name=IMPLICIT_ASSET_JOB_NAME,
        execution_fn=_request(loaded, cron),
        # Dagster's daemon keeps wall time: in a replay "06:00 each day" would tick in the middle
        # of nothing, and never while somebody watches. So it waits there for its owner to start
        # it, and then ticks within a minute.
        cron_schedule=_EVERY_MINUTE if replaying else cron,
        default_status=(
            dg.DefaultScheduleStatus.STOPPED if replaying else dg.DefaultScheduleStatus.RUNNING
        ),
        execution_timezone="UTC",
        description=f"Makes {loaded.product.address.path} ({cron}, from its defs.yaml).",
        tags={"mesh/domain": loaded.product.address.domain},
    )


def _request(
    loaded: LoadedProduct, cron: str
) -> Callable[[dg.ScheduleEvaluationContext], dg.RunRequest | dg.SkipReason]:
    keys = [dg.AssetKey(output.address.parts) for output in loaded.product.outputs]

    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        tick = context.scheduled_execution_time.astimezone(UTC)
        due = due_partitions(loaded, cron, tick)
        if due == ():
            return dg.SkipReason("no partition is over yet")
        if due is None:
            return dg.RunRequest(asset_selection=keys)
        if len(due) == 1:
            return dg.RunRequest(asset_selection=keys, partition_key=due[0])
        return dg.RunRequest(asset_selection=keys, tags=key_tags(due))

    return request
