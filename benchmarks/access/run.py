"""What it costs that every reading is decided on and kept on the record.

    python benchmarks/access/run.py [--rows 1000000] [--runs 41]

- read: a port of so many rows into Polars, as a member of a domain that has a grant for it, against
  the same open without anybody asking: in turns within one process, so that both meet the same
  machine. Bar: 1.3 times the CPU. Both logs are used: that of a domain, and a person's own.
- decision: one pure decision on a port with 20 grants, of which the last is the one. Bar: 50 µs.

Exits with 1 when a bar does not hold.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

_READ, _DECISION = 1.3, 50e-6
_ADA = "ada@nycair.example"
_NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MESH_CACHE"] = f"{folder}/cache"
        held = [*_readings(Path(folder), arguments.rows, arguments.runs), _decision()]
    sys.exit(0 if all(held) else 1)


def _readings(folder: Path, rows: int, runs: int) -> list[bool]:
    from mesh_dagster.products.reading.read import open_published, read

    mesh, port = _mesh(folder / "mesh", rows)
    sides: dict[str, Callable[[], Any]] = {
        "ungated": lambda: open_published(mesh, port).polars().collect(),
        "a domain's log": lambda: _as(_ADA, lambda: read(port, mesh=mesh).polars().collect()),
        "a person's log": lambda: _as("eve", lambda: read(port, mesh=mesh).polars().collect()),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for turn in range(runs + 2):
        for name, side in sides.items():
            before = time.process_time(), time.perf_counter()
            assert side().height == rows
            after = time.process_time(), time.perf_counter()
            if turn > 1:  # what is imported, made and parsed once is nobody's
                taken[name].append((after[0] - before[0], after[1] - before[1]))
    print(f"{rows:,} rows, {runs} runs in turns\n")
    print("| read | CPU, against ungated | wall, against ungated | bar: CPU at most | holds |")
    print("|---|---|---|---|---|")
    return [_line(name, taken) for name in sides if name != "ungated"]


def _line(name: str, taken: dict[str, list[tuple[float, float]]]) -> bool:
    cpu, wall = (
        median(each[at] for each in taken[name]) / median(each[at] for each in taken["ungated"])
        for at in (0, 1)
    )
    holds = cpu <= _READ
    print(f"| {name} | {cpu:.2f}x | {wall:.2f}x | {_READ:g}x | {'yes' if holds else 'NO'} |")
    return holds


def _as(who: str, work: Callable[[], Any]) -> Any:
    os.environ["MESH_USER"] = who
    return work()


def _mesh(root: Path, rows: int) -> Any:
    """A confidential port of `crew`, which `flights` and one person without a domain may read."""
    import polars as pl

    from mesh_dagster.model.access import AccessRequest
    from mesh_dagster.model.address import Address
    from mesh_dagster.model.principal import Principal
    from mesh_dagster.products.granting.rights import grant
    from mesh_dagster.products.making.materialize import materialize
    from mesh_dagster.products.mesh import Mesh
    from mesh_dagster.registry.requests import digest_of
    from mesh_dagster.testing import write_mesh, write_product

    numbers = pl.int_range(rows, eager=True)
    frame = pl.DataFrame(
        {
            "id": numbers,
            "licence": numbers.cast(pl.String),
            "hours": (numbers % 997).cast(pl.Float64),
            "base": pl.Series(["JFK", "LGA", "EWR", "BOS"] * (rows // 4 + 1))[:rows],
        }
    )
    columns = {
        "id": "BIGINT",
        "licence": {"physicalType": "VARCHAR", "classification": "confidential"},
        "hours": "DOUBLE",
        "base": "VARCHAR",
    }
    write_product(write_mesh(root), "crew/roster/v1", columns, frame)
    write_product(Mesh.open(root), "flights/legs/v1", {"n": "BIGINT"}, {"n": [1]})
    file = root / "domains" / "flights" / "src" / "flights" / "domain.yaml"
    file.write_text(file.read_text() + f"members: [{{username: {_ADA}}}]\n")
    mesh = Mesh.open(root)
    port = Address("crew", "roster", 1)
    materialize(mesh, mesh.load(port))
    for number, by in enumerate(("domain:flights", "person:eve")):
        now = datetime.now(UTC)
        asked = AccessRequest(f"r{number}", Principal.parse(by), "flights", port, "to measure",
                              now + timedelta(days=1), now, "ada")  # fmt: skip
        asked = AccessRequest(**{**_fields(asked), "digest": digest_of(asked)})
        grant(mesh, asked, "noor", "to measure")
    return mesh, port


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _decision() -> bool:
    from mesh_dagster.access.decision import Audience, Guarded, Reader, decide
    from mesh_dagster.model.access import Effect, Grant
    from mesh_dagster.model.address import Address
    from mesh_dagster.model.principal import Principal, PrincipalKind

    port = Address("crew", "roster", 1)
    names = [Principal(PrincipalKind.DOMAIN, f"d{number}") for number in range(20)]
    rights = tuple(
        Grant(f"g{number}", Effect.ALLOW, each, port, "p", _NOW, _NOW + timedelta(days=1), "noor")
        for number, each in enumerate(names)
    )
    guarded = Guarded(port, Audience.EVERYBODY, "stable", ("licence",), rights)
    reader = Reader(names[-1], "a run", frozenset(names[-1:]), frozenset({"d19"}))
    taken = []
    for _ in range(200):
        before = time.process_time()
        for _ in range(100):
            assert decide(reader, guarded, _NOW).allowed
        taken.append((time.process_time() - before) / 100)
    found = median(taken)
    print(f"\none decision: {found * 1e6:.1f} µs of CPU, the bar is {_DECISION * 1e6:.0f}")
    return found <= _DECISION


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=41)
    return parser.parse_args()


if __name__ == "__main__":
    main()
