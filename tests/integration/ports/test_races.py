"""Processes that publish at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from mesh_dagster import clock
from mesh_dagster.ports import pointer
from mesh_dagster.ports.storage import Storage, open_storage

WORLD = str(Path(__file__).with_name("world.py"))
ROUNDS = {"folder": 20, "s3": 6}
"""On S3 each of them costs the server as much as the racers."""
START_SECONDS = 3.0


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, WORLD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def test_four_processes_publish_different_partitions_at_once_again_and_again(
    world: ModuleType, storage: Storage
) -> None:
    rounds = ROUNDS["s3" if storage.url.startswith("s3:") else "folder"]
    starts_at = str(time.time() + START_SECONDS)
    racers = [_start("race", storage.url, str(n), str(rounds), starts_at) for n in range(4)]
    for racer in racers:
        _ended(racer)
    expected = {world.key(i * 4 + n): [n] * 3 for i in range(rounds) for n in range(4)}
    assert world.values(storage) == expected
    found = list(pointer.publications(storage, world.PRODUCT))
    assert [each.number for each in found] == list(range(4 * rounds, 0, -1))
    documents = list(storage.list("flights/departures/v1/publications/"))
    assert len(documents) == len(found)


@pytest.mark.parametrize("newest", [0, 1])
def test_of_two_that_publish_one_partition_the_newest_attempt_wins(
    world: ModuleType, folder: Storage, newest: int
) -> None:
    for round_ in range(2):
        url = f"{folder.url}/{round_}"
        attempts = sorted([clock.new_id(), clock.new_id()])
        mine = attempts if newest == 1 else attempts[::-1]
        starts_at = str(time.time() + START_SECONDS)
        duellists = [_start("duel", url, str(n), mine[n], starts_at) for n in range(2)]
        told = [json.loads(_ended(each)) for each in duellists]
        assert world.values(open_storage(url)) == {world.key(0): [newest] * 3}
        assert told[newest] == {"published": True}
