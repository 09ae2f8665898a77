"""Read a whole port into Polars, against a scan of the very same files.

python benchmarks/read_port.py [--rows 10000000] [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

import bars
import measure
import orders_mesh

SCAN = "`pl.scan_parquet` of the same files"


def results(rows: int, runs: int) -> list[bars.Result]:
    """Both sides as whole processes."""
    root = orders_mesh.folder(rows)
    if not list(orders_mesh.published(root).glob("storage/**/*.parquet")):
        _side("publish", root)
    what = f"read a port of {rows:,} rows into Polars"
    sides = {name: partial(_side, side, root) for name, side in ((SCAN, "scan"), (what, "ours"))}
    taken = measure.interleave(sides, runs=runs)
    return bars.compared(taken, {what: bars.Bar(wall=1.25)}, SCAN)


def publish(root: Path) -> None:
    import publish

    publish.ours(root)


def ours(root: Path) -> None:
    os.chdir(root)
    from mesh_dagster import read

    print(read(orders_mesh.ADDRESS).polars().collect().shape)


def scan(root: Path) -> None:
    import polars as pl

    files = sorted(orders_mesh.published(root).glob("storage/**/data/*/_/*.parquet"))
    print(pl.scan_parquet(files).collect().shape)


def _side(side: str, root: Path) -> measure.Run:
    return measure.run([sys.executable, Path(__file__).resolve(), "--side", side, "--root", root])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--side", choices=("publish", "ours", "scan"), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        {"publish": publish, "ours": ours, "scan": scan}[arguments.side](arguments.root)
    else:
        print(bars.table(results(arguments.rows, arguments.runs)))


if __name__ == "__main__":
    main()
