"""How fast a contract is tested, against doing it by hand and against every other tool.

    python benchmarks/contracts/run.py [--rows 10000000] [--runs 3] [--only hand,peers,...]
                                       [--largest 100000000] [--write]

Each run is a process of its own with its imports: contract file in, verdict out. Sides take
turns, medians are compared. Exits with 1 when a bar does not hold or a side of ours counts what
was not planted. `--write` puts the tables into docs/contracts/performance.md. Generated data and
the peers' environments are kept in the temporary folder, or where `MESH_BENCH_CACHE` says.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import bars
import measure
import wide
from bars import Bar, Result
from orders import Table
from peers import PEERS, Peer

DOCUMENT = HERE.parents[1] / "docs" / "contracts" / "performance.md"
_MARK = "<!-- below: written by `make bench-contracts` -->"
_LIBRARIES = ("mesh-dagster", "polars", "narwhals", "duckdb", "numpy")
OURS = "`mesh contract test`, 16 rules"
POLARS = "one Polars query by hand"
DUCKDB = "one DuckDB query by hand"


@dataclass
class Answers:
    """What was measured, in tables, and what no bar says."""

    results: list[Result] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


Part = Callable[[argparse.Namespace], Answers]


def main() -> None:
    arguments = _arguments()
    told, held = [], True
    for name in arguments.only:
        print(name, file=sys.stderr, flush=True)
        answers = PARTS[name](arguments)
        told += [f"### {TITLES[name]}", bars.table(answers.results), *answers.notes]
        told += [f"**{wrong}**" for wrong in answers.wrong]
        print(bars.table(answers.results), *answers.wrong, sep="\n", file=sys.stderr, flush=True)
        held = held and not answers.wrong and all(r.holds is not False for r in answers.results)
    text = "\n\n".join([_machine(arguments.runs), *told]) + "\n"
    print(text)
    if arguments.write:
        said = DOCUMENT.read_text(encoding="utf-8").partition(_MARK)[0]
        DOCUMENT.write_text(f"{said}{_MARK}\n\n{text}", encoding="utf-8")
    sys.exit(0 if held else 1)


def by_hand(arguments: argparse.Namespace) -> Answers:
    """Ours, clean and bad, against the same rules in one query of Polars and of DuckDB."""
    clean, bad = _tables(arguments.rows)
    ours_bad = f"{OURS}, planted violations"
    sides = {
        POLARS: _side("by_polars.py", clean),
        OURS: _side("ours.py", clean),
        DUCKDB: _side("by_duckdb.py", clean),
        ours_bad: _side("ours.py", bad),
    }
    taken = measure.interleave(sides, runs=arguments.runs)
    results = bars.compared(taken, {OURS: Bar(cpu=1.10, peak=1.15)}, POLARS)
    results += bars.compared(taken, {OURS: Bar(cpu=0.85)}, DUCKDB)
    results += bars.compared(taken, {ours_bad: Bar(cpu=1.15)}, OURS)
    checked = {POLARS: clean, OURS: clean, DUCKDB: clean, ours_bad: bad}
    return Answers(results, wrong=_wrong(taken, checked))


def against_peers(arguments: argparse.Namespace) -> Answers:
    """Ours against every peer; the bar is the fastest that reads contracts and misses nothing."""
    clean, bad = _tables(arguments.rows)
    sides, notes, peers = {OURS: _side("ours.py", clean)}, [], {}
    for peer in PEERS:
        skipped = peer.installed() or _tried(peer, _tables(1_000)[0])
        if skipped:
            notes.append(f"{peer.name} is skipped: {skipped}")
            continue
        peers[peer.name] = peer
        sides[peer.name] = _side(peer.script, clean, peer)
    taken = measure.interleave(sides, runs=arguments.runs, warmups=0)
    said = {
        name: _told(_side(peer.script, bad, peer)().output, bad) for name, peer in peers.items()
    }
    complete = [name for name, (told, _) in said.items() if peers[name].reads_contracts and told]
    fastest = min(complete, key=lambda name: measure.middle(taken[name]).cpu, default=None)
    results = [
        each
        for name in peers
        for each in bars.compared(taken, {OURS: Bar(cpu=0.65) if name == fastest else Bar()}, name)
    ]
    notes += ["Of the planted violations they report:"]
    notes += ["\n".join(f"- {name}: {words}" for name, (_, words) in said.items())]
    return Answers(results, notes)


def savings(arguments: argparse.Namespace) -> Answers:
    """What each short cut saves: ours against ours without it."""
    answers = Answers()
    for ids in ("shuffled", "rising", "text"):
        clean = Table(arguments.rows, ids=ids).make()
        named = f"{ids} identifiers"
        sides = {named: _side("ours.py", clean), f"{POLARS}, {ids}": _side("by_polars.py", clean)}
        for left_out in ("sorting", "statistics", "sorting statistics"):
            name = f"without {' and '.join(left_out.split())}"
            sides[name] = _side("ours.py", clean, env={"MESH_BENCH_WITHOUT": left_out})
        taken = measure.interleave(sides, runs=arguments.runs, warmups=0)
        for name in list(sides)[1:]:
            answers.results += bars.compared(taken, {named: Bar()}, name)
        answers.wrong += _wrong(taken, dict.fromkeys(sides, clean))
    return answers


def thousand_columns(arguments: argparse.Namespace) -> Answers:
    """1,000 columns x 3 rules on 100,000 rows: planning and running."""
    wide.make()
    what, against = "1,000 columns x 3 rules, 100,000 rows", "the same expressions by hand"
    command = [sys.executable, HERE / "wide.py", "--side"]
    sides = {
        against: partial(measure.run, [*command, "hand"]),
        what: partial(measure.run, [*command, "ours"]),
    }
    taken = measure.interleave(sides, runs=arguments.runs)
    outputs = {runs[0].output.splitlines()[-1] for runs in taken.values()}
    wrong = [] if len(outputs) == 1 else [f"the sides disagree: {outputs}"]
    return Answers(bars.compared(taken, {what: Bar(wall=2.0, cpu=2.0)}, against), wrong=wrong)


def growth(arguments: argparse.Namespace) -> Answers:
    """Ten times the rows: the time of what lies between, and the memory."""
    sizes = [arguments.rows // 10, arguments.rows]
    sizes += [arguments.largest] if arguments.largest > arguments.rows else []
    names = [f"{size:,} rows" for size in sizes]
    tables = [Table(size).make() for size in sizes]
    sides = {name: _side("ours.py", table) for name, table in zip(names, tables, strict=True)}
    taken = measure.interleave(sides, runs=arguments.runs, warmups=0)
    answers = Answers(wrong=_wrong(taken, dict(zip(names, tables, strict=True))))
    for less, more in pairwise(names):
        # Twelve for ten: the smaller one's files may still lie in the cache of the processor.
        bar = Bar(wall=12.0, cpu=12.0, peak=2.0) if more != names[1] else Bar(wall=12.0, cpu=12.0)
        answers.results += bars.compared(taken, {more: bar}, less)
    return answers


PARTS: dict[str, Part] = {
    "hand": by_hand,
    "peers": against_peers,
    "savings": savings,
    "wide": thousand_columns,
    "growth": growth,
}
TITLES = {
    "hand": "Against the same rules by hand",
    "peers": "Against the other tools",
    "savings": "What each short cut saves",
    "wide": "A thousand columns",
    "growth": "More rows",
}


def _tables(rows: int) -> tuple[Table, Table]:
    return Table(rows).make(), Table(rows, bad=True).make()


def _side(
    script: str, table: Table, peer: Peer | None = None, env: Mapping[str, str] | None = None
) -> Callable[[], measure.Run]:
    python = peer.python if peer else sys.executable
    command = [python, HERE / "sides" / script, f"--rows={table.rows}", f"--ids={table.ids}"]
    command += ["--bad"] if table.bad else []
    found = [str(HERE), str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    added = {"PYTHONPATH": os.pathsep.join(found), **(env or {}), **(peer.env if peer else {})}
    return partial(measure.run, command, env=added)


def _tried(peer: Peer, table: Table) -> str | None:
    try:
        _side(peer.script, table, peer)()
    except RuntimeError as error:
        return str(error).strip().splitlines()[-1]
    return None


def _counts(output: str) -> dict[str, int | None]:
    found: dict[str, int | None] = json.loads(output.strip().splitlines()[-1])
    return found


def _wrong(taken: Mapping[str, Sequence[measure.Run]], tables: Mapping[str, Table]) -> list[str]:
    """Where a side counted something else than was planted."""
    return [
        f"{name} counts {rule}: {count}, and {tables[name].expected[rule]} was planted"
        for name, runs in taken.items()
        for rule, count in _counts(runs[0].output).items()
        if count != tables[name].expected[rule]
    ]


def _told(output: str, table: Table) -> tuple[bool, str]:
    """Whether a peer finds every violation planted in rows, and in words what it says else."""
    counts = _counts(output)
    other = {rule: count for rule, count in counts.items() if count != table.expected[rule]}
    words = [
        f"nothing of {rule}"
        if count is None
        else f"{count:,} for {table.expected[rule]:,} of {rule}"
        for rule, count in other.items()
    ]
    missed = [rule for rule, count in other.items() if not count and rule != "schema"]
    return not missed, ", ".join(words) or "exactly what was planted"


def _machine(runs: int) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}; {libraries}. "
        f"Medians of {runs} interleaved runs; in each cell the ratio, then both sides."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--largest", type=int, default=100_000_000)
    parser.add_argument("--write", action="store_true", help="into docs/contracts/performance.md")
    parser.add_argument("--only", type=_names, default=list(PARTS), help=",".join(PARTS))
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {[*PARTS]}")
    return names


if __name__ == "__main__":
    main()
