"""How service levels stand and who grants access, as everybody is told it.

Apart from what the journal knows: it is shown by commands that want to be quick.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mesh_dagster.model.discovery import Access, LevelStanding
from mesh_dagster.model.domain import LoadedProduct
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


def access_of(loaded: LoadedProduct) -> Access:
    """Whom to ask: the channels of the descriptor, its owners, else the domain's contact."""
    product = loaded.product
    channels = (
        each.get("url") or each.get("channel") for each in _mappings(product.rest, "support")
    )
    owners = (each.username for each in product.members if (each.role or "").lower() == "owner")
    ask = [str(each) for each in (*channels, *owners) if each]
    roles = [
        str(each["role"])
        for contract in loaded.contracts.values()
        for each in _mappings(contract.rest, "roles")
        if each.get("role")
    ]
    return Access(
        team=product.team or loaded.domain.team,
        ask=tuple(dict.fromkeys(ask))
        or ((loaded.domain.contact,) if loaded.domain.contact else ()),
        roles=tuple(dict.fromkeys(roles)),
    )


def _mappings(rest: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    stated = rest.get(name)
    yield from (each for each in stated or () if isinstance(each, Mapping))
