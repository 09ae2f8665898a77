"""How fast lineage is delivered, and that none of it is lost.

    python benchmarks/lineage/run.py [--events 20000] [--runs 3] [--write]

- drain: so many events of 24 columns from a journal to a local HTTP server, against the official
  client emitting the same events one after the other, in turns within one session. The client is
  installed into an environment of its own beside the benchmarks' data. Bar: at least four times
  as many events a second, and of each run `START` before `COMPLETE`.
- outage: the same events while the server is away at first and the sender is killed every two
  seconds. Bar: none lost, none different from the event that the journal holds.

`--write` puts what was found into docs/benchmarks-lineage.md. Exits with 1 when a bar breaks.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
SIDES = HERE / "sides"
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "contracts")]

from peers import Peer

CLIENT = Peer(
    "openlineage-python 1.54.0", "official.py", ("openlineage-python==1.54.0",), "openlineage"
)
DOCUMENT = HERE.parents[1] / "docs" / "benchmarks-lineage.md"
_MARK = "<!-- below: written by `make bench-lineage` -->"
_BAR = 4.0
_OUTAGE = 5.0
_BETWEEN_KILLS = 2.0


def main() -> None:
    arguments = _arguments()
    parts = [_drained(arguments.events, arguments.runs), _killed(arguments.events)]
    text = "\n\n".join(told for told, _ in parts)
    print(text)
    if arguments.write:
        head = DOCUMENT.read_text(encoding="utf-8").partition(_MARK)[0]
        DOCUMENT.write_text(f"{head}{_MARK}\n\n{_machine()}\n\n{text}\n", encoding="utf-8")
    sys.exit(0 if all(held for _, held in parts) else 1)


def _drained(events: int, runs: int) -> tuple[str, bool]:
    if refused := CLIENT.installed():
        return f"drain: not measured, the official client does not install: {refused}", False
    with tempfile.TemporaryDirectory() as folder, _backend() as url:
        root, bodies = Path(folder) / "mesh", Path(folder) / "bodies.ndjson"
        _side("mesh_of_runs.py", root, url, events // 2)
        _side("bodies.py", root, bodies)
        ours, theirs, told = [], [], {}
        for turn in range(runs):
            if turn:
                _side("mesh_of_runs.py", root, url, 0)
            _forget(url)
            ours.append(float(_side("ours.py", root).split()[-1]))
            told = _told(url)
            _forget(url)
            theirs.append(float(_side(CLIENT.script, url, bodies, python=CLIENT.python)))
        size = bodies.stat().st_size / events / 1024
    ratio = median(theirs) / median(ours)
    ordered = told["in order"] == told["runs"] == events // 2
    lines = [
        "| | seconds | events a second |",
        "|---|---|---|",
        f"| from the journal, `mesh lineage publish` | {median(ours):.1f} "
        f"| {events / median(ours):,.0f} |",
        f"| {CLIENT.name}, `emit` after `emit` | {median(theirs):.1f} "
        f"| {events / median(theirs):,.0f} |",
        "",
        f"{events:,} events of {size:.1f} KiB, median of {runs} turns: **{ratio:.1f} times** as "
        f"fast (bar: {_BAR:g}). {told['in order']:,} of {told['runs']:,} runs arrived in order; "
        f"{told['taken'] - told['events']} events came twice.",
    ]
    return "\n".join(lines), ratio >= _BAR and ordered


def _killed(events: int) -> tuple[str, bool]:
    with tempfile.TemporaryDirectory() as folder, _backend(_OUTAGE) as url:
        root = Path(folder) / "mesh"
        _side("mesh_of_runs.py", root, url, events // 2)
        kills, begun = 0, time.monotonic()
        while _sent_for(root, _BETWEEN_KILLS) is None:
            kills += 1
        seconds, told = time.monotonic() - begun, _told(url)
    lost = events - told["events"]
    out_of_order = told["runs"] - told["in order"]
    text = (
        f"Away for {_OUTAGE:g} seconds, and {kills} senders killed, one every "
        f"{_BETWEEN_KILLS:g} seconds: {told['events']:,} of {events:,} events arrived in "
        f"{seconds:.0f} seconds, **{lost} lost**, {told['taken'] - told['events']} twice and of "
        f"those **{told['different']} different**, {out_of_order} runs out of order."
    )
    return text, not lost and not told["different"] and not out_of_order and kills > 0


def _sent_for(root: Path, seconds: float) -> float | None:
    """The seconds that a sender took to its end; None where it was killed before that."""
    sender = subprocess.Popen(
        [sys.executable, SIDES / "ours.py", root], stdout=subprocess.PIPE, text=True
    )
    assert sender.stdout is not None
    sender.stdout.readline()
    try:
        out, _ = sender.communicate(timeout=seconds)
        return float(out)
    except subprocess.TimeoutExpired:
        sender.kill()
        sender.communicate()
        return None


@contextmanager
def _backend(outage: float = 0) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        port = Path(folder) / "port"
        server = subprocess.Popen([sys.executable, SIDES / "backend.py", port, str(outage)])
        try:
            while not port.exists() or not port.read_text():
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port.read_text()}/api/v1/lineage"
        finally:
            server.kill()
            server.wait()


def _side(script: str, *given: object, python: Path | str = sys.executable) -> str:
    done = subprocess.run(
        [str(python), str(SIDES / script), *map(str, given)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={key: each for key, each in os.environ.items() if not key.startswith("MESH_")},
    )
    return done.stdout


def _told(url: str) -> dict[str, int]:
    with urllib.request.urlopen(url) as answer:
        found: dict[str, int] = json.loads(answer.read())
    return found


def _forget(url: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()


def _machine() -> str:
    today = datetime.now(UTC).date()
    return f"{today}, {os.cpu_count()} CPUs, Python {platform.python_version()}."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
