"""The Iceberg table of a port: the metadata of one state, made on top of an earlier one.

Each publication has a metadata file of its own that holds its snapshot and no other: readers
open exactly that file, so a commit never drags the history along. The manifests are kept like
the leaves of a sorted tree, disjoint in their partitions: a commit rewrites the one that its
partition belongs to, and costs at the 500th what it did at the 50th.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, isqrt
from typing import Any, Final, cast

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import (
    DataFile,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    read_manifest_list,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.serializers import ToOutputFile
from pyiceberg.table import TableProperties
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.types import IntegerType

from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.snapshot import PortState
from mesh_dagster.ports import places
from mesh_dagster.ports.documents import intact
from mesh_dagster.ports.iceberg_io import StorageIO
from mesh_dagster.ports.iceberg_types import type_from_iceberg
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.types import widens
from mesh_dagster.ports.windows import partition_value

SMALLEST_LEAF = 16
"""A manifest is split when it lists more than twice as many files, or, in a large table, than
twice the root of their number: so that neither the manifests nor their list get long."""
FORMAT: Final = 2
_CODEC: Final = "deflate"


@dataclass(frozen=True)
class Table:
    """A port's table in one state; `files` opens what its documents name, each once."""

    metadata: TableMetadata
    files: StorageIO
    _read: dict[str, list[Any]] = field(default_factory=dict, repr=False)

    def manifests(self) -> list[ManifestFile]:
        snapshot = self.metadata.current_snapshot()
        if snapshot is None:
            return []
        location = snapshot.manifest_list
        if location not in self._read:
            with intact(location):
                self._read[location] = list(read_manifest_list(self.files.new_input(location)))
        return self._read[location]

    def entries(self, manifest: ManifestFile) -> list[ManifestEntry]:
        location = manifest.manifest_path
        if location not in self._read:
            with intact(location):
                self._read[location] = manifest.fetch_manifest_entry(self.files)
        return self._read[location]


@dataclass(frozen=True)
class Change:
    """What one publication does to a table.

    `replaced` are the partitions whose files go, None for all of them.
    """

    schema: Schema
    spec: PartitionSpec
    added: Sequence[DataFile]
    replaced: Collection[str] | None
    partitioning: Partitioning | None
    summary: dict[str, str]
    at: datetime


def load(storage: Storage, place: str, location: str) -> Table:
    """Open a port's table by its place in storage and the location of its metadata.

    Raises `CorruptState` for metadata that is gone or unreadable.
    """
    files = StorageIO(storage, place)
    with intact(location):
        metadata = TableMetadataUtil.parse_raw(storage.read(files.key(location)).decode())
    return Table(metadata, files)


def commit(
    storage: Storage, place: str, base: Table | None, change: Change
) -> tuple[PortState, list[str]]:
    """Write the metadata of the next state; nothing refers to it yet.

    Returns the state and the keys written. Raises `EvaluationError` when the files that stay
    cannot be read with the new schema.
    """
    snapshot_id = uuid.uuid4().int >> 65
    files = StorageIO(storage, place)
    most = _most_files(base, change)
    writer = _Writer(files, place, snapshot_id, change, most=most)
    kept, loose = _survivors(base, change, most)
    if base and (kept or loose):
        _check_evolution(base.metadata.schema(), change.schema)
    manifests = kept + writer.manifests(base, loose)
    sequence = _sequence(base) + 1
    parent = base.metadata.current_snapshot_id if base else None
    listed = writer.manifest_list(manifests, sequence, parent)
    rows = sum((m.added_rows_count or 0) + (m.existing_rows_count or 0) for m in manifests)
    count = sum((m.added_files_count or 0) + (m.existing_files_count or 0) for m in manifests)
    snapshot = Snapshot.model_validate(
        {
            "snapshot-id": snapshot_id,
            "parent-snapshot-id": parent,
            "sequence-number": sequence,
            "timestamp-ms": _millis(change.at),
            "manifest-list": listed,
            "summary": _summary(base, change, rows, count),
            "schema-id": change.schema.schema_id,
        }
    )
    location = writer.metadata(base, snapshot)
    return PortState(location, snapshot_id, rows), list(files.written)


def partition_of(entry: ManifestEntry) -> str | None:
    return places.origin(entry.data_file.file_path)[1]


