"""Whoever delivers may die at any line, and the backend may be away: nothing is lost or garbled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

KILLER = Path(__file__).with_name("killer.py")
BOTH = ["START", "FAIL"]


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


def ended(world):
    until = time.monotonic() + 60
    while world.health().waiting:
        assert time.monotonic() < until, "something still waits"
        world.deliver()
        time.sleep(0.05)


def bodies_by_key(backend):
    """Of each event, told by its run and state, the different bodies that came."""
    found = defaultdict(set)
    for body in backend.taken:
        event = json.loads(body)
        found[event["run"]["runId"], event["eventType"]].add(body)
    return found


def test_killed_at_any_line_nothing_is_lost_and_what_comes_twice_is_the_same(world, backend):
    world.posts_to(backend, timeout=2)
    root = str(world.root)
    where = run("trace", root)
    # With MESH_EVERY_LINE all of them, otherwise a sample.
    where = where if "MESH_EVERY_LINE" in os.environ else where[::6]
    assert len(where) > 25
    killed = run("die_often", root, lines="\n".join(where)).count("killed")
    assert killed > 0.7 * len(where)
    time.sleep(0.5)
    ended(world)
    with world.mesh.journal("shop") as journal:
        attempts = {each.id: each.state for each in journal.attempts("shop/sales/v1", 10_000)}
    failed = {id for id, state in attempts.items() if state == "failed"}
    assert {id for id, states in backend.states.items() if states == BOTH} == failed
    # Those that were killed between their beginning and their end have a beginning.
    assert set(backend.states) == set(attempts)
    assert all(len(bodies) == 1 for bodies in bodies_by_key(backend).values())


def test_an_outage_and_senders_that_are_killed_lose_nothing(world, backend, backends):
    world.posts_to(backend, timeout=1)
    ids = world.put(1500)
    answers = [503, backends.HANG, backends.DROP, 201, 201, 201, backends.LOSE, 201, 429]
    backend.answer = lambda number, event: answers[number % len(answers)]
    for round in range(6):
        sender = subprocess.Popen(
            [sys.executable, str(KILLER), "send", str(world.root)], stdout=subprocess.PIPE
        )
        assert sender.stdout is not None
        sender.stdout.readline()
        time.sleep(0.3)
        sender.kill()
        sender.wait()
        sender.stdout.close()
        if round == 3:
            backend.answer = lambda number, event: 201
    time.sleep(0.5)
    ended(world)
    assert set(backend.states) == set(ids)
    assert all(states == ["START", "COMPLETE"] for states in backend.states.values())
    assert all(len(bodies) == 1 for bodies in bodies_by_key(backend).values())
    assert len(backend.taken) > len(set(backend.taken)), "nothing came twice: nothing was tested"
