"""Stage, audit, publish: a product of the mesh against a Parquet file and a query by hand.

    python benchmarks/publish.py [--rows 10000000] [--runs 5]

Ours is a whole materialization: journal, inputs, staging, audit of 16 rules, Iceberg metadata,
the swap of the pointer, the discovery document. The reference writes one file with Polars and
counts the same 16 rules in it with one streaming query. Both read the same source file.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import time
from functools import partial
from pathlib import Path

import bars
import measure
import orders_mesh

BY_HAND = "Polars `sink_parquet` + one query by hand"
_BAR = bars.Bar(wall=1.15, cpu=1.15, peak=1.2)


def results(rows: int, runs: int) -> list[bars.Result]:
    """Whole processes, and the same without the imports of either side."""
    root = orders_mesh.folder(rows)
    what = f"stage + audit (16 rules) + publish, {rows:,} rows x 8 columns"
    sides = {name: partial(_run, side, root) for name, side in ((BY_HAND, "hand"), (what, "ours"))}
    taken = measure.interleave(sides, runs=runs)
    inside = {name: [_without_imports(run) for run in runs] for name, runs in taken.items()}
    without = "the same, without imports"
    inside[without] = inside.pop(what)
    return [
        *bars.compared(taken, {what: _BAR}, BY_HAND),
        *bars.compared(inside, {without: bars.Bar()}, BY_HAND),
    ]


def ours(root: Path) -> None:
    import mesh_dagster.journal
    import mesh_dagster.products.auditing.audit
    import mesh_dagster.products.making.materialize  # noqa: F401

    started = _Inside()
    from mesh_dagster.model.address import Address
    from mesh_dagster.products.making.materialize import materialize
    from mesh_dagster.products.mesh import Mesh

    mesh = Mesh.open(root)
    attempt = materialize(mesh, mesh.load(Address.parse(orders_mesh.ADDRESS)))
    (decision,) = attempt.decisions
    if decision.outcome.value != "published" or len(decision.results) != 16:
        raise SystemExit(f"not published by 16 rules: {decision}")
    started.say()


def hand(root: Path) -> None:
    import audit
    import polars as pl

    started = _Inside()
    target = orders_mesh.published(root) / "by-hand.parquet"
    data = pl.scan_parquet(orders_mesh.source(root))
    data.sink_parquet(target, mkdir=True)
    rows = data.select(pl.len()).collect().item()
    found = audit.counted_by_hand(pl.scan_parquet(target), rows)
    if any(found.values()):
        raise SystemExit(f"the data is not clean: {found}")
    started.say()


class _Inside:
    """The cost from here on, of this process alone."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def say(self) -> None:
        print(time.perf_counter() - self._wall, time.process_time() - self._cpu)


def _run(side: str, root: Path) -> measure.Run:
    shutil.rmtree(orders_mesh.published(root), ignore_errors=True)
    return measure.run([sys.executable, Path(__file__).resolve(), "--side", side, "--root", root])


def _without_imports(run: measure.Run) -> measure.Run:
    wall, cpu = (float(number) for number in run.output.split()[-2:])
    return measure.Run(measure.Cost(wall, cpu, math.nan), run.output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--side", choices=("ours", "hand"), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        {"ours": ours, "hand": hand}[arguments.side](arguments.root)
    else:
        print(bars.table(results(arguments.rows, arguments.runs)))


if __name__ == "__main__":
    main()
