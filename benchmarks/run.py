"""Every benchmark, each against its reference in the same run: one table, also in docs/.

    python benchmarks/run.py [--quick] [--only publish,read_port] [--runs 5] [--keep]

`--quick` measures small sizes and writes nothing to docs/. Generated data goes to a folder
`mesh-bench` in the temporary folder, or in the one that `MESH_BENCH_CACHE` names, and is removed
at the end unless `--keep` is given.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import audit
import bars
import commits
import list_products
import load_location
import measure
import publish
import read_port
import start_location

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
_MARK = "<!-- below: written by `make bench` -->"
_LIBRARIES = ("mesh-dagster", "dagster", "polars", "pyarrow", "pyiceberg", "narwhals", "duckdb")

Benchmark = Callable[[bool, int], list[bars.Result]]


def _rows(quick: bool) -> int:
    return 200_000 if quick else 10_000_000


def _products(quick: bool) -> int:
    return 100 if quick else 1_000


BENCHMARKS: dict[str, Benchmark] = {
    "publish": lambda quick, runs: publish.results(_rows(quick), runs),
    "audit": lambda quick, runs: audit.results(_rows(quick), runs),
    "read_port": lambda quick, runs: read_port.results(_rows(quick), runs),
    "load_location": lambda quick, runs: load_location.results(_products(quick), runs),
    "list_products": lambda quick, runs: list_products.results(_products(quick), runs),
    "start_location": lambda quick, runs: start_location.results("flights", runs),
    "commits": lambda quick, runs: commits.results(60 if quick else 500, 30 if quick else 365),
}


def main() -> None:
    arguments = _arguments()
    try:
        results = _measured(arguments.only or list(BENCHMARKS), arguments.quick, arguments.runs)
    finally:
        if not arguments.keep:
            shutil.rmtree(measure.cache_root(), ignore_errors=True)
    text = f"{_machine(arguments.runs)}\n\n{bars.table(results)}\n"
    print(text)
    if not (arguments.quick or arguments.only):
        said = DOCUMENT.read_text(encoding="utf-8").partition(_MARK)[0]
        DOCUMENT.write_text(f"{said}{_MARK}\n\n{text}", encoding="utf-8")
    if not arguments.quick and any(each.holds is False for each in results):
        sys.exit(1)


def _measured(names: Sequence[str], quick: bool, runs: int) -> list[bars.Result]:
    results: list[bars.Result] = []
    for number, name in enumerate(names, 1):
        print(f"{number} of {len(names)}: {name}", file=sys.stderr)
        results += BENCHMARKS[name](quick, runs)
    return results


def _machine(runs: int) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}; {libraries}. "
        f"Medians of {runs} interleaved runs; in each cell the ratio, then both sides."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="keep the generated data")
    parser.add_argument("--only", type=_names, help="some of them, with commas between")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {[*BENCHMARKS]}")
    return names


if __name__ == "__main__":
    main()
