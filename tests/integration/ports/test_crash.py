"""SIGKILL at every operation of stage and publish, while an independent reader looks on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mesh_dagster import clock
from mesh_dagster.ports import pointer, retention
from mesh_dagster.ports.open import open_port
from mesh_dagster.ports.storage import Storage, open_storage

WORLD = str(Path(__file__).with_name("world.py"))


class Zygote:
    """A process that forks children to be killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, WORLD, "die_often"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill_at(self, storage: Storage, last: int, attempt: str) -> bool:
        """Whether the child was killed; it finished if it had fewer operations."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(storage.url, last, attempt, file=self._process.stdin, flush=True)
        return self._process.stdout.readline() == "killed\n"

    def close(self) -> None:
        self._process.communicate(timeout=240)


class Reader(threading.Thread):
    """Reads both ports of every publication it can see, again and again."""

    def __init__(self, world: ModuleType, storage: Storage) -> None:
        super().__init__()
        self._world = world
        self._storage = storage
        self._stopped = threading.Event()
        self.seen: list[tuple[dict[str, list[int]], dict[str, list[int]]]] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stopped.wait(0.02):
                self.look()
        except BaseException as error:  # noqa: BLE001
            self.failure = error

    def look(self) -> None:
        for found in pointer.publications(self._storage, self._world.PRODUCT):
            both = [_values(self._world, self._storage, port, found) for port in (None, "late")]
            if (both[0], both[1]) not in self.seen:
                self.seen.append((both[0], both[1]))

    def stop(self) -> None:
        self._stopped.set()
        self.join()
        if self.failure is not None:
            raise self.failure


def _values(world: ModuleType, storage: Storage, port: str | None, found: object) -> dict:
    frame = open_port(storage, world.PRODUCT, port, found).polars().collect()
    values: dict[str, list[int]] = {}
    for day, value in frame.select("day", "value").sort("day", "value").rows():
        values.setdefault(day.isoformat(), []).append(value)
    return values


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    process = Zygote()
    yield process
    process.close()


def test_a_process_killed_at_any_operation_leaves_the_old_or_the_new_state(
    world: ModuleType, tmp_path: Path, zygote: Zygote
) -> None:
    before = {world.key(n): [1] * 3 for n in range(2)}
    after = {world.key(n): [2] * 3 for n in range(3)}
    keys = list(before)
    first = open_storage(str(tmp_path / "first"))
    world.run(first, world.rows(keys, 1), keys, layouts=(world.LAYOUT, world.LATE))
    last, states = 0, set()
    killed = True
    while killed:
        last += 1
        shutil.copytree(tmp_path / "first", tmp_path / str(last))
        storage = open_storage(str(tmp_path / str(last)))
        reader = Reader(world, storage)
        reader.start()
        attempt = clock.new_id()
        killed = zygote.kill_at(storage, last, attempt)
        reader.stop()
        assert all(seen in [(before, before), (after, after)] for seen in reader.seen)
        found = world.values(storage)
        assert found in (before, after)
        states.add(found == after)
        if last % 4 == 1 or not killed:
            _recovers(world, storage, after)
    assert last > 30
    assert states == {False, True}


def _recovers(world: ModuleType, storage: Storage, after: dict[str, list[int]]) -> None:
    published = pointer.current(storage, world.PRODUCT).number
    retention.clean(storage, world.PRODUCT, now=clock.now())
    keys = list(after)
    done = world.run(
        storage, world.rows(keys, 3), keys, layouts=(world.LAYOUT, world.LATE), base=published
    )
    assert done.publication.number == published + 1
    again = {day: [3] * 3 for day in keys}
    assert world.values(storage) == world.values(storage, "late") == again
    # What the dead one wrote ahead of the pointer is garbage only once something else took its
    # place: until then it may be what a restored pointer has to catch up with.
    retention.clean(storage, world.PRODUCT, now=clock.now())
    attempts = {each.attempt for each in pointer.publications(storage, world.PRODUCT)}
    left = (each.key for each in storage.list("flights/departures/v1/") if "/data/" in each.key)
    assert {key.split("/data/")[1].split("/")[0] for key in left} <= attempts
    assert world.values(storage) == world.values(storage, "late") == again


def test_the_same_attempt_published_again_after_a_crash_is_published_once(
    world: ModuleType, tmp_path: Path, zygote: Zygote
) -> None:
    for last in (20, 60, 10_000):
        storage = open_storage(str(tmp_path / str(last)))
        keys = [world.key(0)]
        world.run(storage, world.rows(keys, 1), keys, layouts=(world.LAYOUT, world.LATE))
        attempt = clock.new_id()
        zygote.kill_at(storage, last, attempt)
        days = [world.key(n) for n in range(3)]
        done = world.run(
            storage,
            world.rows(days, 2),
            days,
            layouts=(world.LAYOUT, world.LATE),
            attempt=attempt,
            base=1,
        )
        assert done.publication.number == 2
        assert world.values(storage) == {day: [2] * 3 for day in days}
