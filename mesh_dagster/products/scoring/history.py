"""How scores change: kept in the journal of the domain, and a fall told to its owners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from logging import getLogger
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.errors import UsageError
from mesh_dagster.journal import Journal
from mesh_dagster.model.discovery import Facts
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.products.scoring.subjects import Served, own_subject
from mesh_dagster.scoring.score import score

if TYPE_CHECKING:
    from mesh_dagster.journal.seen import Seen

FALL = 5
"""Of a hundred: a smaller fall is told once several have come to it."""


def with_score(loaded: LoadedProduct, facts: Facts, seen: Seen, served: Served) -> Facts:
    """What is told of a product, with its score. Raises `StorageError`.

    A plugin that brings what is no dimension costs the score, and nothing else that is told.
    """
    subject = own_subject(loaded, seen, facts, served, registered=True)
    try:
        return replace(facts, score=score(subject).told)
    except UsageError as error:
        getLogger("mesh_dagster").warning("%s is not scored: %s", subject.path, error.what)
        return facts


def record_scores(journal: Journal, found: Mapping[str, ScoreTold]) -> list[Event]:
    """Record what products score now, where that is new; what is told of it.

    Raises `JournalError`.
    """
    return journal.scores.record(found, clock.now(), fallen)


def fallen(product: str, peak: int, before: ScoreTold, now: ScoreTold) -> Event | None:
    """What to tell of a score that was `peak` at best since the last fall; None: nothing."""
    if peak - now.overall < FALL or now.overall >= before.overall:
        return None
    lower = [
        f"{name} {before.dimensions[name]} to {value}"
        for name, value in now.dimensions.items()
        if name in before.dimensions and value < before.dimensions[name]
    ]
    at = clock.now()
    why = f": {', '.join(lower)}" if lower else ""
    return Event(
        EventKind.SCORE_FELL,
        product,
        at,
        key=f"{EventKind.SCORE_FELL}:{product}:{at.isoformat()}:{peak}:{now.overall}",
        summary=f"{product}: its score fell from {peak} to {now.overall}{why}",
        details={"before": peak, "after": now.overall, "changes": lower, "rules": now.rules},
    )
