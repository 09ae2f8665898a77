"""Runs whose process was killed: Dagster would wait for them without end.

What such a run was making counts as being made, so no consumer pulls it and nothing published
elsewhere is told of it. Dagster's own run monitoring does not know how to ask after processes
on this machine.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import GRPC_INFO_TAG

ALIVE = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
"""The states of a run that has, or should have, a process."""


def close_dead_runs(instance: dg.DagsterInstance) -> None:
    """Close what a code server ran that is gone; only for who holds the lock of the home.

    Nobody else has a code server in that home, so none of these runs has a process.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=ALIVE)):
        if GRPC_INFO_TAG in run.tags:
            instance.report_run_canceled(run, "The process that ran it is gone.")


def close_dead_runs_of(home: Path) -> None:
    """The same, for a home in which nothing is started yet."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        close_dead_runs(instance)
