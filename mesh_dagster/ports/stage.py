"""Stage: stream what a transform returned into Parquet files where nobody looks yet.

A lazy frame stays lazy: it runs once, here, in Polars' streaming engine, straight into the
files. Nothing is published by staging, and nothing that is published is touched.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from mesh_dagster.errors import MeshError, StorageError, TransformError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.snapshot import Staged, StagedFile
from mesh_dagster.model.types import ColumnType
from mesh_dagster.ports import frames, places, pointer, windows
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.types import type_from_polars

_STRAY = "stray"
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_ONLY_WRITES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
_START = "__mesh_window"
EXAMPLES = 5
_CHUNK = 50_000
"""Rows that pass through the stream at once. Polars' own choice is twice as many, which takes
another 250 MB on four cores and no less time."""
_CHUNK_STATED = "POLARS_IDEAL_MORSEL_SIZE"


@dataclass(frozen=True)
class _Target:
    """Where one attempt writes for one port."""

    storage: Storage
    product: Address
    layout: PortLayout
    attempt: str

    @property
    def folder(self) -> str:
        return places.attempt(self.product, self.layout.name, self.attempt)

    def file(self, partition: str | None, index: int = 0) -> str:
        return f"{self.folder}/{places.folder(partition)}/{index:05}.parquet"


def stage(
    storage: Storage,
    product: Address,
    port: PortLayout,
    frame: Any,
    *,
    attempt: str,
    partitions: Sequence[str] | None,
    recorded_at: datetime,
) -> Staged:
    """Write a frame's rows as the attempt's files of one port, each partition in its own.

    `frame` is anything that `frames.lazy` takes. `partitions` are the keys that the attempt is
    for, None if the port has none; a key without rows has no file and is decided all the same.
    Column types are staged as they come, for the audit to judge. Raises `TransformError` when
    the frame cannot be computed or has rows outside of `partitions`, `StorageError` when
    storage refuses.
    """
    target = _Target(storage, product, port, attempt)
    plain = frames.lazy(frame)
    schema = _schema_of(plain, product)
    nanos = frames.nanoseconds(schema)
    rounding = frames.Rounding(nanos)
    staged = _write(target, rounding.applied(plain), partitions, recorded_at)
    if rounding.lossy:
        exact = {name: kind for name, kind in nanos.items() if name not in rounding.lossy}
        again = frames.Rounding(exact)
        staged = _write(target, again.applied(frames.lazy(frame)), partitions, recorded_at)
    return staged


def scan_staged(storage: Storage, product: Address, staged: Staged) -> pl.LazyFrame:
    """What was staged, lazily; an empty frame with the staged columns where no row was."""
    root = places.root(product)
    keys = [f"{root}/{file.path}" for file in staged.files]
    if not keys:
        keys = [places.columns(product, staged.port, staged.attempt)]
    gone = storage.missing(keys)
    if gone:
        raise StorageError(
            f"{len(gone)} of {len(keys)} staged files of attempt {staged.attempt} are gone, "
            f"the first is {gone[0]}",
            code="MESH-M024",
            where=storage.uri(gone[0]),
            fix=f"mesh run {product} to compute them again",
        )
    return pl.scan_parquet(
        [storage.path(key) for key in keys],
        glob=False,
        hive_partitioning=False,
        storage_options=storage.polars_options(),
    )


def discard(storage: Storage, product: Address, port: str | None, attempt: str) -> None:
    """Delete what an attempt staged for one port, unless something of it was published.

    What is left of an attempt that published a part is for `retention.clean`.
    """
    for found in pointer.publications(storage, product):
        if found.attempt == attempt:
            return
        if found.id < attempt:
            break
    folder = places.attempt(product, port, attempt)
    storage.delete([entry.key for entry in storage.list(f"{folder}/")])


def staged_schema(
    storage: Storage, product: Address, staged: Staged
) -> dict[str, ColumnType | str]:
    """The staged columns with their types; as text where the mesh has no such type."""
    schema = scan_staged(storage, product, staged).collect_schema()
    return {name: type_from_polars(dtype) for name, dtype in schema.items()}


def _write(
    target: _Target, frame: pl.LazyFrame, partitions: Sequence[str] | None, recorded: datetime
) -> Staged:
    schema = _schema_of(frame, target.product)
    shaped = frames.normalised(frame, target.layout, schema).with_columns(
        pl.lit(recorded, dtype=pl.Datetime("us", "UTC")).alias(RECORDED_AT)
    )
    partitioning = target.layout.partitioning
    if partitioning is None:
        files = _unpartitioned(target, shaped)
    elif partitions is None:
        raise UsageError(
            f"{target.product} is partitioned by {partitioning.every}, and no partitions are named",
            fix=f"mesh run {target.product} --partition {partitioning.key_of(partitioning.start)}",
        )
    else:
        keys = windows.sorted_keys(partitioning, partitions)
        files = _partitioned(target, shaped, keys, schema)
    _keep_columns(target, shaped)
    return Staged(target.attempt, target.layout.name, files)


def _unpartitioned(target: _Target, frame: pl.LazyFrame) -> tuple[StagedFile, ...]:
    key = target.file(None)
    return _files(target, _sink(target, frame, target.storage.path(key)))


def _partitioned(
    target: _Target, frame: pl.LazyFrame, keys: Sequence[str], schema: pl.Schema
) -> tuple[StagedFile, ...]:
    partitioning = target.layout.partitioning
    assert partitioning is not None  # noqa: S101
    start = _START
    while start in schema:
        start += "_"
    split = pl.PartitionBy(
        target.storage.path(target.folder) + "/",
        key=windows.asked_expression(partitioning, keys, schema).alias(start),
        include_key=False,
        file_path_provider=_path_of(target, partitioning, start),
    )
    files = _files(target, _sink(target, frame, split))
    strays = [file for file in files if f"/{_STRAY}/" in file.path]
    if strays:
        _refuse(target, strays, keys)
    return files


def _path_of(target: _Target, partitioning: Partitioning, name: str) -> Callable[[Any], str]:
    skipped = len(target.folder) + 1

    def path(file: Any) -> str:
        start = file.partition_keys[name][0]
        key = _STRAY if start is None else windows.key_of(partitioning, start)
        return target.file(key, file.index_in_partition)[skipped:]

    return path


def _sink(target: _Target, frame: pl.LazyFrame, to: Any) -> list[Any]:
    written: list[Any] = []
    target.storage.allow(target.folder)
    with _translated(target), _in_small_chunks():
        frame.sink_parquet(
            to,
            mkdir=target.storage.polars_options() is None,
            maintain_order=True,
            storage_options=target.storage.polars_options(),
            arrow_schema=frames.written_schema(frame.collect_schema()),
            sinked_paths_callback=lambda sunk: written.extend(sunk.paths),
        )
    return written


@contextmanager
def _in_small_chunks() -> Iterator[None]:
    """Polars takes the size for the whole process; who has stated another one keeps it."""
    if _CHUNK_STATED in os.environ:
        yield
        return
    pl.Config.set_streaming_chunk_size(_CHUNK)
    try:
        yield
    finally:
        pl.Config.set_streaming_chunk_size(None)


def _files(target: _Target, written: Sequence[Any]) -> tuple[StagedFile, ...]:
    storage, root = target.storage, places.root(target.product)
    whole = storage.path(root)
    found = []
    for file in written:
        relative = file.path.removeprefix(whole).lstrip("/")
        _, partition = places.origin(relative)
        if file.num_rows:
            found.append(StagedFile(relative, file.num_rows, file.num_bytes, partition))
    return tuple(sorted(found, key=lambda file: file.path))


def _keep_columns(target: _Target, frame: pl.LazyFrame) -> None:
    key = places.columns(target.product, target.layout.name, target.attempt)
    empty = pl.LazyFrame(schema=frame.collect_schema())
    _sink(target, empty, target.storage.path(key))


def _refuse(target: _Target, strays: Sequence[StagedFile], keys: Sequence[str]) -> None:
    partitioning = target.layout.partitioning
    assert partitioning is not None  # noqa: S101
    staged = Staged(target.attempt, target.layout.name, tuple(strays))
    found = scan_staged(target.storage, target.product, staged)
    start = windows.start_expression(partitioning, found.collect_schema()).alias("start")
    counted = found.group_by(start).len("rows").sort("rows", "start", descending=[True, False])
    groups = counted.collect(engine="streaming").rows()
    examples = [
        f"{'no date' if start is None else windows.key_of(partitioning, start)} ({rows} rows)"
        for start, rows in groups[:EXAMPLES]
    ]
    target.storage.delete(f"{places.root(target.product)}/{file.path}" for file in strays)
    asked = keys[0] if len(keys) == 1 else f"{keys[0]} to {keys[-1]}"
    raise TransformError(
        f"{staged.rows} rows are outside of the partitions asked for ({asked}): "
        f"{partitioning.column} is of {', '.join(examples)}"
        + (" and others" if len(groups) > EXAMPLES else ""),
        code="MESH-M025",
        fix="return the rows of `window` only: filter by its start and end",
    )


def _schema_of(frame: pl.LazyFrame, product: Address) -> pl.Schema:
    try:
        return frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TransformError(f"the frame of {product} cannot be computed: {error}") from error


@contextmanager
def _translated(target: _Target) -> Iterator[None]:
    try:
        yield
    except MeshError:
        raise
    except Exception as error:
        if _refused_by_storage(target, error):
            raise StorageError(
                f"{target.product} could not be staged in {target.storage.url}: {error}",
                where=target.storage.uri(target.folder),
                fix="free space there, or make it writable, then run again",
            ) from error
        raise TransformError(
            f"the frame of {target.product} cannot be computed: {error}"
        ) from error


def _refused_by_storage(target: _Target, error: Exception) -> bool:
    """Whether writing failed, and not the reading of what the frame is made from.

    Polars wraps both alike, and only the text tells.
    """
    text = str(error)
    number = _OS_ERROR.search(text)
    full = number is not None and int(number[1]) in _ONLY_WRITES
    return full or target.attempt in text
