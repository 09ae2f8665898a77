"""Telling Dagster what was published outside the runs of its instance.

A pointer is the one place that says what is published; an instance knows of it only what its own
runs told it. With one instance for each domain, what an upstream publishes is not told at all; on
a shared one, what `mesh run`, a release of quarantined data, a new audit or a rollback published
is not. The sensor of a domain compares the pointers of its products and of its declared inputs
with what the instance has, and reports the rest as runless materializations, partition by
partition. The same automation condition fires on both.

Nothing is told twice: every materialization carries the number of its publication, and while a
run of this instance that makes the asset is still going, its publications are left to it.

At a materialization Dagster takes every check of the asset for one that was not evaluated. So of
the domain's own products their checks follow, always after it: whoever told it, a run, this
sensor or that of another domain.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Any

import dagster as dg
from dagster._core.events import DagsterEventType

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Publication, PublicationKind
from mesh_dagster.orchestrate.dead_runs import ALIVE
from mesh_dagster.orchestrate.events import PUBLICATION, reported
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.snapshots import published_partitions, published_since

SENSOR = "publications"
_SECONDS = 15
_TICK = 30
"""Seconds after which a tick leaves the checks of further products to the next one."""

_CHECKS = "checks"
"""In the cursor, the products whose checks are still to be told."""


def publications_sensor(
    mesh: Mesh,
    products: Sequence[LoadedProduct],
    foreign: Sequence[Address],
    unknown: Sequence[Address] = (),
) -> dg.SensorDefinition:
    """Watches the pointers of a domain's output ports, and of those `foreign` ones that it reads.

    `unknown` are those of which nothing was known when the location loaded, so that their
    partitions are not known either: once they publish, the location has to be loaded again.
    """

    own = {loaded.product.address.path: loaded for loaded in products}
    ports = [output.address for loaded in products for output in loaded.product.outputs]
    ports += foreign

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells Dagster what was published outside its own runs.",
    )
    def publications(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        watch = clock.Stopwatch()
        seen: dict[str, Any] = json.loads(context.cursor) if context.cursor else {}
        to_check = dict.fromkeys(seen.pop(_CHECKS, ()))
        told, unread = 0, 0
        for address in ports:
            before = seen.get(address.path)
            try:
                told += _tell(context.instance, mesh, address, seen)
            except MeshError as error:
                context.log.warning(str(error))
                unread += 1
            if seen.get(address.path) != before:
                to_check[address.of_product.path] = None
        for address in unknown:
            _warn(context, mesh, address)
        left = _tell_checks(context, mesh, [own[each] for each in to_check if each in own], watch)
        context.update_cursor(json.dumps({**seen, **({_CHECKS: left} if left else {})}))
        return dg.SkipReason(f"{told} materializations told, {unread} pointers not read")

    return publications


def _tell_checks(
    context: dg.SensorEvaluationContext,
    mesh: Mesh,
    products: Iterable[LoadedProduct],
    watch: clock.Stopwatch,
) -> list[str]:
    """Tell the checks of what is materialized anew; the products that are left for later."""
    from mesh_dagster.orchestrate.forgotten import tell_again
    from mesh_dagster.orchestrate.review_links import location_of

    location = location_of(context)
    left = []
    for loaded in products:
        path = loaded.product.address.path
        if watch.seconds > _TICK:
            left.append(path)
            continue
        try:
            tell_again(context.instance, mesh, loaded, location)
        except MeshError as error:
            context.log.warning(str(error))
            left.append(path)
    return left


def _tell(instance: dg.DagsterInstance, mesh: Mesh, address: Address, seen: dict[str, Any]) -> int:
    """Tell the instance what it does not know of a port; how much that was."""
    number, events = unknown_publications(instance, mesh, address, seen.get(address.path))
    for event in events:
        instance.report_runless_asset_event(event)
    if number is not None:
        seen[address.path] = number
    return len(events)


def _warn(context: dg.SensorEvaluationContext, mesh: Mesh, address: Address) -> None:
    """Say that an upstream is there now; its partitions are those of a location loaded anew."""
    try:
        published = published_since(mesh, address)
    except MeshError as error:
        context.log.warning(str(error))
        return
    if published:
        context.log.warning(
            f"{address.path} is published, and was not known when this location loaded: reload it"
        )


def unknown_publications(
    instance: dg.DagsterInstance, mesh: Mesh, address: Address, after: int | None
) -> tuple[int | None, list[dg.AssetMaterialization]]:
    """What the instance does not know of a port's publications, and up to which number that is.

    The order matters: pointer, then runs, then materializations. A run that ended in between has
    told what it published before it ended.
    """
    publications = published_since(mesh, address, after)
    if not publications:
        return after, []
    key = dg.AssetKey(address.parts)
    if _being_made(instance, key):
        return after, []
    newest = _newest_by_partition(publications)
    held = _held(mesh, address, publications, after)
    wanted = newest.keys() if held is None else held
    known = _known(instance, key, wanted)
    last = publications[-1]
    events = [
        reported(key, newest.get(partition, last), address.port or "", partition)
        for partition in sorted(wanted, key=lambda each: each or "")
        if partition not in known
        or (partition in newest and known[partition] < newest[partition].number)
    ]
    return last.number, events


def _newest_by_partition(publications: Iterable[Publication]) -> dict[str | None, Publication]:
    """The publication that each changed partition is of."""
    newest: dict[str | None, Publication] = {}
    for publication in publications:
        newest.update(dict.fromkeys(publication.partitions or (None,), publication))
    return newest


def _held(
    mesh: Mesh, address: Address, publications: Sequence[Publication], after: int | None
) -> Set[str | None] | None:
    """All partitions that are published; None where those that changed are known to be enough.

    They are not when retention has let go of a publication that was never told, or when a
    rollback has taken partitions back.
    """
    forgotten = publications[0].number != (after or 0) + 1
    undone = any(each.kind is PublicationKind.ROLLBACK for each in publications)
    if publications[-1].partitions is None or not (forgotten or undone):
        return None
    return set(published_partitions(mesh, address, publications[-1]))


def _being_made(instance: dg.DagsterInstance, key: dg.AssetKey) -> bool:
    going = instance.get_runs(dg.RunsFilter(statuses=ALIVE))
    return any(run.asset_selection is None or key in run.asset_selection for run in going)


def _known(
    instance: dg.DagsterInstance, key: dg.AssetKey, wanted: Collection[str | None]
) -> dict[str | None, int]:
    """The publication that the latest materialization of each partition tells of.

    A materialization that somebody reported by hand tells of none.
    """
    tags: dict[str | None, Mapping[str, str]] = {}
    partitions = [each for each in wanted if each is not None]
    if partitions:
        tags.update(
            instance.event_log_storage.get_latest_tags_by_partition(
                key, DagsterEventType.ASSET_MATERIALIZATION, [PUBLICATION], partitions
            )
        )
    if None in wanted:
        event = instance.get_latest_materialization_event(key)
        made = event.asset_materialization if event else None
        tags[None] = (made.tags if made else None) or {}
    numbers = {partition: each.get(PUBLICATION, "") for partition, each in tags.items()}
    return {each: int(number) for each, number in numbers.items() if number.isdigit()}
