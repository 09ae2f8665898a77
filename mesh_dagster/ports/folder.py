"""A storage in a folder: rename for atomic writes, a file lock for the swap.

The lock is `flock` on a file beside the object. The kernel drops it with the process that held
it, so a crash never leaves one behind; between NFS clients it holds from NFSv4 on.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from mesh_dagster.errors import MissingObject, StorageError, UsageError
from mesh_dagster.ports.storage import Entry, checked

_TEMPORARY = ".tmp"
_LOCK = ".lock"
_FIXES = {
    errno.ENOSPC: "free space there (`df -h {root}`), then run again",
    errno.EDQUOT: "free space there or raise the quota, then run again",
    errno.EFBIG: "raise the limit on file sizes (`ulimit -f unlimited`), then run again",
    errno.EROFS: "mount it writable, or set another `storage:` in mesh.yaml",
    errno.EACCES: "give this user the right to write there (`ls -ld {root}`)",
    errno.EPERM: "give this user the right to write there (`ls -ld {root}`)",
}


class FolderStorage:
    """Objects are files below one root folder, which is made by the first write."""

    def __init__(self, url: str) -> None:
        self._root = Path(url.removeprefix("file://")).expanduser().absolute()
        self.url = f"file://{self._root}"

    def read(self, key: str) -> bytes:
        with self._translated(key):
            return self._file(key).read_bytes()

    def read_versioned(self, key: str) -> tuple[bytes, str]:
        data = self.read(key)
        return data, _version(data)

    def write(self, key: str, data: bytes) -> None:
        with self._translated(key), self._written(key, data) as temporary:
            temporary.replace(self._file(key))

    def create(self, key: str, data: bytes) -> bool:
        with self._translated(key), self._written(key, data) as temporary:
            try:
                os.link(temporary, self._file(key))
            except FileExistsError:
                return False
            return True

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        with self._translated(key), self._locked(key):
            target = self._file(key)
            found = _version(target.read_bytes()) if target.exists() else None
            if found != expected:
                return False
            with self._written(key, data) as temporary:
                temporary.replace(target)
            return True

    def list(self, prefix: str) -> Iterator[Entry]:
        folder = self._root / prefix.rpartition("/")[0]
        with self._translated(prefix):
            found = [path for path in _files(folder) if not path.name.startswith(".")]
            keyed = sorted((str(path.relative_to(self._root)), path) for path in found)
            for key, path in keyed:
                if not key.startswith(prefix):
                    continue
                status = _regular(path)
                if status is not None:
                    modified = datetime.fromtimestamp(status.st_mtime, UTC)
                    version = f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
                    yield Entry(key, status.st_size, modified, version)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            path = self._file(key)
            with self._translated(key):
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, self._root)

    def open(self, key: str) -> BinaryIO:
        with self._translated(key):
            return self._file(key).open("rb")

    def missing(self, keys: Iterable[str]) -> tuple[str, ...]:
        return tuple(key for key in keys if not self._file(key).is_file())

    def allow(self, key: str) -> None:
        real, root = self._file(key).resolve(), self._root.resolve()
        if real != root and root not in real.parents:
            raise StorageError(
                f"{key} would be written outside of {self.url}, to {real}: a link leads there",
                where=str(self._file(key)),
                fix="replace the link in the storage by a folder, or let `storage:` in mesh.yaml "
                "name the place itself",
            )

    def sync(self, keys: Iterable[str]) -> None:
        folders = set()
        for key in keys:
            path = self._file(key)
            with self._translated(key):
                _sync(path)
            folders.add(path.parent)
        for folder in folders:
            with self._translated(str(folder)):
                _sync(folder)

    def sweep(self, prefix: str, before: datetime) -> int:
        swept = 0
        with self._translated(prefix):
            for path in _files(self._root / prefix):
                left = path.name.startswith(".") and path.name.endswith(_TEMPORARY)
                with suppress(FileNotFoundError):
                    if left and path.stat().st_mtime < before.timestamp():
                        path.unlink()
                        swept += 1
        return swept

    def uri(self, key: str) -> str:
        return f"file://{self._file(key)}"

    def path(self, key: str) -> str:
        return str(self._file(key))

    def key(self, uri: str) -> str:
        plain = uri.removeprefix("file://")
        inside = plain.removeprefix(f"{self._root}/")
        if inside == plain:
            raise UsageError(f"{uri} is not in the storage {self.url}", code="MESH-M020")
        return checked(inside)

    def polars_options(self) -> dict[str, str] | None:
        return None

    def iceberg_properties(self) -> dict[str, str]:
        return {}

    def _file(self, key: str) -> Path:
        return self._root / checked(key)

    def _make_folder(self, key: str) -> None:
        if "/" in key:
            self.allow(key.rpartition("/")[0])
        self._file(key).parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _written(self, key: str, data: bytes) -> Iterator[Path]:
        target = self._file(key)
        self._make_folder(key)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}{_TEMPORARY}")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        target = self._file(key)
        self._make_folder(key)
        self.allow(f"{key.rpartition('/')[0]}/.{target.name}{_LOCK}".lstrip("/"))
        with target.with_name(f".{target.name}{_LOCK}").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise MissingObject(f"there is no {key} in {self.url}", where=self.url) from None
        except OSError as error:
            raise self.refused(error, key) from error

    def refused(self, error: OSError, key: str) -> StorageError:
        """The error of this storage for one of the operating system."""
        fix = _FIXES.get(error.errno or 0, "look at the folder: `ls -la {root}`")
        return StorageError(
            f"{key} could not be written or read in {self.url}: "
            f"{error.strerror or error}{_free(self._root, error)}",
            where=str(self._root),
            fix=fix.format(root=self._root),
        )


def _version(data: bytes) -> str:
    from hashlib import sha256  # binds OpenSSL: a listing that reads nothing needs none

    return sha256(data).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)


def _regular(path: Path) -> os.stat_result | None:
    """A pipe, a device or a link in a circle is no object: to read it could hang for ever."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and root in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _free(root: Path, error: OSError) -> str:
    if error.errno != errno.ENOSPC:
        return ""
    with suppress(OSError):
        return f" ({shutil.disk_usage(root).free // 1024} KiB free)"
    return ""
