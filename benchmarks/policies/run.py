"""What it takes to ask all policies about a large mesh, against parsing its files.

    python benchmarks/policies/run.py [--domains 10] [--products 100] [--sets standard] [--runs 3]

CPU in one process: every file of every product is parsed, then all policies are asked as
`mesh check` asks them, and as a domain that loads does. The ratio is the middle one of some runs.
Exits with 1 when a bar does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import measure
import thousand

_MOST = {"build": 3.0, "load": 1.0}
"""At most how many times as long as parsing."""


def main() -> None:
    arguments = _arguments()
    folder = thousand.folder(arguments.domains, arguments.products)
    command = (sys.executable, HERE / "side.py", folder, arguments.sets)
    runs = [json.loads(measure.run(command).output) for _ in range(arguments.runs)]
    print(f"{runs[0]['products']:,} products, sets: {arguments.sets}\n")
    print("| moment | findings | CPU, against parsing | bar: at most | holds |")
    print("|---|---|---|---|---|")
    held = [_line(moment, most, runs) for moment, most in _MOST.items()]
    sys.exit(0 if all(held) else 1)


def _line(moment: str, most: float, runs: list[dict[str, Any]]) -> bool:
    ratio = median(each["seconds"][moment] / each["seconds"]["parsing"] for each in runs)
    told = runs[0]["findings"][moment]
    holds = ratio <= most
    print(f"| {moment} | {told:,} | {ratio:.2f}x | {most:g}x | {'yes' if holds else 'NO'} |")
    return holds


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=10)
    parser.add_argument("--products", type=int, default=100, help="of each domain")
    parser.add_argument("--sets", default="standard", help="of policies, joined by commas")
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
