"""Other people's code, waited for no longer than agreed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")
_GRACE = 1.0


class _Late(BaseException):
    """Raised within code that takes too long; no `except Exception` of its own stops it."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises `TimeoutError` when it is not done in time.

    Python code is stopped then; a call into a library ends by itself, with nobody waiting.
    What is meant to end the process, such as `SystemExit`, is raised as a `RuntimeError`.
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again below
            raised.append(error)

    thread = Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        _stop(thread)
        raise TimeoutError(f"it took longer than {seconds:g} seconds")
    if raised:
        error = raised[0]
        if isinstance(error, Exception):
            raise error
        raise RuntimeError(f"{type(error).__name__} {error}".strip()) from error
    return returned[0]


def _stop(thread: Thread) -> None:
    if thread.ident is not None:
        late = ctypes.py_object(_Late)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), late)
    thread.join(_GRACE)
