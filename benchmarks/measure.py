"""Measure commands against each other: each run its own process, interleaved, medians compared.

Ratios are taken within one session on one machine, so that they mean something on a shared or
slow one: A B A B spreads what else the machine does evenly over both.

A child's peak memory is never less than its parent's at the moment of the start (the kernel
carries the high-water mark over `exec`), so this module and whoever calls it stay light: no
import of polars, pyarrow or the like in the measuring process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Command = Sequence[str | Path]
CACHE = "MESH_BENCH_CACHE"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds by the clock, seconds of CPU (user and system), peak MiB."""

    wall: float
    cpu: float
    peak: float

    def __truediv__(self, other: Cost) -> Cost:
        """How many times as much, measure by measure."""
        return Cost(self.wall / other.wall, self.cpu / other.cpu, self.peak / other.peak)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: its cost and what it printed."""

    cost: Cost
    output: str


def _environment() -> dict[str, str]:
    """This one, but with byte code kept: an installed package has it, a checkout shall too."""
    return {key: each for key, each in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def run(
    command: Command,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    ready: Callable[[], None] | None = None,
) -> Run:
    """Run a command to its end and take its cost, its waited-for children included.

    `env` is added to the environment. A server is ended as soon as `ready` returns; `ready`
    raises `TimeoutError` when it has waited too long. Raises `RuntimeError` with what the command
    wrote when it fails.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**_environment(), **(env or {})},
            cwd=cwd,
        )
        served = ready is not None and _served(ready)
        until_served = time.perf_counter() - start
        if ready is not None:
            child.kill()
        _, status, usage = os.wait4(child.pid, 0)
        wall = until_served if served else time.perf_counter() - start
        child.returncode = 0 if served else os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if child.returncode:
        shown = " ".join(str(part) for part in command)
        raise RuntimeError(f"exit code {child.returncode} from {shown}\n{text}")
    return Run(Cost(wall, usage.ru_utime + usage.ru_stime, _mebibytes(usage.ru_maxrss)), text)


def interleave(
    sides: Mapping[str, Callable[[], Run]], *, runs: int = 5, warmups: int = 1
) -> dict[str, list[Run]]:
    """Run the sides in turn, `runs` times each after `warmups` that are not counted."""
    for _ in range(warmups):
        for side in sides.values():
            side()
    taken: dict[str, list[Run]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            taken[name].append(side())
    return taken


def middle(runs: Sequence[Run]) -> Cost:
    """The median of each measure over the runs."""
    costs = [each.cost for each in runs]
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.cpu for cost in costs),
        median(cost.peak for cost in costs),
    )


def table(costs: Mapping[str, Cost], *, against: str) -> str:
    """A Markdown table of the costs, each with its ratio to the one named by `against`."""
    lines = [
        "| | wall s | CPU s | peak MiB | wall x | CPU x | peak x |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        ratio = cost / costs[against]
        lines.append(
            f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.peak:.0f} "
            f"| {ratio.wall:.2f} | {ratio.cpu:.2f} | {ratio.peak:.2f} |"
        )
    return "\n".join(lines)


def cache_folder(name: str) -> Path:
    """A folder for generated data that is kept between runs and is outside the project.

    It lies in the folder that `MESH_BENCH_CACHE` names, by default the system's temporary one.
    """
    folder = cache_root() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cache_root() -> Path:
    """Where all generated data lies: a folder of its own, so that it can be removed as a whole."""
    return Path(os.environ.get(CACHE) or tempfile.gettempdir()) / "mesh-bench"


def _served(ready: Callable[[], None]) -> bool:
    try:
        ready()
    except TimeoutError:
        return False
    return True


def _mebibytes(maxrss: int) -> float:
    return maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
