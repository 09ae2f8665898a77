"""What it takes to score a domain of a thousand products, against measuring what they promise.

    python benchmarks/score/run.py [--products 1000] [--runs 3]

The journal is a month of hourly publications, 720,000 rows, five objectives each: the one of
`benchmarks/slos`, kept in the temporary folder, or where `MESH_BENCH_CACHE` says. Sides are
processes that take turns; what they take is counted without their imports. Prints how many SELECTs
a score took, of all products and of one: it is one pass over the journal when that is the same.
Exits with 1 when a bar does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
SLOS = HERE.parent / "slos"
sys.path[:0] = [str(HERE.parent), str(SLOS)]

import bars
import history
import measure
from bars import Bar, Result
from measure import Cost, Run


def main() -> None:
    asked = argparse.ArgumentParser(description="Scores of a large domain.")
    asked.add_argument("--products", type=int, default=1000)
    asked.add_argument("--runs", type=int, default=3)
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found, selects = _measured(_journal(arguments.products), folder, arguments)
    print(bars.table([found]))
    print(f"\n{selects[0]} SELECTs for {arguments.products:,} products, {selects[1]} for one.")
    sys.exit(0 if found.holds and selects[0] == selects[1] else 1)


def _journal(products: int) -> str:
    folder = measure.cache_folder(f"slos-{products}")
    url, done = f"sqlite:///{folder}/shop.db", folder / "complete"
    if not done.exists():
        history.seed(url, products)
        done.touch()
    return url


def _measured(url: str, folder: str, asked: argparse.Namespace) -> tuple[Result, tuple[int, int]]:
    given = [folder, url, str(asked.products)]
    sides = {
        "evaluate": partial(_side, SLOS / "sides" / "evaluate.py", given),
        "score": partial(_side, HERE / "sides" / "score.py", given),
    }
    runs = measure.interleave(sides, runs=asked.runs, warmups=1)
    one = _side(HERE / "sides" / "score.py", [folder, url, "1"])
    selects = tuple(json.loads(each.output)["selects"] for each in (runs["score"][0], one))
    found = {name: measure.middle(taken) for name, taken in runs.items()}
    result = Result(
        f"the scores of {asked.products:,} products",
        "how their service levels stand",
        found["score"],
        found["evaluate"],
        Bar(cpu=2),
    )
    return result, (selects[0], selects[1])


def _side(script: Path, given: list[str]) -> Run:
    run = measure.run([sys.executable, script, *given])
    told = json.loads(run.output.strip().splitlines()[-1])
    return Run(Cost(told["wall"], told["cpu"], told["peak"]), json.dumps(told["counted"]))


main()
