"""`mesh products` in a large mesh, against the import of Dagster alone.

    python benchmarks/list_products.py [--products 1000] [--runs 7]

Cold: nothing is in the cache of parsed models. Warm: no file has changed since the last listing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from functools import partial
from pathlib import Path

import bars
import measure
import thousand

IMPORT = '`python -c "import dagster"`'
DOMAINS = 10


def results(products: int, runs: int) -> list[bars.Result]:
    """The listing with a cold and a warm cache."""
    root = thousand.folder(DOMAINS, products // DOMAINS)
    cold = f"`mesh products`, {products:,} products, cold"
    warm = f"`mesh products`, {products:,} products, warm"
    caches = {name: measure.cache_folder(f"models-{name}") for name in ("cold", "warm")}

    def listing(cache: str) -> measure.Run:
        if cache == "cold":
            shutil.rmtree(caches[cache], ignore_errors=True)
        command = Path(sys.executable).with_name("mesh")
        taken = measure.run([command, "products"], env={"MESH_CACHE": str(caches[cache])}, cwd=root)
        if taken.output.count("/orders_") != products:
            raise SystemExit(f"not {products} products:\n{taken.output[:1000]}")
        return taken

    sides = {
        IMPORT: partial(measure.run, [sys.executable, "-c", "import dagster"]),
        cold: partial(listing, "cold"),
        warm: partial(listing, "warm"),
    }
    taken = measure.interleave(sides, runs=runs)
    return bars.compared(taken, {cold: bars.Bar(wall=0.5), warm: bars.Bar(wall=0.25)}, IMPORT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    print(bars.table(results(arguments.products, arguments.runs)))


if __name__ == "__main__":
    main()
