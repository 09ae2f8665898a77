"""Publish one day after another: does the 500th commit cost more than the tenth?

    python benchmarks/commits.py [--commits 500] [--partitions 365]

A port of so many day partitions, and in each commit one of them is published again. Only the
publish is timed, and within it everything: footers, manifests, metadata, the publication's
document, the swap. Clean-up runs on the cadence and with the retention of a product.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bars
import measure

if TYPE_CHECKING:
    from collections.abc import Callable

EARLY = range(5, 16)
LAST = 11
_ROWS = 20


def results(commits: int, partitions: int) -> list[bars.Result]:
    """The last commits against the fifth to the fifteenth, in one process."""
    found = []
    for filled, port in (
        (True, f"a port of {partitions} day partitions"),
        (False, f"a port that grows by a day a commit, to {partitions}"),
    ):
        command: list[str | Path] = [
            sys.executable,
            Path(__file__).resolve(),
            "--side",
            str(int(filled)),
        ]
        options = [f"--commits={commits}", f"--partitions={partitions}"]
        taken = [
            measure.Cost(wall, cpu, math.nan)
            for wall, cpu in json.loads(measure.run([*command, *options]).output)
        ]
        late = f"commits {commits - LAST + 1} to {commits} on {port}"
        found += bars.compared(
            {
                late: [measure.Run(each, "") for each in taken[-LAST:]],
                _EARLY: [measure.Run(taken[number - 1], "") for number in EARLY],
            },
            {late: bars.Bar(wall=2)},
            _EARLY,
        )
    return found


_EARLY = f"commits {EARLY[0]} to {EARLY[-1]}"


def publishing(commits: int, partitions: int, *, filled: bool) -> list[tuple[float, float]]:
    """Wall and CPU seconds of each commit; before them all partitions are there, or none."""
    days = [_day(number) for number in range(partitions)]
    root = measure.cache_folder("commits")
    shutil.rmtree(root)
    publish, clean = _port(root, days)
    if filled:
        publish(days)
    taken = []
    for number in range(commits):
        taken.append(publish([days[number % partitions]]))
        if number % 25 == 0:
            clean()
    shutil.rmtree(root)
    return taken


def _port(
    root: Path, days: Sequence[str]
) -> tuple[Callable[[Sequence[str]], tuple[float, float]], Callable[[], object]]:
    from datetime import UTC, date, datetime

    import polars as pl

    from mesh_dagster import clock
    from mesh_dagster.model.address import Address
    from mesh_dagster.model.partition import Every, Partitioning
    from mesh_dagster.model.types import ColumnType, Kind
    from mesh_dagster.ports import pointer, retention
    from mesh_dagster.ports.change import PortChange
    from mesh_dagster.ports.publish import publish
    from mesh_dagster.ports.schema import PortLayout
    from mesh_dagster.ports.stage import stage
    from mesh_dagster.ports.storage import open_storage

    storage, product = open_storage(str(root)), Address.parse("mesh://bench/days/v1")
    kinds = {"day": Kind.DATE, "value": Kind.LONG, "text": Kind.STRING}
    layout = PortLayout(
        None,
        tuple((name, ColumnType(kind), False) for name, kind in kinds.items()),
        Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC)),
    )

    def published(keys: Sequence[str]) -> tuple[float, float]:
        column = [date.fromisoformat(key) for key in keys for _ in range(_ROWS)]
        frame = pl.DataFrame({"day": column}).with_columns(value=pl.int_range(pl.len()))
        attempt = clock.new_id()
        staged = stage(
            storage,
            product,
            layout,
            frame.with_columns(text=pl.format("order {}", "value")),
            attempt=attempt,
            partitions=keys,
            recorded_at=clock.now(),
        )
        current = pointer.current(storage, product)
        wall, cpu = time.perf_counter(), time.process_time()
        publish(
            storage,
            product,
            {"": PortChange(layout, staged)},
            partitions=tuple(keys),
            attempt=attempt,
            base=current.number if current else None,
        )
        return time.perf_counter() - wall, time.process_time() - cpu

    def clean() -> object:
        return retention.clean(
            storage, product, keep_days=0, keep_count=100, now=clock.now(), protected_attempts=set()
        )

    return published, clean


def _day(number: int) -> str:
    from datetime import date, timedelta

    return (date(2013, 1, 1) + timedelta(days=number)).isoformat()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--commits", type=int, default=500)
    parser.add_argument("--partitions", type=int, default=365)
    parser.add_argument("--side", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side is None:
        print(bars.table(results(arguments.commits, arguments.partitions)))
    else:
        filled = bool(arguments.side)
        print(json.dumps(publishing(arguments.commits, arguments.partitions, filled=filled)))


if __name__ == "__main__":
    main()
