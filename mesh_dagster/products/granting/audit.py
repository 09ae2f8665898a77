"""The access logs of a checkout: one in the journal of each domain, one of each person without.

The newest entry of a domain's log is noted in its prefix of the registry on each write. So a
journal that was written anew, shortened or lost is found, by whoever may read the registry.
"""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path

from mesh_dagster import clock
from mesh_dagster.errors import JournalError, MissingObject, StorageError
from mesh_dagster.journal.access_chain import Break, Head, breaks
from mesh_dagster.journal.access_log import AccessLog, file_log, log_in
from mesh_dagster.model.access import AuditEntry
from mesh_dagster.model.domain import MeshConfig
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry import rights
from mesh_dagster.registry.replacing import replace_object

SCHEMA_VERSION = 1
ANCHOR = "access.json"
_LOG = getLogger("mesh_dagster")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at one log has found. `anchored` is the number that the registry knows of."""

    log: str
    entries: int
    anchored: int | None
    breaks: tuple[Break, ...] = ()
    is_unnoted: bool = False
    """It has entries, and the registry has no note of it, or has lost it."""


def append(mesh: Mesh, domain: str | None, entries: Sequence[AuditEntry]) -> None:
    """Add entries to the log of a domain, or of whoever runs this process.

    Who may not write to the domain's has his own for it. Raises `JournalError` where that cannot
    be written either.
    """
    if domain is None:
        log_in(own_file(mesh.config)).append(entries)
        return
    try:
        with log_of(mesh, domain) as log:
            added = log.append(entries)
            try:
                _anchor(mesh, domain, log, added)
            except StorageError as error:
                _LOG.warning("the access log of %s is not noted: %s", domain, error.what)
    except JournalError as error:
        _LOG.warning("the access log of %s is not written: %s", domain, error.what)
        log_in(own_file(mesh.config)).append(entries)


@contextmanager
def log_of(mesh: Mesh, domain: str) -> Iterator[AccessLog]:
    """The log in a domain's journal, by the standard library where that will do."""
    found = file_log(mesh.journal_place(domain), domain)
    if found is not None:
        yield found
        return
    with mesh.journal(domain) as journal:
        yield journal.access


def people(config: MeshConfig) -> dict[str, AccessLog]:
    """The logs of people who have no domain here, by the names that this machine has for them."""
    return {file.stem: log_in(file) for file in sorted(_folder(config).glob("*.db"))}


def own_file(config: MeshConfig) -> Path:
    """The log of whoever runs this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = "unknown"
    return _folder(config) / f"{re.sub(r'[^A-Za-z0-9_-]', '_', user)[:100]}.db"


def verify(mesh: Mesh, domain: str) -> Verified:
    """Whether a domain's log is as it was written, and as the registry knows it."""
    anchor = anchor_of(mesh, domain)
    with log_of(mesh, domain) as log:
        found = _verified(domain, log, anchor)
        return replace(found, is_unnoted=anchor is None and found.entries > 0)


def verify_person(name: str, log: AccessLog) -> Verified:
    """The same of a person's own log, of which the registry knows nothing."""
    return _verified(name, log, None)


def anchor_of(mesh: Mesh, domain: str) -> Head | None:
    """What the registry knows of a domain's log. Raises `StorageError`."""
    try:
        return _head_in(mesh.documents.read(anchor_key(domain)), domain)
    except MissingObject:
        return None


def anchor_key(domain: str) -> str:
    """Where the newest entry of a domain's log is noted in the registry."""
    return f"{domain}/{ANCHOR}"


def _verified(name: str, log: AccessLog, anchor: Head | None) -> Verified:
    entries = 0

    def counted() -> Iterator[Sequence[object]]:
        nonlocal entries
        for row in log.rows():
            entries += 1
            yield row

    found = tuple(breaks(counted(), anchor))
    return Verified(name, entries, anchor.number if anchor else None, found)


def _anchor(mesh: Mesh, domain: str, log: AccessLog, added: Sequence[AuditEntry]) -> None:
    """Note the newest entry, unless a later one is noted, or the log is not the one noted: what
    shows that it was written anew is never covered up."""
    newest = added[-1]
    before = Head(added[0].number - 1, added[0].previous)

    def changed(data: bytes | None) -> bytes | None:
        known = None if data is None else _head_in(data, domain)
        goes_on = known is None or known == before
        if known is not None and not goes_on:
            goes_on = known.number < newest.number and log.head(known.number) == known
        if not goes_on:
            return None
        noted = {
            "schemaVersion": SCHEMA_VERSION,
            "domain": domain,
            "number": newest.number,
            "digest": newest.digest,
            "at": clock.now().isoformat(),
        }
        return json.dumps(noted).encode() + b"\n"

    replace_object(mesh.documents, anchor_key(domain), changed)


def _head_in(data: bytes, domain: str) -> Head:
    """What a note says; one that cannot be read is of no entry at all."""
    try:
        found = rights.document_in(data, domain, SCHEMA_VERSION)
        if type(found["number"]) is int and found["number"] >= 0:
            return Head(found["number"], rights.digest_in(found, "digest"))
    except rights.UNUSABLE:
        pass
    return Head(-1)


def _folder(config: MeshConfig) -> Path:
    return config.state / "access"
