"""The index of a registry: a SQLite file that anyone builds from the documents, and may delete.

It is only ever a shortcut. It is brought up to date by what a listing of the registry says has
been written since, entry by entry; one that is corrupt, another release's or another registry's is
built anew, and nobody is told. Several processes may use it at once: they read what the last one
to write it committed, and one writes at a time.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from mesh_dagster.descriptors.cache import collecting_none
from mesh_dagster.descriptors.second_reader import may_fork
from mesh_dagster.errors import StorageError
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.ports.storage import Entry as Object
from mesh_dagster.ports.storage import Storage
from mesh_dagster.registry import first
from mesh_dagster.registry.documents import Document, by_domain, document_key, together
from mesh_dagster.registry.entries import UNUSABLE, bounded
from mesh_dagster.registry.index_schema import (
    FORMAT,
    TABLES,
    insert,
    learn_spelling,
    remove,
    targets_of,
)
from mesh_dagster.registry.indexed import Row, row_of
from mesh_dagster.registry.ranking import weigh
from mesh_dagster.registry.second_parser import WORTHWHILE, told_by_another

if TYPE_CHECKING:
    from concurrent.futures import Future

_PATIENCE = 30.0
_AT_ONCE = 16
_AHEAD = 32
"""Documents that are read at a time: what a registry on S3 takes is waiting."""

_BROKEN = (sqlite3.Error, OSError, UnicodeDecodeError)
"""What a file raises that is no index: what SQLite says of it may be no text either."""

_UNREAD = ""
"""The version of an object that could not be read: none has it, so it is read at the next refresh,
and missed where it is gone by then."""

_Answer = TypeVar("_Answer")
Objects = Mapping[str, list[Object]]
Known = Mapping[str, tuple[int, int]]
"""By path the checksum of an entry that is in the index, and the product's id there."""


class Told(NamedTuple):
    """What a domain tells that is not in the index yet: new entries by path, with their checksums
    (None: it cannot be used), and the ids of products that go."""

    domain: str
    rows: list[tuple[str, int, Row | None]]
    gone: list[int]
    findings: list[Finding]
    unread: frozenset[str] = frozenset()
    """Objects that were not to be had: what was known of them stays, and they are asked again."""


