"""What it takes to index what a large mesh tells, and to find a product in it.

    python benchmarks/registry/run.py [--domains 200] [--products 50] [--runs 3] [--write]

In a folder and on S3 (moto's server). Sides are processes that take turns; what they take is
counted without their imports. `--write` puts the tables into docs/benchmarks-registry.md. Exits
with 1 when a bar does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import bars
import measure
from bars import Bar, Result
from measure import Cost, Run

DOCUMENT = HERE.parents[1] / "docs" / "benchmarks-registry.md"
_MARK = "<!-- below: written by `make bench-registry` -->"
_PORT = 5017
_MOST_MILLISECONDS = 20.0
_MOST_TIMES = 3.0


def main() -> None:
    arguments = _arguments()
    folder = _documents(arguments.domains, arguments.products)
    tables, held = [_machine(arguments)], True
    with _bucket(folder) as bucket:
        for place, url in (("a folder", str(folder)), ("S3", bucket)):
            found = _indexed(place, url, arguments.runs)
            tables.append(bars.table(found))
            print(tables[-1], flush=True)
            held = held and all(each.holds is not False for each in found)
    text, kept = _searched(str(folder), arguments.runs)
    tables.append(text)
    print(text, flush=True)
    if arguments.write:
        said = DOCUMENT.read_text(encoding="utf-8").partition(_MARK)[0]
        DOCUMENT.write_text(f"{said}{_MARK}\n\n" + "\n\n".join(tables) + "\n", encoding="utf-8")
    sys.exit(0 if held and kept else 1)


def _indexed(place: str, url: str, runs: int) -> list[Result]:
    sides = {name: partial(_side, name, url) for name in ("parse", "build", "change")}
    taken = measure.interleave(sides, runs=runs)
    found = {name: measure.middle(of) for name, of in taken.items()}
    return [
        Result(
            f"a full build, from {place}",
            "reading and parsing the documents",
            found["build"],
            found["parse"],
            Bar(wall=2),
        ),
        Result(
            f"after one change, from {place}",
            "the full build",
            found["change"],
            found["build"],
            Bar(wall=0.05),
        ),
    ]


def _searched(url: str, runs: int) -> tuple[str, bool]:
    told = [_told("search", url)[-1] for _ in range(runs)]
    bare, ours = (median(each[name] for each in told) for name in ("bare", "ours"))
    holds = ours < _MOST_MILLISECONDS and ours < _MOST_TIMES * bare
    lines = [
        "| p95 of searches, warm | bare FTS5 query | ratio | bar | holds |",
        "|---|---|---|---|---|",
        f"| **{ours:.1f} ms** | {bare:.1f} ms | {ours / bare:.2f}x "
        f"| {_MOST_MILLISECONDS:.0f} ms and {_MOST_TIMES:g}x | {'yes' if holds else '**no**'} |",
    ]
    return "\n".join(lines), holds


def _side(name: str, url: str) -> Run:
    told = _told(name, url)[0]
    return Run(Cost(told["wall"], told["cpu"], told["peak"]), json.dumps(told))


def _told(name: str, url: str) -> list[dict[str, float]]:
    run = measure.run([sys.executable, HERE / "side.py", name, url])
    return [json.loads(each) for each in run.output.strip().splitlines()]


def _documents(domains: int, products: int) -> Path:
    folder = measure.cache_folder(f"registry-{domains}-{products}")
    done = folder / "complete"
    if not done.exists():
        measure.run([sys.executable, HERE / "documents.py", folder, str(domains), str(products)])
        done.touch()
    return folder


@contextmanager
def _bucket(folder: Path) -> Iterator[str]:
    """The same documents in a bucket of a server of the benchmark's own."""
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{_PORT}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(_PORT)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(os.environ["AWS_ENDPOINT_URL"])
        upload = (
            "import boto3, pathlib, sys\n"
            "s3, root = boto3.client('s3'), pathlib.Path(sys.argv[1])\n"
            "s3.create_bucket(Bucket='mesh')\n"
            "for file in root.glob('*/discovery.json'):\n"
            "    s3.upload_file(str(file), 'mesh', f'registry/{file.relative_to(root)}')\n"
        )
        measure.run([sys.executable, "-c", upload, folder])
        yield "s3://mesh/registry"
    finally:
        server.kill()
        server.wait()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nobody answers at {url}")


def _machine(arguments: argparse.Namespace) -> str:
    number = f"{arguments.domains:,} domains with {arguments.products:,} products each"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, Python "
        f"{platform.python_version()}: {number}. Medians of {arguments.runs} interleaved runs."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--domains", type=int, default=200)
    parser.add_argument("--products", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
