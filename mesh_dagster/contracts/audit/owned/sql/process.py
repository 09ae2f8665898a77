"""The process that runs queries, as its parent sees it: asked, waited for, and ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Self

_MODULE = "mesh_dagster.contracts.audit.owned.sql.worker"
_GRACE = 5.0
"""Seconds beyond the limit in which a query may stop by itself, before its process is ended."""
_TO_PLAN = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may take: seconds, and megabytes of memory (as much again for texts)."""

    seconds: float = 300.0
    megabytes: int = 2048
    threads: int = 0
    """0: as many as the machine has cores."""


DEFAULT = Limits()


class Stopped(RuntimeError):
    """The query has no answer; the text says why."""


class Worker:
    """A process with a folder of its own. One that had to be ended is begun anew when asked."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._process: subprocess.Popen[str] | None = None
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reader: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, **message: Any) -> dict[str, Any]:
        """The answer to one message. Raises `Stopped` when there is none in time, or at all."""
        if self._process is None:
            self._begin()
            threads = self._limits.threads or os.cpu_count() or 1
            opening = {"do": "open", "folder": str(self._folder), "threads": threads}
            self._answer(opening | {"megabytes": self._limits.megabytes}, _TO_PLAN)
        seconds = message["seconds"] + _GRACE if "seconds" in message else _TO_PLAN
        return self._answer(message, seconds)

    def _begin(self) -> None:
        self._lines = SimpleQueue()
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self._reader = Thread(target=_read, args=(self._process, self._lines), daemon=True)
        self._reader.start()

    def _answer(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None:
            raise Stopped("its process is gone")
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=seconds)
        except Empty:
            self._end()
            raise Stopped(f"it took longer than {seconds:g} seconds and was ended") from None
        except OSError:
            line = ""
        if not line:
            self._end()
            raise Stopped("its process ended: it took more memory than it may have, or crashed")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join(timeout=_GRACE)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def _read(process: subprocess.Popen[str], lines: SimpleQueue[str]) -> None:
    """Hand over line by line; an empty one says that there are no more."""
    with suppress(OSError, ValueError):
        for line in process.stdout or ():
            lines.put(line)
    lines.put("")
