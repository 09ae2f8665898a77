"""Who owns a running attempt, and whether that process is still there.

A process id alone is not enough, it is used again: the process's start goes with it. Ids mean
something in one pid namespace only, so a container is a host of its own even where it shares
its host's name.
"""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

_INITIAL_NAMESPACE = "pid:[4026531836]"
_PROC = Path("/proc")

PATIENCE = timedelta(days=1)
"""How long an attempt of another host, which cannot be asked, counts as running."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: where it runs, its id there, and a token that no other process of that id has.

    `process` None: this system does not tell when a process started.
    """

    host: str
    pid: int
    process: str | None

    @classmethod
    def this(cls) -> Owner:
        """The process that asks."""
        return cls(_host(), os.getpid(), _started(os.getpid()))

    def is_gone(self, begun: datetime, now: datetime) -> bool:
        """Whether the process cannot be at work any more, `begun` and `now` in wall time."""
        if self.host != _host():
            return now - begun > PATIENCE
        started = _started(self.pid)
        return started is None or (self.process is not None and started != self.process)


def _host() -> str:
    name = socket.gethostname()
    with suppress(OSError):
        namespace = os.readlink(_PROC / "self/ns/pid")  # noqa: PTH115 - not a path
        if namespace != _INITIAL_NAMESPACE:
            return f"{name}/{namespace}"
    return name


def _started(pid: int) -> str | None:
    """A token of the live process of this id; None when there is none."""
    if not (_PROC / "self/stat").exists():
        return _started_by_ps(pid)
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The command's name stands in parentheses and may hold anything, blanks and parentheses too.
    state, *fields = stat.rpartition(")")[2].split()
    if state in "ZX":
        return None
    with suppress(OSError):
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{fields[18]}"
    return fields[18]


def _started_by_ps(pid: int) -> str | None:
    asked = subprocess.run(  # noqa: S603 - no shell, and a number is all that varies
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or None
