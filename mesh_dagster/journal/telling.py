"""Whether the lineage of a publication has arrived where it was to go, as service levels ask."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.lineage_tables import run_events, told_publications
from mesh_dagster.journal.tables import Moment, decisions, publications
from mesh_dagster.model.run_event import RunState

_SOON = timedelta(minutes=15)
"""How long a delivery may take before it counts as one that has not arrived."""


def has_arrived(
    otherwise: sa.ColumnElement[bool],
    product: sa.ColumnElement[str] = decisions.c.product,
    publication: sa.ColumnElement[int] = decisions.c.publication,
    until: datetime | None = None,
) -> sa.ColumnElement[Any]:
    """1 or 0 for each publication of a product: of `decisions`, or of what is named.

    `otherwise` says it of publications of which nobody was to be told: those that are older than
    lineage, and those of a mesh that has it switched off. `until` is a moment that is over (None:
    now), of `publications` that the query has.
    """
    told = told_publications
    there = _there_now() if until is None else _there_then(until)
    arrived = (
        sa.select(_number(there))
        .where(
            told.c.product == product,
            told.c.publication == publication,
        )
        .scalar_subquery()
    )
    return sa.func.coalesce(arrived, _number(otherwise))


def _there_now() -> sa.ColumnElement[bool]:
    """Events travel in wall time, and in a replay the mesh's clock stands still meanwhile."""
    since = sa.bindparam("soon", clock.wall() - _SOON, Moment)
    complete = told_publications.c.run + f":{RunState.COMPLETE}"
    fresh = sa.exists().where(run_events.c.key == complete, run_events.c.recorded > since)
    return sa.or_(told_publications.c.told.is_not(None), fresh)


def _there_then(until: datetime) -> sa.ColumnElement[bool]:
    fresh = publications.c.at > sa.bindparam("soon", until - _SOON, Moment)
    return sa.or_(told_publications.c.told <= sa.bindparam("then", until, Moment), fresh)


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, 1), else_=0)