class Index:
    """The index in a file. Open it with `with`; `refresh` first."""

    def __init__(self, file: Path, storage: Storage) -> None:
        self.file = file
        self._storage = storage
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def refresh(self, *, anew: bool = False) -> int:
        """Take in what was written since; how many domains had written something.

        `anew` builds it from nothing. Raises `StorageError` where the registry cannot be listed:
        the index is then as it was.
        """
        objects = by_domain(self._storage.list(""))
        if not anew:
            with suppress(*_BROKEN):
                if not _changed(self._opened(), objects):
                    return 0
        with self._told_if_refused(), self._locked():
            if not anew:
                with suppress(*_BROKEN):
                    return self._updated(self._opened(), objects)
            self.close()
            with collecting_none():
                self._built(objects)
            return len(objects)

    def ask(self, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Answer a question from the index; a corrupt one is built anew first, once."""
        try:
            return question(self._opened())
        except _BROKEN:
            self.refresh(anew=True)
        with self._told_if_refused():
            return question(self._opened())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with documents, as of when they were read."""
        return self.ask(_findings)

    def _opened(self) -> sqlite3.Connection:
        """The connection to what is in the file now. Raises `sqlite3.Error`, `OSError`."""
        if self._connection is not None and not self._is_current(self._connection):
            self.close()
        if self._connection is None:
            self.file.stat()
            connection = sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)
            try:
                self._check(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._inode = self.file.stat().st_ino
        return self._connection

    def _is_current(self, connection: sqlite3.Connection) -> bool:
        """Whether the file is still the one that was opened, and not built anew by another."""
        try:
            return self.file.stat().st_ino == self._inode
        except OSError:
            return False

    def _check(self, connection: sqlite3.Connection) -> None:
        connection.execute("pragma synchronous = off")  # what a power failure takes is built anew
        found = dict(connection.execute("select name, value from meta"))
        if found != self._meta:
            raise sqlite3.DatabaseError("another release's, or another registry's")

    @property
    def _meta(self) -> dict[str, str]:
        return {"format": FORMAT, "registry": self._storage.url}

    @property
    def _in_a_folder(self) -> bool:
        return self._storage.polars_options() is None

    @contextmanager
    def _told_if_refused(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"the index {self.file} cannot be written: {error}",
                where=str(self.file),
                fix=f"make {self.file.parent} a folder that this user may write to, with space",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_name(f".{self.file.name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _updated(self, connection: sqlite3.Connection, objects: Objects) -> int:
        domains = _changed(connection, objects)
        connection.execute("begin immediate")
        try:
            _take_in(connection, self._told(domains, objects, connection), objects)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        return len(domains)

    def _built(self, objects: Objects) -> None:
        """Build it beside the old one, and put it in its place when it is whole."""
        making = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        making.unlink(missing_ok=True)
        connection = sqlite3.connect(making, isolation_level=None)
        try:
            connection.execute("pragma page_size = 16384")
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma synchronous = off")
            connection.execute("pragma cache_size = -65536")
            connection.executescript(TABLES)
            connection.execute("begin")
            connection.execute("insert into words (words, rank) values ('hashsize', 67108864)")
            connection.executemany("insert into meta values (?, ?)", self._meta.items())
            _take_in(connection, self._told(list(objects), objects, connection), objects)
            connection.commit()
            connection.close()
            # What a writer of the old file left unfinished must not be taken for this one's.
            self.file.with_name(f"{self.file.name}-journal").unlink(missing_ok=True)
            making.replace(self.file)
        finally:
            connection.close()
            making.unlink(missing_ok=True)

    def _told(
        self, domains: Sequence[str], objects: Objects, connection: sqlite3.Connection
    ) -> Iterator[Told]:
        """What domains tell that is not in the index yet.

        The documents of a large mesh are parsed by a second process while this one writes.
        """
        known = {each: _known(connection, each) for each in domains}

        def told() -> Iterator[Told]:
            for document, findings in self._documents(domains, objects):
                yield _compared(document, known[document.about.name], findings)

        size = sum(each.size for domain in domains for each in objects.get(domain, ()))
        if size >= WORTHWHILE and self._in_a_folder and may_fork():
            return told_by_another(told)
        return told()

    def _documents(
        self, domains: Sequence[str], objects: Objects
    ) -> Iterator[tuple[Document, list[Finding]]]:
        """What domains tell, and what is wrong with it; only so many are in memory at a time."""
        from concurrent.futures import ThreadPoolExecutor

        def read(domain: str) -> tuple[Document, list[Finding]]:
            findings: list[Finding] = []
            return together(self._storage, domain, objects.get(domain, ()), findings), findings

        if self._in_a_folder:
            yield from map(read, domains)  # nothing is waited for that threads could share
            return
        left = iter(domains)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            reading: deque[Future[tuple[Document, list[Finding]]]] = deque()
            while True:
                for domain in islice(left, _AHEAD - len(reading)):
                    reading.append(threads.submit(read, domain))
                if not reading:
                    return
                yield reading.popleft().result()


def _known(connection: sqlite3.Connection, domain: str) -> Known:
    found = connection.execute(
        "select path, checksum, id from products where domain = ?", (domain,)
    )
    return {path: (checksum, id_) for path, checksum, id_ in found}


def _compared(document: Document, known: Known, findings: list[Finding]) -> Told:
    domain, unread = document.about.name, document.unread
    if document_key(domain) in unread:
        return Told(domain, [], [], findings, unread)
    rows = list(_new_rows(document, known, findings))
    replaced = [known[path][1] for path, _, _ in rows if path in known]
    kept = {*document.entries, *map(first.path_of, unread)} if unread else document.entries
    gone = [known[path][1] for path in known if path not in kept]
    return Told(domain, rows, [*replaced, *gone], findings, unread)


def _changed(connection: sqlite3.Connection, objects: Objects) -> list[str]:
    """The domains of which a document was written, or withdrawn, since."""
    known: dict[str, str] = dict(connection.execute("select key, version from objects"))
    now = {each.key: each.version for some in objects.values() for each in some if _counts(each)}
    if known == now:
        return []
    keys = {key for key, version in known.items() ^ now.items()}
    return sorted({key.partition("/")[0] for key in keys})


def _counts(found: Object) -> bool:
    own = document_key(found.key.partition("/")[0])
    return found.key == own or first.is_document(found.key)


def _take_in(connection: sqlite3.Connection, told: Iterator[Told], objects: Objects) -> None:
    newest = connection.execute("select coalesce(max(id), 0) from products").fetchone()[0]
    ids = count(newest + 1)
    targets: set[str] = set()
    for each in told:
        rows = [(next(ids), checksum, row) for _, checksum, row in each.rows if row]
        targets.update(targets_of(connection, each.gone))
        targets.update(row.path for _, _, row in rows)
        targets.update(read[0] for _, _, row in rows for read in row.reads)
        remove(connection, each.gone)
        insert(connection, rows)
        _note(connection, each, objects.get(each.domain, ()))
    learn_spelling(connection, range(newest + 1, next(ids)) if newest else None)
    weigh(connection, targets if newest else None)


def _new_rows(
    document: Document, known: Known, findings: list[Finding]
) -> Iterator[tuple[str, int, Row | None]]:
    """The entries that are not as they were; None in the place of one that cannot be used."""
    for path, entry in document.entries.items():
        checksum = zlib.crc32(entry)
        if path in known and known[path][0] == checksum:
            continue
        try:
            yield path, checksum, row_of(path, bounded(entry))
        except UNUSABLE as error:
            told = f"the discovery document cannot be used: {str(error)[:200]}"
            findings.append(Finding("MESH-D040", told, subject=path, where=document.name))
            yield path, checksum, None


def _note(connection: sqlite3.Connection, told: Told, objects: Sequence[Object]) -> None:
    """Remember what is wrong with the documents of a domain, and which they were."""
    domain = told.domain
    connection.execute("delete from findings where domain = ?", (domain,))
    connection.executemany(
        "insert into findings values (?, ?, ?, ?, ?, ?, ?)",
        (
            (domain, each.code, each.message, each.severity, each.subject, each.where, each.fix)
            for each in told.findings
        ),
    )
    connection.execute(
        "delete from objects where key >= ? and key < ?", (f"{domain}/", f"{domain}0")
    )
    connection.executemany(
        "insert into objects values (?, ?)",
        (
            (each.key, each.version if each.key not in told.unread else _UNREAD)
            for each in objects
            if _counts(each)
        ),
    )


def _findings(connection: sqlite3.Connection) -> tuple[Finding, ...]:
    found = connection.execute(
        "select code, message, severity, subject, place, fix from findings order by subject"
    )
    return tuple(
        Finding(code, message, Severity(severity), subject, place, fix)
        for code, message, severity, subject, place, fix in found
    )
