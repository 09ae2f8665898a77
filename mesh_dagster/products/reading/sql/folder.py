"""The folder of a query, for as long as its process is there.

A process that is killed leaves it: whoever opens the next one takes it away. It is known by a
lock, which ends with its holder, and not by a number that another process may have by now.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PREFIX = "mesh-query-"
_LOCK = "held"
_YOUNG = 60.0
"""Seconds that a folder is left alone in: it may just have been made, and not yet be locked."""

MEMORIES = 4
"""How many times its memory a query may keep on disk: of what it spills, and of what is written
for it to read."""


class Folder:
    """A folder of its own below the system's temporary one."""

    def __init__(self) -> None:
        _sweep(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = (self.path / _LOCK).open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _sweep(below: Path) -> None:
    """Take away what this user's processes left that ended without doing so."""
    with suppress(OSError), os.scandir(below) as found:
        for each in found:
            if each.name.startswith(_PREFIX):
                with suppress(OSError):
                    _remove_if_left(Path(each.path), each.stat(follow_symlinks=False))


def _remove_if_left(folder: Path, state: os.stat_result) -> None:
    """Raises `BlockingIOError` where somebody holds it, `OSError` where it has no lock."""
    if state.st_uid != os.getuid() or time.time() - state.st_mtime < _YOUNG:
        return
    with (folder / _LOCK).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
