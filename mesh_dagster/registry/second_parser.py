"""A second process that parses documents while the first one writes an index of them.

Two threads of Python would wait for each other for as long as they save.
"""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import NoReturn, TypeVar

WORTHWHILE = 4 * 1024 * 1024
"""Bytes of documents from which a process of its own costs less than it saves."""

_PIPE = 1024 * 1024
"""Bytes that wait in between, so that neither process waits for the other domain by domain."""

_Item = TypeVar("_Item")


def told_by_another(items: Callable[[], Iterator[_Item]]) -> Iterator[_Item]:
    """The items, made in a process of its own; where that ends too early, the rest here.

    Only where `may_fork`, and for items that need nothing that stays open in a process.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        _tell(items, ours, theirs)
    os.close(theirs)
    count = status = 0
    try:
        with os.fdopen(ours, "rb") as pipe, suppress(EOFError, pickle.UnpicklingError):
            _widen(ours)
            while True:
                yield pickle.load(pipe)  # noqa: S301 (what this very program has written)
                count += 1
    finally:
        _, status = os.waitpid(child, 0)
    if status:
        yield from islice(items(), count, None)


def _tell(items: Callable[[], Iterator[object]], ours: int, theirs: int) -> NoReturn:
    """What goes wrong here, goes wrong again where it can be told."""
    try:
        os.close(ours)
        with os.fdopen(theirs, "wb") as pipe:
            for each in items():
                pickle.dump(each, pipe, pickle.HIGHEST_PROTOCOL)
        os._exit(0)
    finally:
        os._exit(1)


def _widen(pipe: int) -> None:
    with suppress(AttributeError, OSError):  # only Linux has wider ones, and only so many
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
