"""A log in which no entry can be changed, left out or put in unseen: each is tied to the last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from mesh_dagster import clock
from mesh_dagster.model.access import AuditEntry
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal

COLUMNS = (
    "number", "at", "principal", "identity", "port", "publication", "columns", "purpose",
    "means", "allowed", "reason", "previous", "digest",
)  # fmt: skip
Row = Sequence[Any]
"""An entry as the table has it, in the order of `COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a log."""

    number: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """Where a log is not as it was written, and how that shows."""

    number: int
    what: str


def chained(head: Head, drafts: Iterable[AuditEntry]) -> list[AuditEntry]:
    """Entries with their numbers and checksums, as they go on after a head."""
    found = []
    for each in drafts:
        numbered = replace(each, number=head.number + 1, previous=head.digest)
        entry = replace(numbered, digest=digest_of(row_of(numbered)))
        head = Head(entry.number, entry.digest)
        found.append(entry)
    return found


def row_of(entry: AuditEntry) -> Row:
    """An entry in the types that both databases keep as they are."""
    columns = None if entry.columns is None else json.dumps(entry.columns)
    return (
        entry.number,
        entry.at.isoformat(),
        str(entry.principal),
        entry.identity,
        str(entry.port),
        entry.publication,
        columns,
        entry.purpose,
        entry.means,
        int(entry.allowed),
        entry.reason,
        entry.previous,
        entry.digest,
    )


def entry_of(row: Row) -> AuditEntry:
    """The entry of a row. Raises `ValueError` and the like for one that nobody wrote so."""
    return AuditEntry(
        number=int(row[0]),
        at=clock.in_utc(datetime.fromisoformat(row[1])),
        principal=Principal.parse(row[2]),
        identity=str(row[3]),
        port=Address.parse(row[4]),
        publication=None if row[5] is None else int(row[5]),
        columns=None if row[6] is None else tuple(map(str, json.loads(row[6]))),
        purpose=row[7],
        means=str(row[8]),
        allowed=bool(row[9]),
        reason=str(row[10]),
        previous=str(row[11]),
        digest=str(row[12]),
    )


def digest_of(row: Row) -> str:
    """The checksum of an entry with that of the one before it; its own is left out.

    Whatever somebody put into the table has one too, which is another than that of what was there.
    """
    return sha256(json.dumps(row[:-1], ensure_ascii=False, default=repr).encode()).hexdigest()


def breaks(rows: Iterable[Row], anchor: Head | None) -> Iterator[Break]:
    """Where the log is not as it was written; `anchor` is what was noted of it elsewhere."""
    before = Head()
    for row in rows:
        number, previous, digest = row[0], row[-2], row[-1]
        if number != before.number + 1:
            yield Break(before.number + 1, f"entry {before.number + 1} is missing before {number}")
        elif previous != before.digest:
            yield Break(number, "it is tied to another entry than the one before it")
        if digest_of(row) != digest:
            yield Break(number, "it was changed after it was written")
        if anchor is not None and number == anchor.number and digest != anchor.digest:
            yield Break(number, "the registry has another checksum of it: the log was written anew")
        before = Head(number, digest)
    if anchor is not None and anchor.number < 0:
        yield Break(0, "what the registry notes of it cannot be read")
    if anchor is not None and anchor.number > before.number:
        missing = f"it ends with {before.number}, and the registry knows of {anchor.number}"
        yield Break(before.number + 1, missing)
