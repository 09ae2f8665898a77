"""Publish: make what was staged and audited the state that readers see, in one swap.

New Iceberg metadata of every port, then the publication's document, then one compare-and-swap
of the product's pointer. Nothing is visible before the swap and all of it after; a crash leaves
files that nothing refers to. Whoever loses the swap builds again on the state that won.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mesh_dagster import clock
from mesh_dagster.errors import EvaluationError, StorageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import (
    PortState,
    Publication,
    PublicationKind,
    Staged,
    StagedFile,
)
from mesh_dagster.model.types import ColumnType
from mesh_dagster.ports import places, pointer, table, windows
from mesh_dagster.ports.footer import data_file
from mesh_dagster.ports.iceberg_schema import iceberg_schema, partition_spec
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.stage import staged_schema
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.types import widens

Still = Callable[[Publication | None], bool]

MOST_TRIES = 200
LONGEST_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class PortChange:
    """What a publication does to one port: its layout from now on, and the files it gets."""

    layout: PortLayout
    staged: Staged


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
class _Request:
    storage: Storage
    product: Address
    ports: Mapping[str, PortChange]
    partitions: tuple[str, ...] | None
    attempt: str
    base: int | None
    kind: PublicationKind
    at: datetime
    contracts: Mapping[str, str]
    still: Still | None


@dataclass(frozen=True)
class _Draft:
    """What a publication will be called, when, and which partitions it decides."""

    id: str
    at: datetime
    decided: tuple[str, ...] | None


@dataclass
class _Try:
    """One try: what it would publish, and the keys it wrote for that."""

    publication: Publication
    written: list[str] = field(default_factory=list)


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
) -> Published:
    """Replace partitions (None: everything) of a product's ports by what an attempt staged.

    `ports` maps a port's name to its change, the first port's name is the empty string; ports
    that are not named stay as they are. `base` is the number of the newest publication when the
    attempt began: a partition that an attempt with a greater id has published since is left
    alone. `at` is the moment of the publication, the clock's now by default. `still` is asked
    whether to publish on top of a state, and answers for what was audited against it.
    Publishing the same again returns the publication that there is. Raises `EvaluationError`
    when a staged type is not the layout's, `StorageError` when storage refuses and
    `CorruptState` when the state to build on is broken; nothing is published then.
    """
    moment = at or clock.now()
    typed = {name: _typed(storage, product, change) for name, change in ports.items()}
    request = _Request(
        storage, product, typed, partitions, attempt, base, kind, moment, contracts or {}, still
    )
    storage.sync(_keys(request))
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


def rollback(
    storage: Storage,
    product: Address,
    to: Publication,
    *,
    attempt: str,
    at: datetime | None = None,
) -> Publication:
    """Publish an earlier state of all ports again, as a new publication.

    Raises `CorruptState` when that state's metadata is gone.
    """
    for name, state in to.ports.items():
        table.load(storage, places.port(product, name), state.metadata)
    for _ in range(MOST_TRIES):
        newest, version = pointer.versioned(storage, product)
        assert newest is not None  # noqa: S101
        undone = pointer.since(storage, product, to.number)
        found = Publication(
            number=newest.number + 1,
            id=clock.new_id(),
            previous=newest.id,
            at=_after(newest, at or clock.now()),
            attempt=attempt,
            kind=PublicationKind.ROLLBACK,
            ports=to.ports,
            partitions=_changed([each.partitions for each in undone]),
            contracts=to.contracts,
            empty=to.empty,
        )
        if _swap(storage, product, _Try(found), version):
            return found
    raise StorageError(f"{product} could not be rolled back: others published meanwhile")


def _publish_once(request: _Request) -> Published | None:
    newest, version = pointer.versioned(request.storage, request.product)
    since = pointer.since(request.storage, request.product, request.base) if newest else []
    for done in since:
        if done.attempt == request.attempt and _covers(done.partitions, request.partitions):
            return Published(done)
    if request.still is not None and not request.still(newest):
        return Published(None, stale=True)
    tables = _tables(request, newest)
    superseded = _superseded(request, since, tables)
    decided = _without(request.partitions, superseded)
    if superseded and not decided:
        return Published(None, superseded)
    attempted = _built(request, newest, tables, decided)
    if _swap(request.storage, request.product, attempted, version):
        return Published(attempted.publication, superseded)
    return None


def _tables(request: _Request, newest: Publication | None) -> dict[str, table.Table]:
    states = newest.ports if newest else {}
    return {
        name: table.load(request.storage, places.port(request.product, name), states[name].metadata)
        for name in request.ports
        if name in states
    }


def _built(
    request: _Request,
    newest: Publication | None,
    tables: Mapping[str, table.Table],
    decided: tuple[str, ...] | None,
) -> _Try:
    states: dict[str, PortState] = dict(newest.ports) if newest else {}
    draft = _Draft(clock.new_id(), _after(newest, request.at), decided)
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
    )
    return _Try(publication, written)


def _committed(
    request: _Request, change: PortChange, base: table.Table | None, draft: _Draft
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
        for file in _files(change, draft.decided)
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


def _swap(storage: Storage, product: Address, attempted: _Try, version: str | None) -> bool:
    found = attempted.publication
    content = pointer.document(product, found)
    key = places.publication(product, found.number, found.id)
    storage.write(key, content)
    if storage.swap(places.pointer(product), content, version):
        return True
    # A swap whose answer was lost on the way is refused when it is sent again.
    published = pointer.since(storage, product, found.number - 1)
    if any(each.id == found.id for each in published):
        return True
    storage.delete([key, *attempted.written])
    return False


def _superseded(
    request: _Request, since: Sequence[Publication], tables: Mapping[str, table.Table]
) -> tuple[str | None, ...]:
    newer = [each for each in since if each.attempt > request.attempt]
    if request.partitions is None:
        return (None,) if newer else ()
    taken = {key for each in newer for key in each.partitions or request.partitions}
    if since and since[0].number > (request.base or 0) + 1:
        # Some are no longer retained; without a gap the ids of files from before the base must
        # not count, for a wall clock may have been set back since.
        taken |= _live_and_newer(request, tables)
    return tuple(key for key in request.partitions if key in taken)


def _live_and_newer(request: _Request, tables: Mapping[str, table.Table]) -> set[str]:
    """Partitions whose files are of a newer attempt, however long ago that was published."""
    found: set[str] = set()
    for name, state in tables.items():
        partitioning = request.ports[name].layout.partitioning
        if partitioning is None:
            continue
        values = {windows.partition_value(partitioning, key) for key in request.partitions or ()}
        for manifest in state.manifests():
            if table.may_hold(manifest, state.metadata.default_spec_id, values):
                for entry in state.entries(manifest):
                    attempt, key = places.origin(entry.data_file.file_path)
                    if key is not None and attempt > request.attempt:
                        found.add(key)
    return found


def _typed(storage: Storage, product: Address, change: PortChange) -> PortChange:
    """The change with the staged type where the contract names none.

    The audit has compared the types before; here a mismatch would break every reader.
    """
    staged = staged_schema(storage, product, change.staged)
    columns = []
    for name, wanted, required in change.layout.columns:
        found = staged.get(name, wanted)
        kind = wanted or found
        fits = found is None or (
            isinstance(found, ColumnType) and isinstance(kind, ColumnType) and widens(found, kind)
        )
        if not fits or isinstance(kind, str):
            raise EvaluationError(
                f"{product.with_port(change.layout.name)} · {name} is {found} in what was staged"
                + (f" and {wanted} in the contract" if wanted else ", which Iceberg cannot hold")
                + ": it cannot be published",
                code="MESH-M021",
                fix=f"cast {name} to {wanted or 'another type'} in the transform",
            )
        columns.append((name, kind, required))
    return replace(change, layout=replace(change.layout, columns=tuple(columns)))


def _empty(
    request: _Request, newest: Publication | None, decided: tuple[str, ...] | None
) -> tuple[str, ...]:
    if decided is None:
        return ()
    filled = {
        file.partition for change in request.ports.values() for file in _files(change, decided)
    }
    before = set(newest.empty) if newest else set()
    return tuple(sorted((before - set(decided)) | {key for key in decided if key not in filled}))


def _files(change: PortChange, decided: tuple[str, ...] | None) -> list[StagedFile]:
    if change.layout.partitioning is None or decided is None:
        return list(change.staged.files)
    return [file for file in change.staged.files if file.partition in decided]


def _keys(request: _Request) -> list[str]:
    root = places.root(request.product)
    return [
        f"{root}/{file.path}"
        for change in request.ports.values()
        for file in _files(change, request.partitions)
    ]


def _after(newest: Publication | None, moment: datetime) -> datetime:
    if newest is None:
        return moment
    return max(moment, newest.at + timedelta(microseconds=1))


def _covers(done: tuple[str, ...] | None, asked: tuple[str, ...] | None) -> bool:
    return done is None or (asked is not None and set(asked) <= set(done))


def _without(
    partitions: tuple[str, ...] | None, superseded: Sequence[str | None]
) -> tuple[str, ...] | None:
    if partitions is None:
        return None
    return tuple(key for key in partitions if key not in superseded)


def _changed(partitions: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    if any(keys is None for keys in partitions):
        return None
    return tuple(sorted({key for keys in partitions for key in keys or ()}))
