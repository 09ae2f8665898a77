"""The Dagster of a mesh on one machine, as its home configures it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus

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


def test_who_writes_a_tick_waits_for_the_others_in_the_file_that_dagster_would_write(
    tmp_path: Path,
) -> None:
    home = own_dagster_home(tmp_path)
    (home / "dagster.yaml").rename(home / "ours.yaml")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        first = instance.create_tick(_tick(1.0))
    (home / "ours.yaml").rename(home / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        second = instance.create_tick(_tick(2.0))
        found = instance.get_ticks("origin", "selector")
        assert [each.tick_id for each in found] == [second.tick_id, first.tick_id]
        with instance.schedule_storage.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 60_000


def test_who_is_killed_loses_no_tick_that_it_wrote(tmp_path: Path) -> None:
    home = own_dagster_home(tmp_path)
    done = subprocess.run([sys.executable, "-c", _KILLED, home], check=False)
    assert done.returncode == -signal.SIGKILL
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert len(instance.get_ticks("origin", "selector")) == 20


_KILLED = """
import os, signal, sys
import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus

with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    for at in range(20):
        told = "origin", "alerts", InstigatorType.SENSOR, TickStatus.STARTED, float(at)
        instance.create_tick(TickData(*told, selector_id="selector"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _tick(at: float) -> TickData:
    return TickData(
        "origin", "alerts", InstigatorType.SENSOR, TickStatus.STARTED, at, selector_id="selector"
    )
