"""Since when things wait for their owner, kept from one look into the inbox to the next.

Most of it follows from the ledger. But of a rule that does not hold in each new publication the
ledger tells when the last one was decided on, and not since when somebody should look at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from mesh_dagster.journal.review_tables import waiting

Seen = Mapping[str, tuple[str, datetime]]
"""By the first part of its id the product of what waits, and since when as far as is known."""


def known(connection: sa.Connection) -> dict[str, datetime]:
    """What waited at the last look, since when."""
    return {row.subject: row.since for row in connection.execute(sa.select(waiting))}


def outdated(before: Mapping[str, datetime], seen: Seen) -> bool:
    """Whether a look has found anything else than what is known."""
    return before.keys() != seen.keys()


def keep(connection: sa.Connection, seen: Seen) -> dict[str, datetime]:
    """Remember what waits now and forget what does not; since when each of it waits."""
    before = known(connection)
    new = {subject: given for subject, given in seen.items() if subject not in before}
    gone = [{"s": subject} for subject in before.keys() - seen.keys()]
    if gone:
        connection.execute(sa.delete(waiting).where(waiting.c.subject == sa.bindparam("s")), gone)
    rows = [
        {"subject": subject, "product": product, "since": since}
        for subject, (product, since) in new.items()
    ]
    if rows:
        connection.execute(sa.insert(waiting), rows)
    return {subject: before.get(subject, since) for subject, (_, since) in seen.items()}
