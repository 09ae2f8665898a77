"""From how objectives stand to what is told: pure, and the same however often it is asked.

An objective is in trouble when its budget burns too fast to last, and when it is spent. Trouble
is one incident, from the first of the two until the promise is kept again; that the budget stays
spent for the rest of the window is no second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.slo import Standing, Status

if TYPE_CHECKING:
    from mesh_dagster.journal.told import Trouble


def transitions(
    standings: Iterable[Standing],
    troubles: Mapping[tuple[str, str], Trouble],
    causes: Mapping[str, str],
    shown: Mapping[str, Mapping[str, Any]],
) -> Iterator[Event]:
    """What has changed since the troubles that are known, by product and name of the objective.

    By product, `causes` are upstreams, and `shown` what its ports show and which run made it.
    """
    for each in standings:
        known = troubles.get((each.product, each.objective.name))
        kind = _kind(each, known)
        if kind is not None:
            cause = causes.get(each.product, "")
            yield _event(each, kind, known, cause, shown.get(each.product, {}))


def _kind(standing: Standing, known: Trouble | None) -> EventKind | None:
    status = standing.status
    if status is Status.UNMEASURED:
        return None
    if known is None or known.closed is not None:
        return _begins(standing, known)
    if status is Status.BREACHED and known.kind is EventKind.BURNING:
        return EventKind.BREACHED
    over = status is Status.MET or (status is Status.BREACHED and not standing.failing)
    return EventKind.RECOVERED if over else None


def _begins(standing: Standing, known: Trouble | None) -> EventKind | None:
    if standing.status is Status.BURNING:
        return EventKind.BURNING
    if standing.status is not Status.BREACHED:
        return None
    if standing.failing or known is None or known.closed is None:
        return EventKind.BREACHED
    # The budget may still be spent by what was told already.
    told = known.closed > standing.at - standing.objective.window
    return None if told else EventKind.BREACHED


def _event(
    standing: Standing,
    kind: EventKind,
    known: Trouble | None,
    cause: str,
    shown: Mapping[str, Any],
) -> Event:
    objective = standing.objective.name
    name = f"{standing.product}:{objective}:{standing.at.isoformat()}"
    going_on = known is not None and known.closed is None
    incident = known.id if known is not None and going_on else f"slo:{name}"
    said = {
        EventKind.BURNING: "burns its error budget too fast",
        EventKind.BREACHED: "has spent its error budget",
        EventKind.RECOVERED: "is kept again",
    }[kind]
    left = f"; {max(standing.left, 0):.0%} of the budget left" if standing.budget else ""
    if standing.left <= 0:
        left = "; its error budget stays spent" if kind is EventKind.RECOVERED else ""
    now = f" ({standing.now})" if standing.now else ""
    return Event(
        kind,
        standing.product,
        standing.at,
        key=f"{kind}:{name}",
        summary=f"{standing.product}: {objective} {said}{now}{left}",
        details={
            "status": standing.status.value,
            **({"after": known.kind.value} if known is not None and going_on else {}),
            "target": standing.objective.target,
            "kept": standing.kept,
            "left": standing.left,
            "lasts": None if standing.lasts is None else standing.lasts.total_seconds(),
            "check": standing.objective.check,
            "where": standing.objective.where,
            **shown,
        },
        objective=objective,
        cause=cause,
        incident=incident,
        began=None if kind is EventKind.RECOVERED else standing.since,
    )
