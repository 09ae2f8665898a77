"""Retention: forget old publications, and delete the files that nothing refers to any more.

It runs beside attempts and publishes. The storage is listed before anything is asked about, so
that a file of an attempt that begins or publishes meanwhile is either not listed, or its attempt
is running, or its publication is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from mesh_dagster.errors import CorruptState, MissingObject
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import places, pointer, table
from mesh_dagster.ports.iceberg_io import StorageIO
from mesh_dagster.ports.storage import Entry, Storage

DEFAULT_DAYS = 30
DEFAULT_COUNT = 100
GRACE = timedelta(hours=1)
"""Documents that are younger than this may belong to a publish that is under way."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What a clean-up removed: files and their bytes, and the publications among them."""

    files: int = 0
    bytes: int = 0
    publications: int = 0


def clean(
    storage: Storage,
    product: Address,
    *,
    keep_days: float = DEFAULT_DAYS,
    keep_count: int = DEFAULT_COUNT,
    now: datetime,
    protected_attempts: Collection[str] | Callable[[], Collection[str]] = (),
) -> Cleaned:
    """Remove the publications that are older than `keep_days` and not of the last `keep_count`.

    With them goes what only they referred to, and what was staged by attempts that neither
    published it nor are protected: `protected_attempts` are those that run or have something in
    quarantine, best as a function that asks the journal, for it is called at the right moment.
    A product that has no publication is left as it is. Raises `CorruptState`, having deleted
    nothing, where a publication cannot be read.
    """
    listed = list(storage.list(f"{places.root(product)}/"))
    if not listed:
        return Cleaned()
    protected = protected_attempts() if callable(protected_attempts) else protected_attempts
    kept, gone = _divided(storage, product, keep_days, keep_count, now)
    if not kept:
        return Cleaned()
    ahead = _ahead(listed, product, kept[0].number)
    needed = _references(storage, product, kept) | {places.pointer(product), *ahead}
    for key in ahead:
        needed |= _references_ahead(storage, product, key)
    dropped = _references(storage, product, gone, data=False)
    doomed = _doomed(listed, needed, dropped, frozenset(protected))
    documents = [each for each in doomed if each.key.startswith(places.publications(product))]
    # One by one and oldest first: a crash in between leaves a shorter history, never a hole.
    for entry in sorted(documents, key=lambda entry: entry.key):
        storage.delete([entry.key])
    storage.delete(entry.key for entry in doomed if entry not in documents)
    swept = storage.sweep(f"{places.root(product)}/", _latest(listed) - GRACE)
    return Cleaned(
        files=len(doomed) + swept,
        bytes=sum(entry.size for entry in doomed),
        publications=len(gone),
    )


def _ahead(listed: Iterable[Entry], product: Address, number: int) -> list[str]:
    """The documents ahead of the pointer: a publish that died leaves one, and a pointer that was
    restored from a backup all that were published since. To go forward again they must be whole."""
    first = places.publication(product, number + 1, "").removesuffix(".json")
    folder = places.publications(product)
    return [each.key for each in listed if each.key.startswith(folder) and each.key >= first]


def _references_ahead(storage: Storage, product: Address, key: str) -> set[str]:
    """What a document ahead of the pointer needs; one that cannot be opened needs nothing."""
    with suppress(CorruptState, MissingObject):
        return _references(storage, product, [pointer.at_key(storage, product, key)])
    return set()


def _divided(
    storage: Storage, product: Address, keep_days: float, keep_count: int, now: datetime
) -> tuple[list[Publication], list[Publication]]:
    kept: list[Publication] = []
    gone: list[Publication] = []
    since = now - timedelta(days=keep_days)
    replaced_at = now
    for index, found in enumerate(pointer.publications(storage, product)):
        # A publication was the current one until the next, so that is when its age begins.
        retained = index < max(keep_count, 1) or replaced_at >= since
        (gone if gone or not retained else kept).append(found)
        replaced_at = found.at
    return kept, gone


def _doomed(
    listed: Sequence[Entry],
    needed: Collection[str],
    dropped: Collection[str],
    protected: Collection[str],
) -> list[Entry]:
    young = _latest(listed) - GRACE
    doomed = []
    for entry in listed:
        attempt = places.attempt_of(entry.key)
        if attempt is not None:
            removable = attempt not in protected
        else:
            removable = entry.key in dropped or entry.modified < young
        if removable and entry.key not in needed:
            doomed.append(entry)
    return doomed


def _references(
    storage: Storage, product: Address, found: Iterable[Publication], *, data: bool = True
) -> set[str]:
    """The keys that publications need: their documents, Iceberg's, and the data files."""
    keys: set[str] = set()
    for publication in found:
        keys.add(places.publication(product, publication.number, publication.id))
        for name, state in publication.ports.items():
            place = places.port(product, name)
            metadata = StorageIO(storage, place).key(state.metadata)
            if metadata not in keys:
                keys.add(metadata)
                _add_table(keys, table.load(storage, place, state.metadata), data)
    return keys


def _add_table(keys: set[str], found: table.Table, data: bool) -> None:
    snapshot = found.metadata.current_snapshot()
    if snapshot is None:
        return
    keys.add(found.files.key(snapshot.manifest_list))
    for manifest in found.manifests():
        key = found.files.key(manifest.manifest_path)
        if key not in keys:
            keys.add(key)
            if data:
                files = (entry.data_file.file_path for entry in found.entries(manifest))
                keys.update(found.files.key(path) for path in files)


def _latest(listed: Sequence[Entry]) -> datetime:
    """Now, by the clock of the storage, as far as its newest file can tell."""
    return max(entry.modified for entry in listed)
