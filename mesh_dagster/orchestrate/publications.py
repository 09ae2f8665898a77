"""Telling Dagster what was published outside the runs of its instance.

A pointer is the one place that says what is published; an instance knows of it only what its own
runs told it. With one instance for each domain, what an upstream publishes is not told at all; on
a shared one, what `mesh run`, a release of quarantined data, a new audit or a rollback published
is not. The sensor of a domain compares the pointers of its products and of its declared inputs
with what the instance has, and reports the rest as runless materializations, partition by
partition. The same automation condition fires on both.

Nothing is told twice: every materialization carries the number of its publication, and while a
run of this instance that makes the asset is still going, its publications are left to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import dagster as dg
from dagster._core.events import DagsterEventType

from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.orchestrate.events import PUBLICATION, reported
from mesh_dagster.products.mesh import Mesh

SENSOR = "publications"
_SECONDS = 15
_GOING = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def publications_sensor(
    mesh: Mesh, ports: Sequence[Address], unknown: Sequence[Address] = ()
) -> dg.SensorDefinition:
    """Watches the pointers of these output ports, the domain's own and those it reads.

    `unknown` are those of which nothing was known when the location loaded, so that their
    partitions are not known either: once they publish, the location has to be loaded again.
    """

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells Dagster what was published outside its own runs.",
    )
    def publications(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from mesh_dagster.products.history import published_since

        seen: dict[str, int] = json.loads(context.cursor) if context.cursor else {}
        told, failed = 0, []
        for address in ports:
            try:
                number, events = unknown_publications(
                    context.instance, mesh, address, seen.get(address.path)
                )
            except MeshError as error:
                # One upstream that cannot be reached keeps nobody from the others.
                failed.append(error)
                continue
            for event in events:
                context.instance.report_runless_asset_event(event)
            told += len(events)
            if number is not None:
                seen[address.path] = number
        for address in unknown:
            if published_since(mesh, address, None):
                context.log.warning(
                    f"{address.path} is published now and was not known when this location "
                    "loaded: reload the location"
                )
        for error in failed:
            context.log.warning(str(error))
        context.update_cursor(json.dumps(seen))
        return dg.SkipReason(f"{told} publications told, {len(failed)} pointers not read")

    return publications


def unknown_publications(
    instance: dg.DagsterInstance, mesh: Mesh, address: Address, after: int | None
) -> tuple[int | None, list[dg.AssetMaterialization]]:
    """What the instance does not know of a port's publications, and up to which number that is.

    The order matters: pointer, then runs, then materializations. A run that ended in between has
    told what it published before it ended.
    """
    from mesh_dagster.products.snapshots import published_since

    publications = sorted(published_since(mesh, address, after), key=lambda each: each.number)
    if not publications:
        return after, []
    key = dg.AssetKey(address.parts)
    if _being_made(instance, key):
        return after, []
    newest = _newest_by_partition(publications)
    known = _known(instance, key, newest)
    events = [
        reported(key, publication, address.port or "", partition)
        for partition, publication in newest.items()
        if known.get(partition, -1) < publication.number
    ]
    return publications[-1].number, events


def _newest_by_partition(publications: Iterable[Publication]) -> dict[str | None, Publication]:
    newest: dict[str | None, Publication] = {}
    for publication in publications:
        newest.update(dict.fromkeys(publication.partitions or (None,), publication))
    return newest


def _being_made(instance: dg.DagsterInstance, key: dg.AssetKey) -> bool:
    going = instance.get_runs(dg.RunsFilter(statuses=_GOING))
    return any(run.asset_selection is None or key in run.asset_selection for run in going)


def _known(
    instance: dg.DagsterInstance, key: dg.AssetKey, wanted: Mapping[str | None, object]
) -> dict[str | None, int]:
    """The publication that the latest materialization of each partition tells of."""
    return dict(_read(instance, key, [each for each in wanted if each is not None], None in wanted))


def _read(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions: Sequence[str], whole: bool
) -> Iterator[tuple[str | None, int]]:
    if whole:
        event = instance.get_latest_materialization_event(key)
        tags = event.asset_materialization.tags if event and event.asset_materialization else None
        if tags and PUBLICATION in tags:
            yield None, int(tags[PUBLICATION])
    if partitions:
        tagged = instance.event_log_storage.get_latest_tags_by_partition(
            key, DagsterEventType.ASSET_MATERIALIZATION, [PUBLICATION], partitions
        )
        for partition, tags in tagged.items():
            if PUBLICATION in tags:
                yield partition, int(tags[PUBLICATION])