def spec_for(wanted: PartitionSpec, base: Table | None) -> PartitionSpec:
    """The wanted spec under the id that the table knows it by, or under a new one."""
    known = base.metadata.partition_specs if base else []
    for spec in known:
        if spec.fields == wanted.fields:
            return spec
    return PartitionSpec(*wanted.fields, spec_id=max((s.spec_id for s in known), default=-1) + 1)


def may_hold(manifest: ManifestFile, spec_id: int, values: Collection[int | None]) -> bool:
    """Whether a manifest can list a file of one of the partitions, by its summary alone."""
    summaries = manifest.partitions or []
    if manifest.partition_spec_id != spec_id or len(summaries) != 1 or None in values:
        return True
    low, high = summaries[0].lower_bound, summaries[0].upper_bound
    if low is None or high is None:
        return True
    first, last = _integer(low), _integer(high)
    return any(value is not None and first <= value <= last for value in values)


class _Writer:
    def __init__(
        self, files: StorageIO, place: str, snapshot_id: int, change: Change, *, most: int
    ) -> None:
        self._files = files
        self._place = place
        self._id = snapshot_id
        self._change = change
        self._most = most
        self._unique = uuid.uuid4().hex

    def manifests(self, base: Table | None, loose: Iterable[ManifestEntry]) -> list[ManifestFile]:
        """New manifests of the files that were added and of those that lost theirs."""
        specs = base.metadata.specs() if base else {}
        specs = {**specs, self._change.spec.spec_id: self._change.spec}
        by_spec: dict[int, list[ManifestEntry]] = {}
        for entry in [*loose, *(_added(file, self._id) for file in self._change.added)]:
            by_spec.setdefault(entry.data_file.spec_id, []).append(entry)
        written: list[ManifestFile] = []
        for spec_id, entries in by_spec.items():
            entries.sort(key=lambda entry: partition_of(entry) or "")
            size = ceil(len(entries) / ceil(len(entries) / self._most))
            for start in range(0, len(entries), size):
                number = len(written)
                chunk = entries[start : start + size]
                written.append(self._manifest(number, specs[spec_id], chunk))
        return written

    def _manifest(
        self, number: int, spec: PartitionSpec, entries: Sequence[ManifestEntry]
    ) -> ManifestFile:
        output = self._files.new_output(self._location(f"{self._unique}-m{number}.avro"))
        with write_manifest(FORMAT, spec, self._change.schema, output, self._id, _CODEC) as writer:
            for entry in entries:
                if entry.status is ManifestEntryStatus.ADDED and entry.snapshot_id == self._id:
                    writer.add(entry)
                else:
                    writer.existing(entry)
        return writer.to_manifest_file()

    def manifest_list(
        self, manifests: list[ManifestFile], sequence: int, parent: int | None
    ) -> str:
        location = self._location(f"snap-{self._id}-{self._unique}.avro")
        output = self._files.new_output(location)
        with write_manifest_list(FORMAT, output, self._id, parent, sequence, _CODEC) as writer:
            writer.add_manifests(manifests)
        return location

    def metadata(self, base: Table | None, snapshot: Snapshot) -> str:
        known = base.metadata if base else None
        specs = {spec.spec_id: spec for spec in (known.partition_specs if known else [])}
        specs[self._change.spec.spec_id] = self._change.spec
        id, millis = snapshot.snapshot_id, snapshot.timestamp_ms
        highest = self._change.schema.highest_field_id
        metadata = TableMetadataUtil.parse_obj(
            {
                "format-version": FORMAT,
                "location": self._files.storage.uri(self._place),
                "table-uuid": known.table_uuid if known else uuid.uuid4(),
                "last-updated-ms": millis,
                "last-column-id": max(known.last_column_id if known else 0, highest),
                "schemas": [self._change.schema],
                "current-schema-id": self._change.schema.schema_id,
                "partition-specs": [spec.model_dump(by_alias=True) for spec in specs.values()],
                "default-spec-id": self._change.spec.spec_id,
                "last-partition-id": max(spec.last_assigned_field_id for spec in specs.values()),
                "sort-orders": [UNSORTED_SORT_ORDER],
                "default-sort-order-id": UNSORTED_SORT_ORDER.order_id,
                "properties": _properties(self._change.schema),
                "last-sequence-number": snapshot.sequence_number,
                "snapshots": [snapshot],
                "current-snapshot-id": id,
                "snapshot-log": [{"snapshot-id": id, "timestamp-ms": millis}],
                "refs": {MAIN_BRANCH: {"snapshot-id": id, "type": "branch"}},
            }
        )
        number = snapshot.sequence_number or 0
        location = self._location(f"{number:05}-{uuid.uuid4()}.metadata.json")
        ToOutputFile.table_metadata(metadata, self._files.new_output(location))
        return location

    def _location(self, name: str) -> str:
        return self._files.storage.uri(f"{self._place}/metadata/{name}")


