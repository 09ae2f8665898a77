"""What a domain's products came to, one line each, for listings.

The one query here is plain SQL that both databases understand: a listing of many domains reads
their SQLite files with the standard library alone, because importing SQLAlchemy would take
longer than everything else it does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mesh_dagster import clock

SQL = """
SELECT product,
       sum(CASE WHEN shown THEN 1 ELSE 0 END),
       sum(CASE WHEN shown THEN "rows" ELSE 0 END),
       max(CASE WHEN shown THEN publication END),
       max(CASE WHEN shown THEN event_max END),
       sum(CASE WHEN latest THEN passed ELSE 0 END),
       sum(CASE WHEN latest THEN warned ELSE 0 END),
       sum(CASE WHEN latest THEN failed ELSE 0 END),
       count(DISTINCT CASE WHEN "current" AND outcome = 'quarantined' THEN "partition" END)
FROM {decisions} WHERE standing GROUP BY product ORDER BY product
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """One product, all of its partitions together.

    `partitions`, `rows`, `publication` and `newest_event` are of what its ports show now; a
    product without partitions counts as one. `passed`, `warned` and `failed` (what blocks) count
    rule results of each partition's newest audit, published or quarantined; `quarantined` the
    partitions that wait for their owner.
    """

    product: str
    partitions: int
    rows: int
    publication: int | None
    newest_event: datetime | None
    passed: int
    warned: int
    failed: int
    quarantined: int


def summaries_from_rows(
    rows: Iterable[Sequence[Any]], products: Collection[str] | None
) -> list[Summary]:
    """Read the answer to `SQL`; of these products only, where they are named."""
    return [
        Summary(row[0], int(row[1]), int(row[2]), row[3], _moment(row[4]), *map(int, row[5:]))
        for row in rows
        if products is None or row[0] in products
    ]


def _moment(value: datetime | str | None) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return clock.in_utc(moment)
