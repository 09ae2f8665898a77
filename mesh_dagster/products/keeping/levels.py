"""How service levels stand, as everybody is told it: coarsely, so that not every minute is news.

Apart from what the journal knows: it is shown by commands that want to be quick.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from mesh_dagster.model.discovery import LevelStanding
from mesh_dagster.model.slo import Standing, Status

STEP = 0.05
"""The share of a budget in whose multiples it is told: not every minute is news."""


def levels_of(standings: Iterable[Standing]) -> tuple[LevelStanding, ...]:
    """How objectives stand, coarsely."""
    return tuple(_level(each) for each in standings)


def _level(standing: Standing) -> LevelStanding:
    objective = standing.objective
    measured = standing.status is not Status.UNMEASURED and standing.kept is not None
    left = max(-1.0, math.floor(standing.left / STEP + 1e-9) * STEP) if measured else None
    kept = None
    if left is not None and standing.kept is not None:
        spendable = 1 - objective.target
        kept = 1 - (1 - left) * spendable if spendable > 0 and left > -1 else standing.kept
    return LevelStanding(
        name=objective.indicator.value,
        port=objective.port,
        objective=objective.target,
        window=objective.window,
        status=standing.status,
        attained=None if kept is None else round(kept, 4),
        left=None if left is None else round(left, 2),
        limit=objective.limit,
    )
