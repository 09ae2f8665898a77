"""The real Dagster for as long as somebody watches: code servers, the daemon, a few requests.

`python -m mesh_dagster.orchestrate.services WORKSPACE REQUEST FD` is a process of its own, led by
`session`: one JSON line a second goes to the file descriptor FD, and when nobody reads there any
more, or a signal comes, everything that was started is ended.

A request is what a person would click: materialize these assets, start this schedule until it
has ticked.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from logging import getLogger
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.execution.submit_asset_runs import submit_asset_run
from dagster._core.remote_representation.external import RemoteSchedule
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_shared.error import SerializableErrorInfo

from mesh_dagster.orchestrate import labels
from mesh_dagster.orchestrate.dead_runs import ALIVE, close_dead_runs
from mesh_dagster.orchestrate.partitions import key_tags

_PATIENCE = 20
_FAILURE = dg.DagsterRunStatus.FAILURE
_GOING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, *ALIVE]


def serve(workspace: Path, request: Mapping[str, Any], said: int) -> None:
    """Run Dagster on a workspace, ask it for what `request` says, and report until the end."""
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, WorkspaceFileTarget([str(workspace)])) as process,
    ):
        context = process.create_request_context()
        _say(said, up=False, broken=_load_errors(context))
        close_dead_runs(instance)
        begun = datetime.now(UTC)
        wanted = [Wanted(**each) for each in request["materialize"]]
        schedules = [_start(instance, context, path) for path in request["tick"]]
        with _daemon(process, Path(instance.root_directory)) as daemon:
            while daemon.poll() is None:
                wanted = [each for each in wanted if not _submitted(process, each)]
                schedules = [each for each in schedules if not _stopped(instance, each)]
                to_come = [*(each.path for each in wanted), *(each.name for each in schedules)]
                _say(said, up=True, to_come=to_come, **_progress(instance, begun))
                time.sleep(1)
            _say(said, up=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An asset to make, and those that have to be there before."""

    path: str
    partitions: Sequence[str] | None = None
    after: Sequence[str] = ()


def _load_errors(context: WorkspaceRequestContext) -> dict[str, str]:
    entries = context.get_code_location_entries()
    return {
        name: _first_cause(each.load_error).message.strip()
        for name, each in entries.items()
        if each.load_error
    }


def _first_cause(error: SerializableErrorInfo) -> SerializableErrorInfo:
    """What Dagster wraps: our own errors name the file and the line."""
    return _first_cause(error.cause) if error.cause else error


def _submitted(process: WorkspaceProcessContext, wanted: Wanted) -> bool:
    """Put a run into the queue once what it waits for is there; whether that was done."""
    before = [dg.AssetKey(path.split("/")) for path in wanted.after]
    if not all(process.instance.get_latest_materialization_event(key) for key in before):
        return False
    request = dg.RunRequest(
        asset_selection=[dg.AssetKey(wanted.path.split("/"))],
        tags=key_tags(tuple(wanted.partitions)) if wanted.partitions else {},
    )
    context = process.create_request_context()
    submit = submit_asset_run(
        None, request, 0, process.instance, process, context, {}, {}, getLogger("dagster")
    )
    asyncio.run(submit)
    return True


def _start(
    instance: dg.DagsterInstance, context: WorkspaceRequestContext, path: str
) -> RemoteSchedule:
    name = labels.name(path)
    (schedule,) = (
        schedule
        for location in context.code_locations
        for repository in location.get_repositories().values()
        for schedule in repository.get_schedules()
        if schedule.name == name
    )
    instance.start_schedule(schedule)
    return schedule


def _stopped(instance: dg.DagsterInstance, schedule: RemoteSchedule) -> bool:
    """Stop a schedule once it has ticked and asked for its run; whether that was done."""
    origin, selector = schedule.get_remote_origin_id(), schedule.selector_id
    ticks = instance.get_ticks(origin, selector, limit=1, statuses=[TickStatus.SUCCESS])
    if not ticks:
        return False
    instance.stop_schedule(origin, selector, schedule)
    return True


def _progress(instance: dg.DagsterInstance, begun: datetime) -> dict[str, Any]:
    going = instance.get_runs(dg.RunsFilter(statuses=_GOING))
    paths = {"/".join(key.path) for run in going for key in run.asset_selection or ()}
    waiting = instance.get_backfills(limit=20)
    asked = {
        "/".join(key.path)
        for backfill in waiting
        if backfill.status.value == "REQUESTED"
        for key in backfill.asset_selection or ()
    }
    return {"running": sorted(paths), "asked": sorted(asked), "failed": _failed(instance, begun)}


def _failed(instance: dg.DagsterInstance, begun: datetime) -> list[str]:
    """The assets whose newest run since then failed."""
    newest: dict[str, dg.DagsterRunStatus] = {}
    for run in instance.get_runs(dg.RunsFilter(created_after=begun)):
        for key in run.asset_selection or ():
            newest.setdefault("/".join(key.path), run.status)
    return sorted(path for path, status in newest.items() if status is _FAILURE)


@contextmanager
def _daemon(process: WorkspaceProcessContext, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, on the code servers that run already."""
    servers = home / "servers.yaml"
    servers.write_text(yaml.safe_dump({"load_from": list(process.get_code_server_specs())}))
    command = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(servers)]
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 (our own)
    try:
        yield daemon
    finally:
        daemon.send_signal(signal.SIGINT)
        try:
            daemon.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _say(said: int, **line: Any) -> None:
    os.write(said, json.dumps(line).encode() + b"\n")


def main(arguments: Sequence[str]) -> None:
    """The process that `session` starts."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    workspace, request, said = arguments
    try:
        serve(Path(workspace), json.loads(request), int(said))
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
