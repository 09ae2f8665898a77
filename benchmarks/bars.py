"""What a benchmark answers: a cost, the cost it is held against, and whether the bar holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import isnan

from measure import Cost, Run, middle

NAMES = {"wall": "time", "cpu": "CPU", "peak": "memory"}


@dataclass(frozen=True, slots=True)
class Bar:
    """At most how many times the reference, measure by measure; None is not held to any."""

    wall: float | None = None
    cpu: float | None = None
    peak: float | None = None

    def __str__(self) -> str:
        stated = {NAMES[each.name]: getattr(self, each.name) for each in fields(self)}
        return ", ".join(f"{name} {limit:g}x" for name, limit in stated.items() if limit)

    def holds(self, ratio: Cost) -> bool | None:
        """Whether a ratio keeps the bar; None where there is none."""
        limits = [(getattr(ratio, each.name), getattr(self, each.name)) for each in fields(self)]
        held = [found <= limit for found, limit in limits if limit is not None]
        return all(held) if held else None


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table."""

    what: str
    against: str
    ours: Cost
    reference: Cost
    bar: Bar = Bar()

    @property
    def holds(self) -> bool | None:
        return self.bar.holds(self.ours / self.reference)


def compared(
    runs: Mapping[str, Sequence[Run]], what: Mapping[str, Bar], against: str
) -> list[Result]:
    """One result for each side that `what` names, against the median of another."""
    reference = middle(runs[against])
    return [Result(each, against, middle(runs[each]), reference, bar) for each, bar in what.items()]


def table(results: Sequence[Result]) -> str:
    """The results as a Markdown table."""
    lines = [
        "| what | against | bar: at most | time | CPU | memory | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in results:
        ratio = each.ours / each.reference
        holds = {True: "yes", False: "**no**", None: ""}[each.holds]
        lines.append(
            f"| {each.what} | {each.against} | {each.bar} "
            f"| {_cell(ratio.wall, each.ours.wall, each.reference.wall, 's')} "
            f"| {_cell(ratio.cpu, each.ours.cpu, each.reference.cpu, 's')} "
            f"| {_cell(ratio.peak, each.ours.peak, each.reference.peak, 'MiB')} | {holds} |"
        )
    return "\n".join(lines)


def _cell(ratio: float, ours: float, reference: float, unit: str) -> str:
    digits = 0 if unit == "MiB" else 2
    if isnan(ratio):
        return "–"
    return f"**{ratio:.2f}x** ({ours:.{digits}f} / {reference:.{digits}f} {unit})"
