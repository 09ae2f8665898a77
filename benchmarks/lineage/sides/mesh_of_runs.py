"""A mesh whose journal holds run events of a product of 24 columns: mesh_of_runs.py ROOT URL RUNS

With RUNS 0 those that are there are to be sent again.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml

from mesh_dagster import clock
from mesh_dagster.lineage.told import Ended, Read, Written
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.run_event import RunEvent, RunState
from mesh_dagster.model.snapshot import InputRead
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.run_events import Telling
from mesh_dagster.testing import write_mesh, write_product

COLUMNS = {f"column_{number}": "BIGINT" for number in range(24)}


def main(root: Path, url: str, runs: int) -> None:
    os.environ["MESH_CACHE"] = str(root / "cache")
    if not (root / "mesh.yaml").exists():
        mesh = write_mesh(root)
        write_product(mesh, "shop/sales/v1", COLUMNS, {name: [1] for name in COLUMNS})
    sinks = {"backend": {"type": "http", "url": url}}
    retry = {"first": "100ms", "longest": "1s"}
    stated = yaml.safe_load((root / "mesh.yaml").read_text())
    (root / "mesh.yaml").write_text(
        yaml.safe_dump({**stated, "lineage": {"sinks": sinks, "retry": retry}})
    )
    mesh = Mesh.open(root)
    loaded = mesh.load(Address.parse("shop/sales/v1"))
    with mesh.journal("shop") as journal:
        if runs:
            journal.deliveries.put(_events(Telling(mesh, loaded), runs))
        else:
            journal.deliveries.replay(datetime(2000, 1, 1, tzinfo=UTC), ["backend"])


def _events(telling: Telling, runs: int) -> list[RunEvent]:
    results = [
        RuleResult(f"{name}_is_there", "required", Verdict.PASSED, Severity.ERROR, "", name)
        for name in COLUMNS
    ]
    found = []
    for number in range(runs):
        now = clock.wall()
        run = telling.run_of(clock.new_id(), now, None)
        reads = [Read(InputRead("rows", "source:test/rows"))]
        written = [Written("", number + 1, rows=1000, size=10_000, files=1, results=results)]
        how = Ended(now, reads, written, publication=number + 1)
        found.append(telling.composer.started(run))
        found.append(telling.composer.ended(run, RunState.COMPLETE, how))
    return found


main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
