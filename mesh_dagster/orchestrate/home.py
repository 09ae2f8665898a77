"""DAGSTER_HOME of a mesh on one machine: made once, then its owner's to change."""

from __future__ import annotations

import os
from pathlib import Path

HOME = "DAGSTER_HOME"

_INSTANCE = """\
# How Dagster runs this mesh on this machine. Written once; change it as you like.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: {runs}
  pools:
    default_limit: 1
# A domain that does not answer holds a thread of these for each of its sensors until Dagster gives
# up on it; without threads it holds up every other domain.
sensors:
  use_threads: true
  num_workers: 16
schedules:
  use_threads: true
  num_workers: 8
auto_materialize:
  use_threads: true
  num_workers: 8
run_coordinator:
  module: dagster._core.run_coordinator.queued_run_coordinator
  class: QueuedRunCoordinator
  config:
    dequeue_use_threads: true
# So many write ticks at once that each has to wait for its turn.
schedule_storage:
  module: mesh_dagster.orchestrate.ticks
  class: TickStorage
"""


def dagster_home(state: Path) -> Path:
    """The DAGSTER_HOME that the environment names, or the mesh's own, which is made."""
    if named := os.environ.get(HOME):
        return Path(named)
    return own_dagster_home(state)


def own_dagster_home(state: Path) -> Path:
    """The mesh's own DAGSTER_HOME, below its folder of local state: SQLite, no telemetry."""
    home = state / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    instance = home / "dagster.yaml"
    if not instance.exists():
        runs = max(2, os.cpu_count() or 2)
        draft = home / f"dagster.yaml.{os.getpid()}"
        draft.write_text(_INSTANCE.format(runs=runs), encoding="utf-8")
        draft.replace(instance)
    return home
