"""Small ports to publish and read; as a script, the processes that race or die."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports import pointer
from mesh_dagster.ports.change import PortChange
from mesh_dagster.ports.open import open_port
from mesh_dagster.ports.publish import Published, publish
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.stage import stage
from mesh_dagster.ports.storage import Storage, open_storage

PRODUCT = Address.parse("flights/departures/v1")
START = datetime(2013, 11, 1, tzinfo=UTC)
DAILY = Partitioning(Every.DAY, "day", START)
DATE, LONG, STRING = ColumnType(Kind.DATE), ColumnType(Kind.LONG), ColumnType(Kind.STRING)
COLUMNS = (("day", DATE, True), ("value", LONG, False), ("text", STRING, False))
LAYOUT = PortLayout(None, COLUMNS, DAILY)
LATE = PortLayout("late", COLUMNS, DAILY)
WHOLE = PortLayout(None, COLUMNS)


def key(number: int) -> str:
    return (START + timedelta(days=number)).date().isoformat()


def rows(keys: Sequence[str], value: int, each: int = 3) -> pl.DataFrame:
    """`each` rows for each day, all with one value."""
    days = [date.fromisoformat(day) for day in keys for _ in range(each)]
    return pl.DataFrame(
        {"day": days, "value": [value] * len(days), "text": [f"v{value}"] * len(days)},
        schema={"day": pl.Date, "value": pl.Int64, "text": pl.String},
    )


def run(
    storage: Storage,
    frame: Any,
    keys: Sequence[str] | None,
    *,
    layouts: Sequence[PortLayout] = (LAYOUT,),
    attempt: str | None = None,
    base: int | None = None,
    at: datetime | None = None,
) -> Published:
    """Stage a frame for all ports, and publish it."""
    attempt = attempt or clock.new_id()
    changes = {}
    for layout in layouts:
        staged = stage(
            storage,
            PRODUCT,
            layout,
            frame,
            attempt=attempt,
            partitions=keys,
            recorded_at=clock.now(),
        )
        changes[layout.name or ""] = PortChange(layout, staged)
    partitions = None if keys is None else tuple(keys)
    return publish(
        storage, PRODUCT, changes, partitions=partitions, attempt=attempt, base=base, at=at
    )


def values(storage: Storage, port: str | None = None, **asked: Any) -> dict[str, list[int]]:
    """Day -> its values, in the newest publication."""
    newest = pointer.current(storage, PRODUCT)
    assert newest is not None
    frame = open_port(storage, PRODUCT, port, newest, **asked).polars().collect()
    found: dict[str, list[int]] = {}
    for day, value in frame.select("day", "value").sort("day", "value").rows():
        found.setdefault(day.isoformat(), []).append(value)
    return found


class Deadly:
    """A storage whose process dies just before its n-th operation."""

    def __init__(self, storage: Storage, last: int) -> None:
        self._storage = storage
        self._last = last
        self._count = 0

    def tick(self) -> None:
        self._count += 1
        if self._count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def count(self) -> int:
        return self._count

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._storage, name)
        if not callable(found):
            return found

        def operation(*arguments: Any, **named: Any) -> Any:
            self.tick()
            return found(*arguments, **named)

        return operation


def _attempt(storage: Any, attempt: str) -> None:
    keys = [key(0), key(1), key(2)]
    run(storage, rows(keys, 2), keys, layouts=(LAYOUT, LATE), attempt=attempt, base=1)


def die(url: str, last: str, attempt: str) -> None:
    """Publish value 2 for three days and two ports, and be killed at an operation."""
    deadly = Deadly(open_storage(url), int(last))
    for name in ("fsync", "replace", "link"):
        _tick_before(name, deadly)
    _attempt(deadly, attempt)


def die_often() -> None:
    """Fork for each line of input, and let the child `die` with its words as arguments.

    Importing takes a second, dying no time. Nothing of Polars has run before the fork, so that
    none of its threads is lost in it.
    """
    for line in sys.stdin:
        child = os.fork()
        if not child:
            die(*line.split())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) else "finished", flush=True)


def _tick_before(name: str, deadly: Deadly) -> None:
    real = getattr(os, name)

    def ticking(*arguments: Any, **named: Any) -> Any:
        deadly.tick()
        return real(*arguments, **named)

    setattr(os, name, ticking)


def race(url: str, number: str, rounds: str) -> None:
    """Publish one partition after the other, all processes at once."""
    storage = open_storage(url)
    _wait_for_the_others()
    for index in range(int(rounds)):
        mine = key(index * 4 + int(number))
        frame = rows([mine], int(number))
        newest = pointer.current(storage, PRODUCT)
        done = run(storage, frame, [mine], base=newest.number if newest else None)
        assert done.publication is not None


def duel(url: str, number: str, attempt: str) -> None:
    """Publish the same partition as another process, both from the beginning."""
    storage = open_storage(url)
    _wait_for_the_others()
    done = run(storage, rows([key(0)], int(number)), [key(0)], attempt=attempt, base=None)
    print(json.dumps({"published": done.publication is not None}))


def fill(url: str, limit: str) -> None:
    """Publish with a limit on the size of files, and tell how it ended."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        run(open_storage(url), rows([key(0)], 2, each=int(limit)), [key(0)], base=1)
    except MeshError as error:
        print(json.dumps({"error": type(error).__name__, "text": str(error)}))


def _wait_for_the_others() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
