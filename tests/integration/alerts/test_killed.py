"""Whoever sends may die at any line: nothing is lost, and nothing overtakes what came before."""

from __future__ import annotations

from collections import defaultdict

from effort import THOROUGH
from integration.killing import after, killed, lines

from mesh_dagster import clock

KILLER = "integration.alerts.killer"
ROUNDS = 20
NEAR = ("alerts/drain.py", "alerts/send.py", "journal/outbox.py", "journal/sending.py")
"""What takes, sends and records."""


def chosen(where: list[str]) -> list[str]:
    """A fifth of the lines near the sending and some of the rest; with MESH_THOROUGH all."""
    if THOROUGH:
        return where
    near = [each for each in where if each.startswith(NEAR)]
    rest = [each for each in where if not each.startswith(NEAR)]
    return near[::5] + rest[::60]


def waits(world):
    return [told for each in world.alerts() for told in each.told if told.state != "delivered"]


def test_killed_at_any_line_nothing_is_lost_and_order_holds(world, hook, monkeypatch):
    # Each event is a cause of its own, so that two of one product are two messages.
    world.hooked(timeout="30s")
    where = chosen(lines(KILLER, world.root))
    assert len(where) > 30
    assert killed(KILLER, world.root, where) > 0.7 * len(where)
    for round in range(1, ROUNDS):
        monkeypatch.setattr(clock, "wall", after(len(where) + round))
        world.tell()
        if not waits(world):
            break
    assert waits(world) == []
    told, happened = defaultdict(list), defaultdict(list)
    for each in hook.alerts():
        told[each["product"]].append(each["summary"])
    for alert in reversed(world.alerts()):
        happened[alert.event.subject].append(alert.event.summary)
    assert len(happened) > 0.7 * len(where)
    assert told == happened
    known = {each.told[0].message for each in world.alerts()}
    assert set(hook.keys) == known, "a message that was tried again is the same message"
