"""Running dbt through dagster-dbt. Importing this takes seconds; only a run does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.core.dbt_cli_invocation import DbtCliInvocation
from packaging.version import Version

from mesh_dagster.dbt.project import DbtProject, dbt_failure

_SUCCEEDED = {"pass", "success"}


@dataclass(frozen=True, slots=True)
class DbtEvent:
    """What became of a node or a test."""

    id: str
    passed: bool
    warned: bool
    metadata: dict[str, Any]


class DomainTranslator(DagsterDbtTranslator):
    """Model keys lack the project's name in dagster-dbt: here they have the domain's prefix."""

    def __init__(self, domain: str) -> None:
        super().__init__()
        self._prefix = [domain, "dbt"]

    def get_asset_key(self, dbt_resource_props: Any) -> dg.AssetKey:
        return dg.AssetKey([*self._prefix, dbt_resource_props["name"]])


def stream(project: DbtProject, manifest: Path, arguments: Sequence[str]) -> Iterator[DbtEvent]:
    """Run a dbt command and yield what became of each node and test.

    Raises `TransformError` after the last event when dbt failed. The invocation is made without
    dagster-dbt's resource, which asks dbt for its version and opens the database first: seconds.
    """
    nodes = json.loads(manifest.read_text(encoding="utf-8"))
    # Runs of a domain take turns, so they may share what dbt has parsed before.
    target = project.state / "target"
    target.mkdir(parents=True, exist_ok=True)
    invocation = DbtCliInvocation.run(
        args=["dbt", *arguments],
        env={
            **project.environment,
            "DBT_LOG_FORMAT": "json",
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target),
            "PYTHONUNBUFFERED": "1",
        },
        manifest=nodes,
        dagster_dbt_translator=DomainTranslator(project.domain),
        project_dir=project.folder,
        target_path=target,
        raise_on_error=False,
        context=None,
        adapter=None,
        cli_version=Version(version("dbt-core")),
        dbt_project=None,
    )
    failed: list[str] = []
    for event in invocation.stream_raw_events():
        if event.is_result_event:
            told = _event(event.raw_event["data"])
            failed += [] if told.passed or told.warned else [f"{told.id}: {told.metadata}"]
            yield told
    if not invocation.is_successful():
        said = "\n".join([*failed, str(invocation.get_error() or "")])
        raise dbt_failure(project, arguments[0], said)


def _event(data: dict[str, Any]) -> DbtEvent:
    node = data["node_info"]
    status = str(node.get("node_status") or data.get("status") or "").lower()
    found: dict[str, Any] = {"status": status}
    if (seconds := data.get("execution_time")) is not None:
        found["seconds"] = round(float(seconds), 3)
    if (failures := data.get("num_failures")) is not None:
        found["failed"] = int(failures)
    return DbtEvent(node["unique_id"], status in _SUCCEEDED, status == "warn", found)
