"""What a published state of a port holds, read from Iceberg's documents without its library.

A reader needs the columns and the files, no more, and to import pyiceberg for that takes a third
of a second: as long as to read millions of rows. All writing goes through pyiceberg (`table`), and
a test holds both readings against each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import polars as pl

from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports import places
from mesh_dagster.ports.documents import intact, key_of
from mesh_dagster.ports.storage import Storage

_DELETED = 2
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the port; files know it by its id."""

    id: int
    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class File:
    """A data file, with the least and greatest value of its columns by their id."""

    key: str
    rows: int
    low: Mapping[int, bytes]
    high: Mapping[int, bytes]

    @property
    def partition(self) -> str | None:
        return places.origin(self.key)[1]


@dataclass(frozen=True, slots=True)
class State:
    """A port in one publication."""

    columns: tuple[Column, ...]
    files: tuple[File, ...]

    def column(self, name: str) -> Column:
        return next(each for each in self.columns if each.name == name)


def read_state(
    storage: Storage, place: str, location: str, values: Collection[int | None] | None = None
) -> State:
    """The state that a metadata file describes; `place` is the port's in storage.

    With `values`, partitions in Iceberg's terms, manifests that hold none of them are passed
    over; files of other partitions may still be among those found. Raises `CorruptState` for a
    document that is gone or unreadable.
    """
    with intact(location):
        metadata = json.loads(storage.read(key_of(place, location)))
        current = metadata["current-schema-id"]
        schema = next(each for each in metadata["schemas"] if each["schema-id"] == current)
        columns = tuple(
            Column(each["id"], each["name"], _type(each["type"])) for each in schema["fields"]
        )
        snapshots = {each["snapshot-id"]: each for each in metadata.get("snapshots", ())}
        snapshot = snapshots.get(metadata.get("current-snapshot-id"))
        spec = metadata["default-spec-id"]
    files: list[File] = []
    # Polars takes an Avro file without any record for a broken one.
    if snapshot is not None and snapshot["summary"].get("total-data-files") != "0":
        for manifest in _records(storage, place, snapshot["manifest-list"]):
            if values is None or _may_hold(manifest, spec, values):
                files += _files(storage, place, manifest["manifest_path"])
    return State(columns, tuple(files))


def _files(storage: Storage, place: str, location: str) -> Iterator[File]:
    for entry in _records(storage, place, location):
        with intact(location):
            if entry["status"] == _DELETED:
                continue
            file = entry["data_file"]
            yield File(
                key_of(place, file["file_path"]),
                file["record_count"],
                _by_id(file["lower_bounds"]),
                _by_id(file["upper_bounds"]),
            )


def _records(storage: Storage, place: str, location: str) -> list[dict[str, Any]]:
    with intact(location):
        data = storage.read(key_of(place, location))
        try:
            return pl.read_avro(BytesIO(data)).to_dicts()
        except pl.exceptions.PanicException as error:  # no `Exception`, so nobody expects it
            raise ValueError(str(error)) from None


def _may_hold(manifest: Mapping[str, Any], spec: int, values: Collection[int | None]) -> bool:
    summaries = manifest["partitions"] or []
    if manifest["partition_spec_id"] != spec or len(summaries) != 1 or None in values:
        return True
    low, high = summaries[0]["lower_bound"], summaries[0]["upper_bound"]
    if low is None or high is None:
        return True
    first, last = integer(low), integer(high)
    return any(value is not None and first <= value <= last for value in values)


def integer(bound: bytes) -> int:
    """A bound of an integer, a date (days since 1970) or a moment (microseconds)."""
    return int.from_bytes(bound, "little", signed=True)


def _by_id(bounds: list[dict[str, Any]] | None) -> dict[int, bytes]:
    return {each["key"]: each["value"] for each in bounds or ()}


def _type(stated: Any) -> ColumnType:
    match stated:
        case {"type": "list", "element": item}:
            return ColumnType(Kind.LIST, item=_type(item))
        case {"type": "map", "key": key, "value": item}:
            return ColumnType(Kind.MAP, key=_type(key), item=_type(item))
        case {"type": "struct", "fields": fields}:
            known = tuple((each["name"], _type(each["type"])) for each in fields)
            return ColumnType(Kind.STRUCT, fields=known)
        case str():
            exact = _DECIMAL.fullmatch(stated)
            if exact:
                precision, scale = int(exact[1]), int(exact[2])
                return ColumnType(Kind.DECIMAL, precision=precision, scale=scale)
            return ColumnType(Kind(stated))
    raise ValueError(f"{stated!r} is no type of Iceberg's")
