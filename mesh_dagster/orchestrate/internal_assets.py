"""The lineage of a domain's private assets, out of Dagster's event log, where the domain asks.

Only its own keys are looked at. What was told last is kept in the cursor; it moves once the
journal has the events, and the journal takes none twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from mesh_dagster import clock
from mesh_dagster.errors import AddressError
from mesh_dagster.lineage.internal import Materialization, of_asset
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.lineage.told import Parent
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain
from mesh_dagster.products.mesh import Mesh

_AT_ONCE = 100
"""Materializations of one asset that a tick tells of; the next tells of the others."""


def tell_internal(
    context: dg.SensorEvaluationContext, mesh: Mesh, domain: Domain, routes: Routes
) -> int:
    """Record what was materialized since the last tick; how many times that was.

    Raises `JournalError`.
    """
    repository = context.repository_def
    if repository is None or not routes.kept:
        return 0
    told: dict[str, int] = json.loads(context.cursor) if context.cursor else {}
    graph = repository.asset_graph
    keys = [key for key in graph.materializable_asset_keys if _is_internal(key, domain)]
    found = []
    for key in _changed(context.instance, keys, told):
        for record in _since(context.instance, key, told, routes):
            found.append(_materialization(context.instance, record, graph.get(key)))
            told[key.to_user_string()] = record.storage_id
    if found:
        events = [event for each in found for event in of_asset(routes, each)]
        with mesh.journal(domain.name) as journal:
            journal.deliveries.put(events)
        context.update_cursor(json.dumps(told, sort_keys=True))
    return len(found)


def _is_internal(key: dg.AssetKey, domain: Domain) -> bool:
    if key.path[0] != domain.name:
        return False
    try:
        return Address.parse("/".join(key.path)).major is None
    except AddressError:
        return True


def _changed(
    instance: dg.DagsterInstance, keys: list[dg.AssetKey], told: Mapping[str, int]
) -> Iterator[dg.AssetKey]:
    for record in instance.get_asset_records(keys) if keys else ():
        entry = record.asset_entry
        newest = entry.last_materialization_storage_id or 0
        if newest > told.get(entry.asset_key.to_user_string(), 0):
            yield entry.asset_key


def _since(
    instance: dg.DagsterInstance, key: dg.AssetKey, told: Mapping[str, int], routes: Routes
) -> Iterator[dg.EventLogRecord]:
    """Its materializations in the order in which they were, none older than events are kept."""
    asked = dg.AssetRecordsFilter(
        asset_key=key,
        after_storage_id=told.get(key.to_user_string()),
        after_timestamp=clock.wall().timestamp() - routes.keep,
    )
    yield from instance.fetch_materializations(asked, limit=_AT_ONCE, ascending=True).records


def _materialization(
    instance: dg.DagsterInstance, record: dg.EventLogRecord, node: Any
) -> Materialization:
    made = record.asset_materialization
    assert made is not None  # noqa: S101 (of such records we asked)
    schema = made.metadata.get("dagster/column_schema")
    rows = made.metadata.get("dagster/row_count")
    columns = getattr(getattr(schema, "value", None), "columns", ())
    return Materialization(
        key=made.asset_key.path,
        id=record.storage_id,
        at=datetime.fromtimestamp(record.timestamp, UTC),
        parent=_parent(instance, record.run_id),
        parents=sorted(key.path for key in node.parent_keys),
        partition=made.partition,
        columns={each.name: each.type for each in columns} or None,
        rows=rows.value if rows is not None and isinstance(rows.value, int) else None,
        description=node.description,
    )


def _parent(instance: dg.DagsterInstance, run: str) -> Parent | None:
    """None of what was reported without a run."""
    from mesh_dagster.orchestrate.lineage import parent_of

    return parent_of(instance, run) if run else None
