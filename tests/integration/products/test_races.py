"""Processes that make the same product at the same moment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from integration.racing import at_once

from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import AttemptState, Outcome
from mesh_dagster.ports import places
from mesh_dagster.products.reading.read import read
from mesh_dagster.products.reading.snapshots import snapshots

WORLD = str(Path(__file__).with_name("world.py"))
ADDRESS = Address.parse("shop/sales/v1")
DAYS = [f"2013-11-{n:02}" for n in range(1, 9)]
ROUNDS = 3


def _race(shop: Any, *keys: Sequence[str]) -> None:
    race = [sys.executable, WORLD, "race", str(shop.root), str(ROUNDS)]
    at_once([[*race, *mine] for mine in keys])


def test_different_partitions_made_at_once_are_all_there(shop: Any, world: ModuleType) -> None:
    shop.product(rows=world.sold({day: [n] for n, day in enumerate(DAYS)}))
    _race(shop, *(DAYS[n : n + 2] for n in range(0, 8, 2)))
    assert shop.amounts() == {day: [n] for n, day in enumerate(DAYS)}
    stored = snapshots(shop.mesh, ADDRESS)
    assert [each.number for each in stored] == list(range(4 * ROUNDS, 0, -1))
    with shop.mesh.journal("shop") as journal:
        assert journal.publications(ADDRESS.path) == stored
        attempts = journal.attempts(ADDRESS.path, limit=100)
    assert {each.state for each in attempts} == {AttemptState.FINISHED}
    assert {d.outcome for each in attempts for d in each.decisions} == {Outcome.PUBLISHED}


def test_of_two_that_make_one_partition_the_newest_attempt_is_served(
    shop: Any, world: ModuleType
) -> None:
    shop.product(rows=world.sold({DAYS[0]: [1, 2], DAYS[1]: [3]}))
    _race(shop, DAYS[:1], DAYS[:1])
    with shop.mesh.journal("shop") as journal:
        attempts = journal.attempts(ADDRESS.path, limit=100)
        assert journal.publications(ADDRESS.path) == snapshots(shop.mesh, ADDRESS)
    assert len(attempts) == 2 * ROUNDS
    outcomes = [world.outcomes(each)[DAYS[0]] for each in attempts]
    assert outcomes[0] is Outcome.PUBLISHED
    assert set(outcomes) <= {Outcome.PUBLISHED, Outcome.SUPERSEDED}
    served = {places.origin(file)[0] for file in read("shop/sales", mesh=shop.mesh).files}
    assert served == {attempts[0].id}
    assert shop.amounts() == {DAYS[0]: [1, 2]}


def test_a_key_over_the_whole_port_holds_among_partitions_made_at_once(
    shop: Any, world: ModuleType
) -> None:
    """Each passes alone; whoever publishes second is held against the first."""
    rows = world.sold({day: [1] for day in DAYS[:2]}).select("day", "item")
    columns = {"day": "DATE", "item": "VARCHAR"}
    shop.product("shop/sales/v1", columns, rows, key=["item"], partitions=world.DAILY)
    others = []

    def meanwhile(line: str) -> None:
        if "passed" in line and not others:
            others.append(shop.make(DAYS[1]))

    first = shop.make(DAYS[0], log=meanwhile)
    assert world.outcomes(others[0]) == {DAYS[1]: Outcome.PUBLISHED}
    assert world.outcomes(first) == {DAYS[0]: Outcome.QUARANTINED}
    assert read("shop/sales", mesh=shop.mesh).polars().collect().height == 1
