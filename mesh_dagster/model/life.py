"""The life of a product as one machine: draft, alpha, beta, stable, deprecated, retired.

A product moves one step at a time, and up only by evidence: each thing that a promotion asks for
(`Need`) is looked up and shown, never asserted. Nothing here looks anything up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from mesh_dagster.model.identity import Identity
from mesh_dagster.model.product import Product, Stage, Status


class Move(StrEnum):
    """What an owner does with the life of a product."""

    PROMOTE = "promote"
    DEPRECATE = "deprecate"
    RETIRE = "retire"


_LEADS_TO: dict[tuple[Stage, Move], Stage] = {
    (Stage.DRAFT, Move.PROMOTE): Stage.ALPHA,
    (Stage.ALPHA, Move.PROMOTE): Stage.BETA,
    (Stage.BETA, Move.PROMOTE): Stage.STABLE,
    (Stage.ALPHA, Move.DEPRECATE): Stage.DEPRECATED,
    (Stage.BETA, Move.DEPRECATE): Stage.DEPRECATED,
    (Stage.STABLE, Move.DEPRECATE): Stage.DEPRECATED,
    # What was shown to few is dropped at once; what everybody may build on is deprecated before.
    (Stage.DRAFT, Move.RETIRE): Stage.RETIRED,
    (Stage.ALPHA, Move.RETIRE): Stage.RETIRED,
    (Stage.BETA, Move.RETIRE): Stage.RETIRED,
    (Stage.DEPRECATED, Move.RETIRE): Stage.RETIRED,
}


def life_of(product: Product) -> Stage:
    """Where in its life a product is, by its status and, while it is active, its stage."""
    match product.status:
        case Status.PROPOSED | Status.DRAFT:
            return Stage.DRAFT
        case Status.DEPRECATED:
            return Stage.DEPRECATED
        case Status.RETIRED:
            return Stage.RETIRED
    return product.stage


def end_of(product: Product) -> str:
    """`until 2014-01-31, read fleet/aircraft/v2 instead`: what its readers have to know; empty of
    a product that goes on."""
    said = product.deprecation
    if life_of(product) not in (Stage.DEPRECATED, Stage.RETIRED) or said is None:
        return ""
    was = "until" if life_of(product) is Stage.DEPRECATED else "its sunset was"
    until = f"{was} {said.sunset}" if said.sunset else ""
    instead = f"read {said.instead.path} instead" if said.instead else ""
    return ", ".join(filter(None, (until, instead)))


def moved(stage: Stage, move: Move) -> Stage | None:
    """Where a move leads from a stage; None where it cannot be made from there."""
    return _LEADS_TO.get((stage, move))


class Need(StrEnum):
    """One thing that a promotion asks for."""

    PURPOSE = "purpose"
    OWNER = "owner"
    USE_CASE = "use case"
    SERVICE_LEVEL = "service level"
    PUBLISHED = "published"
    SCORE = "score"
    LEVELS_KEPT = "service levels kept"
    ONE_READER = "readers"
    SATISFIED_READER = "satisfied reader"


_FOR_ALPHA = (Need.PURPOSE, Need.OWNER)
_FOR_BETA = (*_FOR_ALPHA, Need.USE_CASE, Need.SERVICE_LEVEL, Need.PUBLISHED)
NEEDS: dict[Stage, tuple[Need, ...]] = {
    Stage.ALPHA: _FOR_ALPHA,
    Stage.BETA: _FOR_BETA,
    Stage.STABLE: (
        *_FOR_BETA,
        Need.SCORE,
        Need.LEVELS_KEPT,
        Need.ONE_READER,
        Need.SATISFIED_READER,
    ),
}
"""What a promotion to a stage asks for."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found of one need: `seen` in words, and how to get it where it is not `there`."""

    need: Need
    there: bool
    seen: str
    fix: str | None = None


def missing(stage: Stage, found: Iterable[Evidence]) -> tuple[Need, ...]:
    """What a promotion to a stage asks for and nobody found."""
    there = {each.need for each in found if each.there}
    return tuple(need for need in NEEDS.get(stage, ()) if need not in there)


@dataclass(frozen=True, slots=True)
class LifeRules:
    """What the mesh asks of a life (`lifecycle` of mesh.yaml)."""

    readers_in_beta: int = 1
    """Domains that may read a product in beta, beside its own."""
    score: int = 70
    """The score, of 100, from which on a product can be stable."""
    kept_days: int = 7
    """For how many days it has to have kept its service levels before."""
    notice_days: int = 30
    """How many days before the sunset its readers are told."""


DEFAULT_RULES = LifeRules()


@dataclass(frozen=True, slots=True)
class Transition:
    """One move of one product, on the record: who made it, when, and on what evidence.

    `by` is the one who decided; `sunset` and `instead` are those of a deprecation.
    """

    id: str
    product: str
    before: Stage
    after: Stage
    by: Identity
    at: datetime
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    sunset: date | None = None
    instead: str | None = None


REMINDERS = (30, 14, 7, 6, 5, 4, 3, 2, 1, 0)
"""Days before a sunset on which its readers are reminded."""


def reminder(sunset: date, today: date, told: date | None) -> int | None:
    """How many days before its sunset readers are to be reminded of now; None: not now.

    The nearest that has come; none that was over when they were `told` of the deprecation.
    """
    left = (sunset - today).days
    if left < 0:
        return None
    due = min((each for each in REMINDERS if each >= left), default=None)
    if due is None or (told is not None and sunset - timedelta(days=due) <= told):
        return None
    return due
