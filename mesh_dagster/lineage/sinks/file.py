"""The sink `file`: a line of JSON an event, on disk for good before it counts as delivered.

One process writes at a time. What one that was killed has left of a line is cut off by the next:
the event was not recorded as delivered, and comes again as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from mesh_dagster.journal.deliveries import Outgoing
from mesh_dagster.lineage.sink import NotNow
from mesh_dagster.model.message import Setting

_STEP = 1 << 16


class FileSink:
    """Appends to a file, which it makes where there is none."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "path": Setting("the file; {domain} in it is the domain's name", required=True)
    }
    AT_ONCE: ClassVar[int] = 1

    def __init__(self, *, path: str) -> None:
        self._path = Path(path).expanduser()
        self._file: int | None = None

    def deliver(self, event: Outgoing) -> None:
        try:
            line = memoryview(event.body + b"\n")
            while line:
                line = line[os.write(self._opened(), line) :]
        except OSError as error:
            self._forget_torn_line()
            raise NotNow(f"{self._path}: {error.strerror or error}", of_all=True) from None

    def settle(self) -> None:
        if self._file is not None:
            os.fsync(self._file)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                _lock(file)
                _cut_torn_line(file)
            except BaseException:
                os.close(file)
                raise
            self._file = file
        return self._file

    def _forget_torn_line(self) -> None:
        """A full disk takes half a line, too."""
        if self._file is not None:
            with suppress(OSError):
                _cut_torn_line(self._file)


def _lock(file: int) -> None:
    try:
        import fcntl
    except ModuleNotFoundError:  # where there is none, one process a file is up to its owner
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _cut_torn_line(file: int) -> None:
    size = end = os.fstat(file).st_size
    while end:
        start = max(0, end - _STEP)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end < size:
        os.ftruncate(file, end)
