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
