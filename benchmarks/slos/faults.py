"""One of 50 code locations on a full disk, hung or killed: what do the others notice of it?

    python benchmarks/slos/faults.py [--locations 50] [--minutes 5]

A real Dagster, as `mesh dev` starts it: every location is a process, every run is one, ticks are
those that Dagster recorded. One half of the domains publishes on a schedule, the other half pulls.
`sides/live.py` does it all in a mount namespace of its own, for the disk of one domain is a few
megabytes of memory; so this needs Linux and `unshare`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

BAR = 1.1
WELL = "well"
Sensors = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Noticed:
    """How the ticks of all others were under a fault, against rounds in which all were well.

    `periods` are the times between ticks by the kind of sensor, as a ratio, `took` how long one
    tick takes; `pause` is the longest that one sensor waited, in seconds.
    """

    fault: str
    periods: Mapping[str, float]
    took: float
    pause: float
    published: int
    missing: Sequence[str]

    @property
    def holds(self) -> bool:
        """Whether ticks come as often, take as long, and everything is published."""
        kept = self.fault == WELL or max(self.took, *self.periods.values()) <= BAR
        return kept and not self.missing


def noticed(locations: int, minutes: int) -> list[Noticed]:
    """Run it: six times those minutes and what it takes to start, more on a small machine."""
    with tempfile.TemporaryDirectory(prefix="mesh-faults-") as folder:
        mapped = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        side = Path(__file__).with_name("sides") / "live.py"
        given = [Path(folder) / "mesh", locations, minutes]
        done = subprocess.run(
            ["unshare", *mapped, "--mount", sys.executable, side, *map(str, given)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return compared([json.loads(line) for line in done.stdout.splitlines()])


def compared(rounds: Sequence[Mapping[str, Any]]) -> list[Noticed]:
    """Each round against the mean of those without a fault: what these differ by is noise."""
    well = [each["sensors"] for each in rounds if each["round"] == WELL]
    kinds = set.intersection(*(set(each["sensors"]) for each in rounds))
    found = []
    for each in rounds:
        now: Sensors = {name: each["sensors"][name] for name in kinds}
        found.append(
            Noticed(
                each["round"],
                {name: now[name]["period"] / _mean(well, name, "period") for name in now},
                mean(now[name]["took"] / _mean(well, name, "took") for name in now),
                max(now[name]["pause"] for name in now),
                each["published"],
                each["missing"],
            )
        )
    return found


def table(found: Sequence[Noticed]) -> str:
    """What was noticed, as a Markdown table."""
    lines = [
        "| one location is | time between ticks | of the sensor | time of a tick "
        "| longest pause | published | bar: at most | holds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in found:
        worst = max(each.periods, key=lambda name: each.periods[name])
        lines.append(
            f"| {each.fault} | **{mean(each.periods.values()):.2f}x** "
            f"| {worst}: {each.periods[worst]:.2f}x | **{each.took:.2f}x** | {each.pause:.0f} s "
            f"| {each.published} of {each.published + len(each.missing)} | {BAR:g}x, all "
            f"| {'yes' if each.holds else '**no**'} |"
        )
    return "\n".join(lines)


def _mean(rounds: Sequence[Sensors], name: str, what: str) -> float:
    return mean(each[name][what] for each in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--locations", type=int, default=50)
    parser.add_argument("--minutes", type=int, default=5, help="what a round takes")
    arguments = parser.parse_args()
    found = noticed(arguments.locations, arguments.minutes)
    print(table(found))
    sys.exit(0 if all(each.holds for each in found) else 1)


if __name__ == "__main__":
    main()
