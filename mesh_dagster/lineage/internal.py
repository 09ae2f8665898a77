"""Assets that are no product's port, told as runs: what Dagster recorded of one materialization."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mesh_dagster.lineage import facets
from mesh_dagster.lineage.compose import INTEGRATION, moment
from mesh_dagster.lineage.datasets import MOST, Name
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.lineage.told import Parent, run_id
from mesh_dagster.model.run_event import RunEvent, RunState


@dataclass(frozen=True, slots=True)
class Materialization:
    """One materialization of an asset. `id` is its number in the event log of `parent`'s Dagster.

    `columns` maps names to types, of an asset whose metadata has them.
    """

    key: Sequence[str]
    id: int
    at: datetime
    parent: Parent | None
    parents: Sequence[Sequence[str]] = ()
    partition: str | None = None
    columns: Mapping[str, str] | None = None
    rows: int | None = None
    description: str | None = None


def of_asset(routes: Routes, made: Materialization) -> tuple[RunEvent, RunEvent]:
    """The two events of a materialization; both are of its moment, as Dagster tells no other."""
    whose = made.parent.run if made.parent else "no run"
    run = run_id(f"{whose}/{'/'.join(made.key)}/{made.id}", made.at)
    return (
        _event(routes, made, run, RunState.START),
        _event(routes, made, run, RunState.COMPLETE),
    )


def _event(routes: Routes, made: Materialization, run: str, state: RunState) -> RunEvent:
    ends = state is RunState.COMPLETE
    body: dict[str, Any] = {
        "eventType": state.value,
        "eventTime": moment(made.at),
        "run": {"runId": run, "facets": _of_run(routes, made)},
        "job": {**_name(routes, made.key), "facets": _of_job(made)},
        "inputs": [_name(routes, key) | {"facets": {}} for key in made.parents] if ends else [],
        "outputs": [_output(routes, made)] if ends else [],
        "producer": facets.producer(),
        "schemaURL": facets.EVENT,
    }
    told = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return RunEvent(run, state, "/".join(made.key), made.at, told, routes.names)


def _name(routes: Routes, key: Sequence[str]) -> Name:
    return {"namespace": routes.namespace(key[0]), "name": "/".join(key[1:]) or key[0]}


def _of_run(routes: Routes, made: Materialization) -> facets.Facets:
    parent = None
    if made.parent is not None:
        job = {"namespace": routes.namespace(routes.domain), "name": f"dagster/{made.parent.job}"}
        told = {"run": {"runId": made.parent.id}, "job": job}
        parent = {**told, "root": told}
    tags = [{"key": "partitions", "value": made.partition, "source": "DAGSTER"}]
    return facets.of_run(parent=parent, tags={"tags": tags} if made.partition else None)


def _of_job(made: Materialization) -> facets.Facets:
    kind = {"processingType": "BATCH", "integration": INTEGRATION, "jobType": "ASSET"}
    said = {"description": facets.short(made.description)} if made.description else None
    return facets.of_job(jobType=kind, documentation=said)


def _output(routes: Routes, made: Materialization) -> dict[str, Any]:
    columns = list((made.columns or {}).items())[:MOST]
    schema = {"fields": [{"name": name, "type": kind} for name, kind in columns]}
    rows = {"rowCount": made.rows} if made.rows is not None else None
    stats = facets.of_dataset(outputStatistics=rows)
    found = facets.of_dataset(schema=schema if columns else None)
    name = _name(routes, made.key)
    return {**name, "facets": found, **({"outputFacets": stats} if stats else {})}
