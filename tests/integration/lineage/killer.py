"""Processes that deliver lineage, and are killed.

killer.py trace ROOT          deliver a run, and print each line that ran
killer.py die_often ROOT      for each line of input, record and deliver a run and be killed there
killer.py send ROOT           deliver until nothing waits
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from mesh_dagster import clock
from mesh_dagster.lineage import drain
from mesh_dagster.model.address import Address
from mesh_dagster.products.keeping.lineage_delivery import deliver
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.run_events import Telling

PACKAGE = Path(clock.__file__).parent
TRACED = ("lineage/drain.py", "lineage/workers.py", "lineage/sinks/", "journal/deliver")
TRACED += ("journal/run_events.py", "products/keeping/lineage_delivery.py")
# What a dead sender had taken is free again soon, instead of after twenty seconds.
drain.LEASE = 0.4


def act(root: str, begin: Callable[[], None]) -> None:
    """An attempt begins and fails, and lineage is delivered."""
    mesh = Mesh.open(Path(root))
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    loaded = mesh.load(Address.parse("shop/sales/v1"))
    telling, attempt, now = Telling(mesh, loaded), clock.new_id(), clock.now()
    run = telling.run_of(attempt, now, None)
    with mesh.journal("shop") as journal:
        begin()
        began = telling.started(run)
        journal.begin("shop/sales/v1", attempt, started_at=now, lineage=began)
        failed = telling.failed(run, ValueError("no"), ())
        journal.fail(attempt, "no", lineage=failed)
    deliver(mesh, domain)


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
    act(root, lambda: traced(seen.setdefault))
    sys.settrace(None)
    print("\n".join(dict(seen)))


def die(root: str, where: str) -> None:
    def at(each: str) -> None:
        if each == where:
            os.kill(os.getpid(), signal.SIGKILL)

    act(root, lambda: traced(at))


def die_often(root: str) -> None:
    """Importing takes a second, dying no time: a fork for each."""
    for where in sys.stdin:
        child = os.fork()
        if not child:
            die(root, where.strip())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)


def send(root: str) -> None:
    mesh = Mesh.open(Path(root))
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    print("begun", flush=True)
    while True:
        deliver(mesh, domain)
        time.sleep(0.02)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
