"""Publish: make what was staged and audited the state that readers see, in one swap.

New Iceberg metadata of every port, then the publication's document, then one compare-and-swap
of the product's pointer. Nothing is visible before the swap and all of it after; a crash leaves
files that nothing refers to. Whoever loses the swap builds again on the state that won.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mesh_dagster import clock
from mesh_dagster.errors import StorageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.mask import masks_of
from mesh_dagster.model.snapshot import PortState, Publication, PublicationKind, Release
from mesh_dagster.ports import places, pointer, table, windows
from mesh_dagster.ports.change import PortChange, Request, Still, files_of, keys_of, typed
from mesh_dagster.ports.footer import data_file
from mesh_dagster.ports.iceberg_schema import iceberg_schema, partition_spec
from mesh_dagster.ports.masks import masks_in
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.supersede import superseded, without
from mesh_dagster.ports.swap import MOST_TRIES, after, swap

LONGEST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a publish.

    `publication` is None where a newer attempt had published everything before; `superseded`
    are the partitions that were left alone for that reason (`(None,)`: the whole). `stale`: it
    was not published, because the state to build on is not the one that was asked for.
    """

    publication: Publication | None
    superseded: tuple[str | None, ...] = ()
    stale: bool = False


@dataclass(frozen=True)
class _Draft:
    """What a publication will be called, when, and which partitions it decides."""

    id: str
    at: datetime
    decided: tuple[str, ...] | None


def publish(
    storage: Storage,
    product: Address,
    ports: Mapping[str, PortChange],
    *,
    partitions: tuple[str, ...] | None,
    attempt: str,
    base: int | None,
    kind: PublicationKind = PublicationKind.MATERIALIZATION,
    at: datetime | None = None,
    contracts: Mapping[str, str] | None = None,
    still: Still | None = None,
    release: Release | None = None,
) -> Published:
    """Replace partitions (None: everything) of a product's ports by what an attempt staged.

    `ports` maps a port's name to its change, the first port's name is the empty string; ports
    that are not named stay as they are. `base` is the number of the newest publication when the
    attempt began: a partition that an attempt with a greater id has published since is left
    alone. `at` is the moment of the publication, the clock's now by default. `still` is asked
    whether to publish on top of a state, and answers for what was audited against it. `release`
    tells of one who publishes against the contract.
    Publishing the same again returns the publication that there is. Raises `EvaluationError`
    when a staged type is not the layout's, `StorageError` when storage refuses and
    `CorruptState` when the state to build on is broken; nothing is published then.
    """
    moment = at or clock.now()
    changes = {name: typed(storage, product, change) for name, change in ports.items()}
    request = Request(
        storage,
        product,
        changes,
        partitions,
        attempt,
        base,
        kind,
        moment,
        contracts or {},
        still,
        release,
    )
    storage.sync(keys_of(request))
    for tries in range(MOST_TRIES):
        if tries:
            time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.01 * 2**tries)))  # noqa: S311
        done = _publish_once(request)
        if done is not None:
            return done
    raise StorageError(
        f"{product} could not be published: other publications won {MOST_TRIES} times in a row",
        code="MESH-M070",
        fix=f"run fewer attempts of {product} at once, then publish again",
    )


def _publish_once(request: Request) -> Published | None:
    newest, version = pointer.versioned(request.storage, request.product)
    since = pointer.since(request.storage, request.product, request.base) if newest else []
    for done in since:
        if done.attempt == request.attempt and _covers(done.partitions, request.partitions):
            return Published(done)
    if request.still is not None and not request.still(newest):
        return Published(None, stale=True)
    tables = _tables(request, newest)
    left_alone = superseded(request, since, tables)
    decided = without(request.partitions, left_alone)
    if left_alone and not decided:
        return Published(None, left_alone)
    found, written = _built(request, newest, tables, decided)
    if swap(request.storage, request.product, found, version, written):
        return Published(found, left_alone)
    return None


def _tables(request: Request, newest: Publication | None) -> dict[str, table.Table]:
    """The ports as they are now. One that was masked otherwise begins anew."""
    states = newest.ports if newest else {}
    return {
        name: table.load(request.storage, places.port(request.product, name), states[name].metadata)
        for name in request.ports
        if name in states and masks_in(newest, name) == masks_of(request.contracts.get(name, ""))
    }


def _built(
    request: Request,
    newest: Publication | None,
    tables: Mapping[str, table.Table],
    decided: tuple[str, ...] | None,
) -> tuple[Publication, list[str]]:
    states: dict[str, PortState] = dict(newest.ports) if newest else {}
    draft = _Draft(clock.new_id(), after(newest, request.at), decided)
    written: list[str] = []
    for name, change in request.ports.items():
        states[name], keys = _committed(request, change, tables.get(name), draft)
        written += keys
    publication = Publication(
        number=newest.number + 1 if newest else 1,
        id=draft.id,
        previous=newest.id if newest else None,
        at=draft.at,
        attempt=request.attempt,
        kind=request.kind,
        ports=states,
        partitions=decided,
        contracts={**(newest.contracts if newest else {}), **request.contracts},
        empty=_empty(request, newest, decided),
        release=request.release,
    )
    return publication, written


def _committed(
    request: Request, change: PortChange, base: table.Table | None, draft: _Draft
) -> tuple[PortState, list[str]]:
    layout = change.layout
    known = base.metadata if base else None
    schema = iceberg_schema(
        layout, known.schema() if known else None, known.last_column_id if known else 0
    )
    spec = table.spec_for(partition_spec(layout, schema, 0), base)
    root = places.root(request.product)
    added = [
        data_file(
            request.storage,
            f"{root}/{file.path}",
            size=file.bytes,
            schema=schema,
            spec=spec,
            value=windows.partition_value(layout.partitioning, file.partition),
        )
        for file in files_of(change, draft.decided)
    ]
    todo = table.Change(
        schema=schema,
        spec=spec,
        added=added,
        replaced=None if layout.partitioning is None else draft.decided,
        partitioning=layout.partitioning,
        summary={"mesh.attempt": request.attempt, "mesh.publication": draft.id},
        at=draft.at,
    )
    place = places.port(request.product, layout.name)
    return table.commit(request.storage, place, base, todo)


def _empty(
    request: Request, newest: Publication | None, decided: tuple[str, ...] | None
) -> tuple[str, ...]:
    if decided is None:
        return ()
    filled = {
        file.partition for change in request.ports.values() for file in files_of(change, decided)
    }
    before = set(newest.empty) if newest else set()
    return tuple(sorted((before - set(decided)) | {key for key in decided if key not in filled}))


def _covers(done: tuple[str, ...] | None, asked: tuple[str, ...] | None) -> bool:
    return done is None or (asked is not None and set(asked) <= set(done))
