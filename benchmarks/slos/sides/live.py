"""A real Dagster of many code locations, and what it does for all others while one is bad.

    python benchmarks/slos/sides/live.py FOLDER LOCATIONS MINUTES

It mounts the disk of one domain, so it needs a mount namespace of its own: `faults` starts it in
one. A round is one period of the schedules, but for some seconds, in which ticks are counted; its
fault lasts until every product of the others was published, or until it is clear that one is not.
At the end a line of JSON a round says what came of it.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[each]) for each in (1, 2)]

import dagster as dg
import fifty
import psutil
import thousand
from dagster._core.definitions.run_request import InstigatorType

from mesh_dagster.orchestrate.home import own_dagster_home
from mesh_dagster.orchestrate.session import Session, session

ROUNDS = ("well", "full disk", "hung", "well", "killed")
_AHEAD = 10
"""Seconds before the schedules tick at which a round begins, and with it its fault; so many
before the next one it is over."""
_DISK = "8m"
_PATIENCE = 1200
_PERIODS = 4
"""Within so many every product is published: a small machine takes more than one to run them."""


@dataclass(frozen=True)
class Mesh:
    """Where it is, who is well in all rounds, and how long one takes."""

    root: Path
    instance: dg.DagsterInstance
    others: Collection[str]
    period: int

    def published(self) -> dict[str, int]:
        """The number of each newest publication."""
        return {each: fifty.published(self.root, each) for each in self.others}


def main(folder: str, locations: str, minutes: str) -> None:
    root, names = Path(folder), [thousand.domain_name(each) for each in range(int(locations))]
    workspace = fifty.write(root, len(names), int(minutes))
    # Each has its own: a code server that was stopped ends itself as soon as it goes on, because
    # nobody could tell it that it is still needed.
    *others, full, hung, killed = names
    disk = root / fifty.DISKS / full
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "none", disk], check=True)
    faults: dict[str, Callable[[], AbstractContextManager[None]]] = {
        "full disk": lambda: _full(disk),
        "hung": lambda: _hung(hung),
        "killed": lambda: _killed(killed),
    }
    home = own_dagster_home(root / ".mesh")
    with session(root, home, workspace, materialize=[], tick=[]) as live:
        # Two that open a new home at once would both make its tables.
        _wait(live, lambda: True)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            mesh = Mesh(root, instance, others, int(minutes) * 60)
            _wait(live, lambda: all(mesh.published().values()))
            for each in _rounds(mesh, faults):
                print(json.dumps(each), flush=True)


def _rounds(
    mesh: Mesh, faults: Mapping[str, Callable[[], AbstractContextManager[None]]]
) -> list[dict[str, Any]]:
    rounds = []
    for name in ROUNDS:
        _until_round(mesh.period)
        with faults.get(name, nullcontext)():
            rounds.append({"round": name, **_round(mesh)})
        told = rounds[-1]
        print(f"{name}: {told['published']} published, {told['seconds']} s", file=sys.stderr)
    return [{**each, "sensors": _ticks(mesh, each["start"], each["end"])} for each in rounds]


def _round(mesh: Mesh) -> dict[str, Any]:
    """What happened of all that are well: ticks in one period, and publications until all did."""
    before, start = mesh.published(), time.time()
    end, last = start + mesh.period - _AHEAD, start + _PERIODS * mesh.period
    late: dict[str, float] = {}
    while time.time() < end or (len(late) < len(mesh.others) and time.time() < last):
        time.sleep(1)
        for name, number in mesh.published().items():
            if number > before[name]:
                late.setdefault(name, time.time() - start - _AHEAD)
    return {
        "start": start,
        "end": end,
        "missing": sorted(set(mesh.others) - set(late)),
        "published": len(late),
        "seconds": median(late.values()) if late else None,
    }


def _ticks(mesh: Mesh, start: float, end: float) -> dict[str, dict[str, float]]:
    """By the kind of sensor: its ticks, the mean and the longest time between two of one location,
    and what one takes; from Dagster's own records. Kinds without ticks are left out.

    The time before a tick is that since the tick before, though that was before the round: to count
    ticks in a round tells five or four of what comes once a minute, by chance.
    """
    waits: dict[str, list[float]] = defaultdict(list)
    took: dict[str, list[float]] = defaultdict(list)
    for state in mesh.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
        if state.origin.repository_origin.code_location_origin.location_name in mesh.others:
            ticks = mesh.instance.get_ticks(
                state.instigator_origin_id,
                state.selector_id,
                after=start - mesh.period,
                before=end,
            )
            waits[state.name] += _waits(sorted(each.timestamp for each in ticks), start, end)
            ended = [each for each in ticks if each.end_timestamp and each.timestamp >= start]
            took[state.name] += [each.end_timestamp - each.timestamp for each in ended]
    return {
        name: {
            "ticks": len(took[name]),
            "period": mean(each),
            "pause": max(each),
            "took": median(took[name] or [end - start]),
        }
        for name, each in waits.items()
        if each
    }


def _waits(moments: list[float], start: float, end: float) -> list[float]:
    """The times between ticks that ended in a round, and the last that did not if it is long."""
    ended = [after - before for before, after in pairwise(moments) if after >= start]
    last = end - moments[-1] if moments else 0
    return [*ended, last] if last > max(ended, default=0) else ended


@contextmanager
def _full(disk: Path) -> Iterator[None]:
    """Not one byte more fits on it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            _filled(file.write, bytes(size))
    yield
    ballast.unlink()


def _filled(write: Callable[[bytes], int], block: bytes) -> None:
    try:
        while write(block):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def _hung(location: str) -> Iterator[None]:
    servers = _servers(location)
    for each in servers:
        each.send_signal(signal.SIGSTOP)
    yield
    for each in servers:
        each.send_signal(signal.SIGCONT)


@contextmanager
def _killed(location: str) -> Iterator[None]:
    for each in _servers(location):
        each.kill()
    yield


def _servers(location: str) -> list[psutil.Process]:
    """The code server of a location."""
    ours = psutil.Process(os.getpid()).children(recursive=True)
    found = [each for each in ours if {"grpc", location} <= _words(each)]
    if not found:
        raise RuntimeError(f"no process serves {location}")
    return found


def _words(process: psutil.Process) -> set[str]:
    with suppress(psutil.Error):  # a run that ended just now
        return set(process.cmdline())
    return set()


def _until_round(period: int) -> None:
    time.sleep(period - (time.time() + _AHEAD) % period)


def _wait(live: Session, there: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not (live.status().up and there()):
        if not live.alive or time.monotonic() > until:
            raise RuntimeError(live.log.read_text(encoding="utf-8")[-4000:])


main(*sys.argv[1:])
