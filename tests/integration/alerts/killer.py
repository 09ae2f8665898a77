"""Processes that tell people something, and are killed at one of their lines.

killer.py trace ROOT        do it, and print each line that ran
killer.py die_often ROOT    for each line of input, do it and be killed there
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from mesh_dagster import clock
from mesh_dagster.alerts import drain
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.products.keeping.alerting import tell
from mesh_dagster.products.mesh import Mesh

PACKAGE = Path(clock.__file__).parent
TRACED = (
    "alerts/",
    "journal/outbox.py",
    "journal/letters.py",
    "journal/sending.py",
    "journal/happenings.py",
    "products/keeping/alerting.py",
    "registry/news.py",
)
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


def act(root: str, number: str, begin: Callable[[], None]) -> None:
    """Two events of one product happen, and people are told."""
    mesh = Mesh.open(Path(root))
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    product = f"shop/p{number}/v1"
    # What a dead sender had taken is free again soon, instead of after half a minute.
    drain._SPARE = 0
    with mesh.journal("shop") as journal:
        begin()
        for part in ("first", "then"):
            cause = f"{number} {part}"
            event = Event(EventKind.BREACHED, product, NOON, cause, cause, cause=cause)
            journal.outbox.put([event])
    tell(mesh, domain)


def traced(at: Callable[[str], object]) -> None:
    """Call `at` with each line that runs from now on, in every thread."""
    named: dict[str, str | None] = {}

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if file not in named:
            short = file.removeprefix(f"{PACKAGE}/")
            named[file] = short if short.startswith(TRACED) else None
        return line if named[file] else None

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            at(f"{named[frame.f_code.co_filename]}:{frame.f_lineno}")
        return line

    threading.settrace(enter)
    sys.settrace(enter)


def trace(root: str) -> None:
    seen: dict[str, None] = {}
    act(root, "0", lambda: traced(seen.setdefault))
    sys.settrace(None)
    print("\n".join(dict(seen)))


def die(root: str, number: str, where: str) -> None:
    def at(each: str) -> None:
        if each == where:
            os.kill(os.getpid(), signal.SIGKILL)

    act(root, number, lambda: traced(at))


def die_often(root: str) -> None:
    """Importing takes a second, dying no time: a fork for each."""
    for number, where in enumerate(sys.stdin, 1):
        child = os.fork()
        if not child:
            die(root, str(number), where.strip())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
