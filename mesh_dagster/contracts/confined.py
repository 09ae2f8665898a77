"""What a process that runs somebody's queries does to itself, whoever asked for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from threading import Thread
from time import sleep

_MEGABYTE = 2**20
_OVERHEAD = 3 * 2**30
"""Addresses that DuckDB and its threads take without using them."""


def limit_memory(megabytes: int) -> None:
    """Bound what DuckDB does not count too (a text that one function makes), where that can be."""
    try:
        import resource
    except ImportError:
        return
    most = 2 * megabytes * _MEGABYTE + _OVERHEAD
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def end_with_parent(folder: Path | None = None) -> None:
    """From now on end as soon as the parent has: a query that nobody waits for must not run on.

    `folder` is what would be left of it.
    """
    Thread(target=_watch, args=(os.getppid(), folder), daemon=True).start()


def _watch(parent: int, folder: Path | None) -> None:
    while os.getppid() == parent:
        sleep(1)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)
