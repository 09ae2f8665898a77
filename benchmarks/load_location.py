"""Load a location of many products, against a plain one with the same assets and checks.

    python benchmarks/load_location.py [--products 1000] [--runs 5]

A load is what a code server does: import definitions.py, build the repository, load everything in
it. Cold: nothing is in the cache of parsed models. Warm: no file has changed since.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import bars
import measure
import thousand

PLAIN = Path(__file__).with_name("plain_location.py")
_AGAINST = "a plain location, the same assets and checks"
QUIET = {"PYTHONWARNINGS": "ignore"}
_LOAD = """
import json, runpy, sys
defs = runpy.run_path(sys.argv[1])["defs"]
repository = defs.get_repository_def()
repository.load_all_definitions()
graph = repository.asset_graph
print(json.dumps([
    len(graph.executable_asset_keys), len(graph.external_asset_keys), len(graph.asset_check_keys)
]))
"""


def results(products: int, runs: int) -> list[bars.Result]:
    """The location with a cold and a warm cache."""
    root = thousand.folder(1, products)
    ours = thousand.package(root, thousand.domain_name(0)) / "definitions.py"
    cold = f"load a location of {products:,} products, cold"
    warm = f"load a location of {products:,} products, warm"
    cache = measure.cache_folder("models-location")

    def first() -> measure.Run:
        shutil.rmtree(cache)
        return load(ours, {"MESH_CACHE": str(cache)})

    sides = {
        _AGAINST: partial(load, PLAIN, {"PLAIN_ASSETS": str(products)}),
        cold: first,
        warm: partial(load, ours, {"MESH_CACHE": str(cache)}),
    }
    taken = measure.interleave(sides, runs=runs)
    counts = {name: runs[0].output.splitlines()[-1] for name, runs in taken.items()}
    if len(set(counts.values())) != 1:
        raise SystemExit(f"not the same assets and checks: {counts}")
    wanted = {cold: bars.Bar(wall=2, peak=1.3), warm: bars.Bar(wall=1.3, peak=1.3)}
    return bars.compared(taken, wanted, _AGAINST)


def load(definitions: Path, env: Mapping[str, str]) -> measure.Run:
    """Load one definitions.py; the output ends with how many assets and checks are in it."""
    return measure.run([sys.executable, "-c", _LOAD, definitions], env={**env, **QUIET})


def counted(run: measure.Run) -> tuple[int, int, int]:
    """Own assets, external assets, checks."""
    own, external, checks = json.loads(run.output.splitlines()[-1])
    return own, external, checks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    print(bars.table(results(arguments.products, arguments.runs)))


if __name__ == "__main__":
    main()
