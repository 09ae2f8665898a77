"""The Dagster of a mesh on one machine, as its home configures it."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from mesh_dagster.orchestrate.home import own_dagster_home

RUNS = max(2, os.cpu_count() or 2)


def test_a_location_that_hangs_leaves_threads_for_the_sensors_of_others(
    mesh, tmp_path: Path
) -> None:
    sensors = list(mesh.definitions("shop").get_repository_def().sensor_defs)
    with dg.DagsterInstance.from_config(str(own_dagster_home(tmp_path))) as instance:
        told = [
            instance.get_settings(each) for each in ("sensors", "schedules", "auto_materialize")
        ]
        coordinator = instance.run_coordinator
        assert [each["use_threads"] for each in told] == [True] * 3
        assert told[0]["num_workers"] >= 2 * len(sensors)
        assert coordinator.dequeue_use_threads
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == RUNS
