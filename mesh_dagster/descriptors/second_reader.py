"""A second process that parses part of a large mesh which the cache does not know yet.

It hands over nothing but the cache: what it could not parse, or not keep, is parsed by whoever
asks for it afterwards, as if there had been no second process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

WORTHWHILE = 100
"""Product folders from which a process of its own costs less than it saves."""


@contextmanager
def second_reader(folders: Sequence[Path], read: Callable[[Path], object]) -> Iterator[None]:
    """While the body runs, `read` each of the domains' folders in a process of its own.

    Afterwards it has ended. Nothing happens where it would not pay, or could not be done safely.
    """
    if not (may_fork() and _many(folders)):
        yield
        return
    child = os.fork()
    if not child:
        try:
            for folder in folders:
                read(folder)
        finally:
            os._exit(0)
    try:
        yield
    finally:
        os.waitpid(child, 0)


def may_fork() -> bool:
    """Whether a process may be made of this one, and has a core to run on.

    A fork copies one thread only, so what others hold would stay held for ever.
    """
    return (
        hasattr(os, "fork")
        and hasattr(os, "sched_getaffinity")
        and len(os.sched_getaffinity(0)) > 1
        and threading.active_count() == 1
    )


def _many(folders: Sequence[Path]) -> bool:
    found = 0
    for folder in folders:
        try:
            found += len(os.listdir(folder / "defs"))  # noqa: PTH208 (only how many)
        except OSError:
            continue
        if found >= WORTHWHILE:
            return True
    return False
