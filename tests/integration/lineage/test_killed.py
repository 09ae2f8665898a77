"""Whoever delivers may die at any line, and the backend may be away: nothing is lost or garbled."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from effort import THOROUGH
from integration.killing import after, killed, lines

from mesh_dagster import clock

KILLER = "integration.lineage.killer"
SENDER = Path(__file__).with_name("sender.py")
BOTH = ["START", "FAIL"]
ROUNDS = 20


def ended(world, monkeypatch, dead=0):
    """Deliver until nothing waits, by clocks that are ahead of those of the dead."""
    for round in range(1, ROUNDS):
        monkeypatch.setattr(clock, "wall", after(dead + round))
        world.deliver()
        if not world.health().waiting:
            return
    raise AssertionError(f"{world.health().waiting} still wait")


def bodies_by_key(backend):
    """Of each event, told by its run and state, the different bodies that came."""
    found = defaultdict(set)
    for body in backend.taken:
        event = json.loads(body)
        found[event["run"]["runId"], event["eventType"]].add(body)
    return found


def test_killed_at_any_line_nothing_is_lost_and_what_comes_twice_is_the_same(
    world, backend, monkeypatch
):
    world.posts_to(backend, timeout=30)
    where = lines(KILLER, world.root)
    # With MESH_THOROUGH all of them, otherwise a sample.
    where = where if THOROUGH else where[::6]
    assert len(where) > 25
    assert killed(KILLER, world.root, where) > 0.7 * len(where)
    ended(world, monkeypatch, dead=len(where))
    with world.mesh.journal("shop") as journal:
        attempts = {each.id: each.state for each in journal.attempts("shop/sales/v1", 10_000)}
    failed = {id for id, state in attempts.items() if state == "failed"}
    assert {id for id, states in backend.states.items() if states == BOTH} == failed
    # Those that were killed between their beginning and their end have a beginning.
    assert set(backend.states) == set(attempts)
    assert all(len(bodies) == 1 for bodies in bodies_by_key(backend).values())


def test_an_outage_and_senders_that_are_killed_lose_nothing(world, backend, backends, monkeypatch):
    world.posts_to(backend, timeout=1)
    ids = world.put(1500)
    answers = [503, backends.HANG, backends.DROP, 201, 201, 201, backends.LOSE, 201, 429]
    backend.answer = lambda number, event: answers[number % len(answers)]
    for round in range(6):
        sender = subprocess.Popen(
            [sys.executable, str(SENDER), str(world.root)], stdout=subprocess.PIPE
        )
        assert sender.stdout is not None
        sender.stdout.readline()
        time.sleep(0.3)
        sender.kill()
        sender.wait()
        sender.stdout.close()
        if round == 3:
            backend.answer = lambda number, event: 201
    ended(world, monkeypatch)
    assert set(backend.states) == set(ids)
    assert all(states == ["START", "COMPLETE"] for states in backend.states.values())
    assert all(len(bodies) == 1 for bodies in bodies_by_key(backend).values())
    assert len(backend.taken) > len(set(backend.taken)), "nothing came twice: nothing was tested"
