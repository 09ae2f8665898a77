"""Parsed models by path, modification time and size, so that what did not change is not parsed.

One JSON file for each domain folder, written whole and renamed into place. It is only ever a
shortcut: whatever is wrong with it (corrupt, unwritable, another release's) means to read the
YAML. An entry is trusted only if its files are older than the cache file itself, because a file
can change twice within one tick of the file system's clock.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from mesh_dagster.descriptors.codec import STALE, decode, encode
from mesh_dagster.descriptors.source import Source

VARIABLE = "MESH_CACHE"
LARGEST = 256 * 1024 * 1024

_Value = TypeVar("_Value")

Stamps = list[list[Any]]
"""For each file of an entry: its name, modification time and size."""


def cache_folder() -> Path:
    """MESH_CACHE, or mesh-dagster in the user's cache folder."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "mesh-dagster"


@cache
def _release() -> str:
    """The code that made the models, by its files: also right in a checkout being edited."""
    here = Path(__file__).parent
    parts = []
    for folder in (here, here.parent / "model"):
        for each in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if each.name.endswith(".py"):
                stat = each.stat()
                parts.append(f"{each.name}:{stat.st_mtime_ns}:{stat.st_size}")
    return "\n".join(parts)


class ModelCache:
    """The entries of one folder. `get` answers only for files that have not changed."""

    def __init__(self, kind: str, *about: str) -> None:
        self._entries: dict[str, Any] = {}
        self._fresh: dict[str, Any] = {}
        self._written = 0
        self._changed = False
        self._path: Path | None = None
        self._about: list[str] = []
        with suppress(OSError, RuntimeError):
            self._about = [_release(), *about]
            name = zlib.crc32("\0".join(about).encode(errors="replace"))
            self._path = cache_folder() / f"{kind}-{name:08x}.json"
            self._load(self._path)

    def _load(self, path: Path) -> None:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            if stat.st_size > LARGEST:
                return
            checksum, _, payload = file.read().partition(b"\n")
        if _checksum(payload) != checksum:
            return
        with suppress(ValueError, RecursionError):
            match json.loads(payload):
                case [about, dict(entries)] if about == self._about:
                    self._entries, self._written = entries, stat.st_mtime_ns

    def __bool__(self) -> bool:
        """Whether anything is kept, of whatever age."""
        return bool(self._entries)

    def get(self, key: str, stamps: Stamps) -> Any:
        """The value kept for a key whose files have these stamps; None when there is none."""
        entry = self._entries.get(key)
        if entry is None or entry[0] != stamps:
            return None
        if any(stamp[1] >= self._written for stamp in stamps):
            return None
        self._fresh[key] = entry
        return entry[1]

    def put(self, key: str, stamps: Stamps, value: Any) -> None:
        self._fresh[key] = [stamps, value]
        self._changed = True

    def save(self) -> None:
        """Write the entries that were asked for, if one of them is new or one is gone."""
        if self._path is None or not (self._changed or len(self._fresh) < len(self._entries)):
            return
        with suppress(OSError, ValueError, RecursionError):
            payload = json.dumps([self._about, self._fresh], separators=(",", ":")).encode()
            _replace(self._path, payload)


def _replace(path: Path, payload: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writing = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with writing.open("wb") as file:
            file.write(_checksum(payload) + b"\n" + payload)
        writing.replace(path)
    except BaseException:
        with suppress(OSError):
            writing.unlink()
        raise


def _checksum(payload: bytes) -> bytes:
    return b"%08x" % zlib.crc32(payload)


@contextmanager
def collecting_none() -> Iterator[None]:
    """No garbage collection while millions of values are made of which none stays."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def collecting_later() -> Iterator[None]:
    """No garbage collection while thousands of values are made that all stay: a third faster.

    Nor do later collections walk through them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            atexit.unregister(gc.unfreeze)
            # What stays frozen at the end looks leaked to libraries that count their objects.
            atexit.register(gc.unfreeze)
            gc.enable()


def stamp(folder: str, names: list[str]) -> Stamps | None:
    """The stamps of files of a folder; None when one of them is not there."""
    stamps: Stamps = []
    for name in names:
        try:
            stat = os.stat(f"{folder}/{name}")  # noqa: PTH116 (several thousand per listing)
        except OSError:
            return None
        stamps.append([name, stat.st_mtime_ns, stat.st_size])
    return stamps


def remembered(
    kind: str, file: Path, type_: type[_Value], source: Source, parse: Callable[[], _Value | None]
) -> _Value | None:
    """What `parse` makes of a file, or made of it before the file was last changed.

    It is kept only if nothing at all is wrong with it.
    """
    cache = ModelCache(kind, str(file), source.name)
    stamps = stamp(str(file.parent), [file.name])
    if stamps and (value := cache.get(file.name, stamps)) is not None:
        with suppress(*STALE):
            return cast(_Value, decode(type_, value))
    found = parse()
    if found is not None and stamps and not source.findings:
        cache.put(file.name, stamps, encode(found))
        cache.save()
    return found
