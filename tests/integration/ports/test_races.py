"""Processes that publish at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from integration.racing import at_once

from mesh_dagster import clock
from mesh_dagster.ports import pointer
from mesh_dagster.ports.storage import Storage

WORLD = str(Path(__file__).with_name("world.py"))
ROUNDS = {"folder": 10, "s3": 4}
"""On S3 each of them costs the server as much as the racers."""


def test_four_processes_publish_different_partitions_at_once_again_and_again(
    world: ModuleType, storage: Storage
) -> None:
    rounds = ROUNDS["s3" if storage.url.startswith("s3:") else "folder"]
    race = [sys.executable, WORLD, "race", storage.url]
    at_once([[*race, str(n), str(rounds)] for n in range(4)])
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
    attempts = sorted([clock.new_id(), clock.new_id()])
    mine = attempts if newest == 1 else attempts[::-1]
    duel = [sys.executable, WORLD, "duel", folder.url]
    told = [json.loads(each) for each in at_once([[*duel, str(n), mine[n]] for n in range(2)])]
    assert world.values(folder) == {world.key(0): [newest] * 3}
    assert told[newest] == {"published": True}
