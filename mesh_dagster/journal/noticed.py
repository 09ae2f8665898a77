"""When incidents were noticed, and when somebody was told of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from mesh_dagster.journal.alert_tables import events, incidents
from mesh_dagster.model.slo import Noticed


def noticed_until(
    connection: sa.Connection, products: Collection[str], until: datetime
) -> dict[str, list[Noticed]]:
    """The incidents of these products that had been opened by a moment, the oldest first.

    Messages travel in wall time, so of a notification only how long it took is told.
    """
    opening, closing = events.alias("opening"), events.alias("closing")
    query = (
        sa.select(
            incidents.c.product,
            incidents.c.began,
            incidents.c.notified,
            opening.c.at,
            opening.c.noticed,
            closing.c.at.label("closed_at"),
        )
        .join(opening, opening.c.number == incidents.c.opened)
        .outerjoin(closing, closing.c.number == incidents.c.closed)
        .where(opening.c.at <= until)
        .order_by(incidents.c.opened)
    )
    found: dict[str, list[Noticed]] = {name: [] for name in products}
    for row in connection.execute(query):
        if row.product in found:
            after = None if row.notified is None else row.notified - row.noticed
            found[row.product].append(Noticed(row.began, row.at, after, row.closed_at))
    return found
