"""Whoever sends may die at any line: nothing is lost, and nothing overtakes what came before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

KILLER = Path(__file__).with_name("killer.py")


def run(*arguments: str, lines: str = "") -> list[str]:
    asked = subprocess.run(
        [sys.executable, str(KILLER), *arguments],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout.split("\n")[:-1]


NEAR = ("alerts/drain.py", "alerts/send.py", "journal/outbox.py", "journal/sending.py")
"""What takes, sends and records."""


def chosen(where: list[str]) -> list[str]:
    """A third of the lines near the sending and some of the rest; with MESH_EVERY_LINE all."""
    if "MESH_EVERY_LINE" in os.environ:
        return where
    near = [each for each in where if each.startswith(NEAR)]
    rest = [each for each in where if not each.startswith(NEAR)]
    return near[::3] + rest[::40]


def test_killed_at_any_line_nothing_is_lost_and_order_holds(world, hook):
    # Each event is a cause of its own, so that two of one product are two messages.
    world.hooked(timeout="250ms")
    root = str(world.root)
    where = chosen(run("trace", root))
    assert len(where) > 30
    ended = run("die_often", root, lines="\n".join(where))
    assert ended.count("killed") > 0.7 * len(where)
    deadline = time.monotonic() + 60
    while any(told.state != "delivered" for each in world.alerts() for told in each.told):
        assert time.monotonic() < deadline, "something still waits"
        world.tell()
        time.sleep(0.05)
    told, happened = defaultdict(list), defaultdict(list)
    for each in hook.alerts():
        told[each["product"]].append(each["summary"])
    for alert in reversed(world.alerts()):
        happened[alert.event.subject].append(alert.event.summary)
    assert len(happened) > 0.7 * len(where)
    assert told == happened
    known = {each.told[0].message for each in world.alerts()}
    assert set(hook.keys) == known, "a message that was tried again is the same message"
