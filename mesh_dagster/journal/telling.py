"""Whether the lineage of a publication has arrived where it was to go, as service levels ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.lineage_tables import run_events, told_publications
from mesh_dagster.journal.tables import decisions
from mesh_dagster.model.run_event import RunState

_SOON = timedelta(minutes=15)
"""How long a delivery may take before it counts as one that has not arrived."""


def has_arrived(
    otherwise: sa.ColumnElement[bool],
    product: sa.ColumnElement[str] = decisions.c.product,
    publication: sa.ColumnElement[int] = decisions.c.publication,
) -> sa.ColumnElement[Any]:
    """1 or 0 for each publication of a product: of `decisions`, or of what is named.

    `otherwise` says it of publications of which nobody was to be told: those that are older than
    lineage, and those of a mesh that has it switched off.
    """
    told = told_publications
    since = sa.bindparam("soon", clock.wall() - _SOON, run_events.c.recorded.type)
    fresh = sa.exists().where(
        run_events.c.key == told.c.run + f":{RunState.COMPLETE}", run_events.c.recorded > since
    )
    arrived = (
        sa.select(_number(sa.or_(told.c.told.is_not(None), fresh)))
        .where(
            told.c.product == product,
            told.c.publication == publication,
        )
        .scalar_subquery()
    )
    return sa.func.coalesce(arrived, _number(otherwise))


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, 1), else_=0)