def _survivors(
    base: Table | None, change: Change, most: int
) -> tuple[list[ManifestFile], list[ManifestEntry]]:
    """The manifests that stay as they are, and the entries that stay of the others."""
    if base is None or change.replaced is None:
        return [], []
    values = {partition_value(change.partitioning, key) for key in change.replaced}
    manifests = base.manifests()
    touched = [each for each in manifests if may_hold(each, change.spec.spec_id, values)]
    if not touched and change.added:
        touched = _neighbour(manifests, values, most)
    kept = [manifest for manifest in manifests if manifest not in touched]
    entries = (entry for manifest in touched for entry in base.entries(manifest))
    return kept, [entry for entry in entries if partition_of(entry) not in change.replaced]


def _neighbour(
    manifests: Sequence[ManifestFile], values: Collection[int | None], most: int
) -> list[ManifestFile]:
    """The manifest just before a new partition, so that it is added there while there is room."""
    first = min(value for value in values if value is not None)
    lows = [(_lowest(each), each) for each in manifests]
    before = [(low, each) for low, each in lows if low is not None and low <= first]
    if not before:
        before = [(-low, each) for low, each in lows if low is not None]
    if not before:
        return []
    nearest = max(before, key=lambda pair: pair[0])[1]
    return [nearest] if _files_in(nearest) < most else []


def _lowest(manifest: ManifestFile) -> int | None:
    summaries = manifest.partitions or []
    low = summaries[0].lower_bound if len(summaries) == 1 else None
    return None if low is None else _integer(low)


def _most_files(base: Table | None, change: Change) -> int:
    files = sum(_files_in(each) for each in base.manifests()) if base else 0
    return 2 * max(SMALLEST_LEAF, isqrt(files + len(change.added)))


def _sequence(base: Table | None) -> int:
    return cast(int, getattr(base.metadata, "last_sequence_number", 0)) if base else 0


def _integer(bound: bytes) -> int:
    return cast(int, from_bytes(IntegerType(), bound))


def _files_in(manifest: ManifestFile) -> int:
    return (manifest.added_files_count or 0) + (manifest.existing_files_count or 0)


def _added(file: DataFile, snapshot_id: int) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=ManifestEntryStatus.ADDED,
        snapshot_id=snapshot_id,
        sequence_number=None,
        file_sequence_number=None,
        data_file=file,
    )


def _check_evolution(old: Schema, new: Schema) -> None:
    for column in new.fields:
        was = next((each for each in old.fields if each.field_id == column.field_id), None)
        if was is None:
            continue
        before, after = type_from_iceberg(was.field_type), type_from_iceberg(column.field_type)
        if not widens(before, after):
            raise EvaluationError(
                f"column {column.name} is {after} now and {before} in the partitions that stay: "
                "a change that only a new major version can make",
                code="MESH-M027",
                fix="publish it as a new major version, or run all partitions at once",
            )


def _summary(base: Table | None, change: Change, rows: int, files: int) -> Summary:
    operation = Operation.OVERWRITE if base else Operation.APPEND
    totals = {
        "added-data-files": len(change.added),
        "added-records": sum(file.record_count for file in change.added),
        "total-data-files": files,
        "total-records": rows,
        "total-delete-files": 0,
    }
    texts = {name: str(number) for name, number in totals.items()}
    return Summary(operation, **texts, **change.summary)


def _properties(schema: Schema) -> dict[str, str]:
    mapping = schema.name_mapping.model_dump_json()
    return {TableProperties.DEFAULT_NAME_MAPPING: mapping}


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
