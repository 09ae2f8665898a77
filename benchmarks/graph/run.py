"""How long the impact of a column takes in a mesh of 10,000 products, from a cold process.

Bars: under 1 s from cold, and linear in the edges touched: what an edge costs in the largest
answer is at most twice what it costs in a middle one.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import mesh_of
from measure import run

ROUNDS = 3
SECONDS = 1.0
PER_EDGE = 2.0
ASKED = {
    "a column of a leaf": (9_999, mesh_of.COLUMNS[0]),
    "a column with 10 products below": (900, mesh_of.COLUMNS[0]),
    "a column with 110 products below": (50, mesh_of.COLUMNS[0]),
    "a column with 1,110 products below": (5, mesh_of.COLUMNS[0]),
    "a column with all products below": (0, mesh_of.COLUMNS[0]),
    "a product with all products below": (0, "-"),
}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="mesh-graph-") as folder:
        root = Path(folder)
        mesh_of.write(root)
        # A build of the index is another bar's: here it is there.
        command = [sys.executable, HERE / "cold.py", root]
        env = {"MESH_CACHE": str(root / "cache"), "PATH": os.environ["PATH"]}
        run(command, env=env)
        opened = median(run(command, env=env).cost.wall for _ in range(ROUNDS))
        print(f"an empty question, imports and all: {opened:.2f} s\n")
        heads = ["what", "edges touched", "products", "from cold", "CPU", "the question", "an edge"]
        print(f"| {' | '.join(heads)} |")
        print("|---|---|---|---|---|---|---|")
        held = True
        each_edge: dict[int, float] = {}
        for what, (number, column) in ASKED.items():
            runs = [
                run([*command, mesh_of.path_of(number), column], env=env) for _ in range(ROUNDS)
            ]
            wall = median(each.cost.wall for each in runs)
            cpu = median(each.cost.cpu for each in runs)
            edges, products, _ = runs[0].output.split()
            alone = median(float(each.output.split()[2]) for each in runs)
            cost = alone / max(int(edges), 1)
            each_edge[int(edges)] = cost
            held &= wall < SECONDS
            print(
                f"| {what} | {int(edges):,} | {int(products):,} | {wall:.2f} s | {cpu:.2f} s | "
                f"{alone * 1e3:.1f} ms | {cost * 1e6:.1f} µs |"
            )
        sizes = sorted(each for each in each_edge if each >= 200)
        ratio = each_edge[sizes[-1]] / each_edge[sizes[0]]
        held &= ratio <= PER_EDGE
        print(f"\nan edge of {sizes[-1]:,} against one of {sizes[0]:,}: {ratio:.2f}x")
        bars = f"under {SECONDS:g} s from cold, an edge at most {PER_EDGE:g}x"
        print(f"{bars}: {'yes' if held else 'NO'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
