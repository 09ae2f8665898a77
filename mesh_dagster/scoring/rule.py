"""A rule of a score, and a dimension of them: what somebody else's package brings as well.

    @rule("documented", Side.DECLARED, worth=2)
    def _documented(subject: Subject) -> Look:
        ...

    UNDERSTANDABLE = Dimension("understandable", weight=10, version="1", rules=(_documented,))

Two laws hold for every rule: what a product lacks costs it the points of the lack and of no other
dimension, and to mend it never costs any. So a rule whose subject is lacking gives nothing, rather
than not to be asked.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from mesh_dagster.model.score import DimensionScore, Point, Side
from mesh_dagster.scoring.subject import Subject

_LISTED = 3
_LONGEST = 60


class Look(NamedTuple):
    """What a rule found: the share that is so, the evidence, and what would raise it."""

    share: float
    evidence: str
    where: str | None = None
    fix: str | None = None


Looks = Callable[[Subject], Look]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is asked of a product."""

    name: str
    side: Side
    worth: float
    look: Looks

    def of(self, subject: Subject) -> Point:
        """How far it is so. A rule that cannot be evaluated gives nothing, and says why."""
        try:
            found = self.look(subject)
        except Exception as error:  # noqa: BLE001 (somebody else's rule may raise anything)
            found = Look(0.0, f"could not be evaluated: {type(error).__name__}: {error}"[:200])
        share = min(1.0, max(0.0, float(found.share)))
        fix = found.fix if share < 1 else None
        return Point(
            self.name, self.side, self.worth, share, plain(found.evidence), found.where, fix
        )


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension of a score, as it comes in by the door `score_dimensions`.

    `version` changes whenever the same product could come to another number. One that `guards`
    caps the whole at half where it fails.
    """

    name: str
    weight: float
    version: str
    rules: tuple[Rule, ...]
    guards: bool = False

    def of(self, subject: Subject) -> DimensionScore:
        points = tuple(each.of(subject) for each in self.rules)
        return DimensionScore(self.name, self.weight, points, self.guards)


def rule(name: str, side: Side, worth: float = 1) -> Callable[[Looks], Rule]:
    """Make a rule of a function."""
    return lambda look: Rule(name, side, worth, look)


def share_of(good: int, every: int) -> float:
    """The share of some that are good; nothing of nothing."""
    return good / every if every else 0.0


def edit(where: str | None, what: str) -> str | None:
    """The command that opens a file at its line, and what to put there; None of no file here."""
    file, _, line = (where or "").rpartition(":")
    if not file or not line.isdigit():
        return None
    return f"${{EDITOR:-vi}} +{line} {shlex.quote(file)}  # {plain(what)}"


def plain(text: str) -> str:
    """A text on one line, without what a shell or a terminal would take for more."""
    return "".join(each if each.isprintable() else " " for each in text)


def named(names: Iterable[str]) -> str:
    """The first of some names, and how many more there are."""
    every = [plain(each)[:_LONGEST] for each in names]
    rest = f" and {len(every) - _LISTED} more" if len(every) > _LISTED else ""
    return ", ".join(every[:_LISTED]) + rest
