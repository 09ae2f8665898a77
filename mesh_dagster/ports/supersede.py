"""Two attempts on one partition: the one that is newer wins, whoever publishes last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports import places, table, windows
from mesh_dagster.ports.change import Request


def superseded(
    request: Request, since: Sequence[Publication], tables: Mapping[str, table.Table]
) -> tuple[str | None, ...]:
    """Those partitions of a request that a newer attempt has published since its base, and which
    are left alone; `(None,)` is all of it. `tables` are the ports as they are now.
    """
    newer = [each for each in since if each.attempt > request.attempt]
    if request.partitions is None:
        return (None,) if newer else ()
    taken = {key for each in newer for key in each.partitions or request.partitions}
    if since and since[0].number > (request.base or 0) + 1:
        # Some are no longer retained; without a gap the ids of files from before the base must
        # not count, for a wall clock may have been set back since.
        taken |= _live_and_newer(request, tables)
    return tuple(key for key in request.partitions if key in taken)


def _live_and_newer(request: Request, tables: Mapping[str, table.Table]) -> set[str]:
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


def without(
    partitions: tuple[str, ...] | None, superseded: Sequence[str | None]
) -> tuple[str, ...] | None:
    if partitions is None:
        return None
    return tuple(key for key in partitions if key not in superseded)
