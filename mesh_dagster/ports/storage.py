"""Where published data lives: a flat space of keys with one atomic operation, the swap.

Everything a port does is built on these few verbs, so a folder and an object store serve alike
and one suite of tests runs over both. A storage keeps no open handles and pickles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol, cast

from mesh_dagster import plugins
from mesh_dagster.errors import UsageError


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a listing. `modified` is storage's wall clock, whatever the mesh's says.

    `version` is another one whenever the object was written since, without it being read.
    """

    key: str
    size: int
    modified: datetime
    version: str = ""


class Storage(Protocol):
    """A flat space of keys such as `flights/departures/v1/pointer.json`.

    Every verb raises `StorageError` where storage refuses (full, read-only, unreachable) and
    `UsageError` for a key that leaves the storage; reading what is absent raises
    `MissingObject`.
    """

    url: str

    def read(self, key: str) -> bytes: ...

    def read_versioned(self, key: str) -> tuple[bytes, str]:
        """The content, and a version to hand to `swap`."""

    def write(self, key: str, data: bytes) -> None:
        """Replace the whole object: readers see the old or the new, and it survives a crash."""

    def create(self, key: str, data: bytes) -> bool:
        """Write only if nothing is there. False: something is, and it is untouched."""

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        """Write only if the object still has a version; None means that it must be absent."""

    def list(self, prefix: str) -> Iterator[Entry]:
        """All objects whose key begins with a prefix, in the order of their keys."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those already gone are passed over."""

    def open(self, key: str) -> BinaryIO:
        """A seekable reader, for the parts of an object that is too large to read whole."""

    def missing(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of the keys where nothing is."""

    def allow(self, key: str) -> None:
        """Raise `StorageError` where what others write under a key would land elsewhere."""

    def sync(self, keys: Iterable[str]) -> None:
        """Make what others wrote under these keys survive a power failure."""

    def sweep(self, prefix: str, before: datetime) -> int:
        """Remove what writes that were interrupted before a moment left behind; how many."""

    def uri(self, key: str) -> str:
        """The location that Iceberg documents hold: a URI that any reader understands."""

    def path(self, key: str) -> str:
        """The location in the form that Polars and DuckDB open."""

    def key(self, uri: str) -> str:
        """The key of a URI of this storage. Raises `UsageError` for one of another."""

    def polars_options(self) -> dict[str, str] | None:
        """Polars' `storage_options`."""

    def iceberg_properties(self) -> dict[str, str]:
        """What a plain pyiceberg reader needs to open what lies here."""


def open_storage(url: str) -> Storage:
    """Open a storage by its URL: a path, `file:///path` or `s3://bucket/prefix`.

    Raises `UsageError` for an unknown scheme and `MissingExtra` when it needs an extra.
    """
    scheme, separator, _ = url.partition("://")
    return cast(Storage, plugins.load("storages", scheme if separator else "file")(url))


def checked(key: str) -> str:
    """The key itself, refused if it could leave the storage or be read in two ways."""
    parts = key.split("/")
    if not key or any(part in ("", ".", "..") for part in parts) or "\\" in key or "\0" in key:
        raise UsageError(
            f"{key!r} is no key of a storage: it is a relative path without `.`, `..` or empty "
            "parts",
            code="MESH-M020",
            fix="write it like flights/departures/v1/pointer.json",
        )
    return key
