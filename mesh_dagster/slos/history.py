"""What is known of a product's past when its objectives are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import compress, repeat
from operator import is_not

from mesh_dagster.model.partition import Partitioning
from mesh_dagster.model.slo import Answer, Changes, Noticed, Probes
from mesh_dagster.model.snapshot import Outcome

Expected = Callable[[str, str], int | None]
"""Port, partition -> how many rows it should have; None where nobody can tell."""

NOTHING = Changes()

AT_PORT = (Outcome.PUBLISHED.value, Outcome.RELEASED.value)


def _nobody_can_tell(_: str, __: str) -> None:
    return None


@dataclass(frozen=True)
class History:
    """One product until a moment.

    `born` is its first publication: nothing is promised before. `changed` is the newest until
    then. Of older changes than the longest window needs there are only those whose facts are
    newer. `first` bounds the partitions that exist.
    """

    product: str
    until: datetime
    born: datetime | None = None
    changes: Changes = NOTHING
    answers: Sequence[Answer] = ()
    probes: Sequence[Probes] = ()
    incidents: Sequence[Noticed] = ()
    partitioning: Partitioning | None = None
    first: datetime | None = None
    changed: datetime | None = None
    expected: Expected = field(default=_nobody_can_tell, compare=False)

    @property
    def is_born(self) -> bool:
        return self.born is not None and self.born <= self.until

    @cached_property
    def told(self) -> Changes:
        """Of the changes those of what the port shows, rollbacks among them."""
        if None not in self.changes.number:
            return self.changes
        there = list(map(is_not, self.changes.number, repeat(None)))
        return _only(self.changes, there)

    @cached_property
    def publications(self) -> Sequence[datetime]:
        """When the port changed: in the time that the windows need, and last however long ago."""
        at = self.told.at
        last = self.changed or self.born
        if last is None or (at and last <= at[-1]):
            return at
        return [*at, last]

    @cached_property
    def published(self) -> Changes:
        """Of the changes those that brought something to the port."""
        outcomes = self.told.outcome
        if sum(map(outcomes.count, AT_PORT)) == len(outcomes):
            return self.told
        return _only(self.told, [each in AT_PORT for each in outcomes])

    @cached_property
    def here(self) -> frozenset[str | None]:
        """The partitions that the port shows."""
        if self.published is self.told:
            return frozenset(self.told.partition)
        newest = dict(zip(self.told.partition, self.told.outcome, strict=True))
        return frozenset(key for key, outcome in newest.items() if outcome in AT_PORT)


def _only(changes: Changes, there: Sequence[bool]) -> Changes:
    return Changes(*(tuple(compress(column, there)) for column in changes))  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def due(
    partitioning: Partitioning, after: datetime, until: datetime, first: datetime | None
) -> Mapping[str, datetime]:
    """The partitions that were over after a moment and not after another, each with its end.

    Many products of a domain are cut in the same way: they share one calendar.
    """
    found = {}
    begin = partitioning.key_of(max(after, partitioning.start, first or partitioning.start))
    start = partitioning.window(begin)[0]
    for key in partitioning.keys(until, max(start, first) if first else start):
        end = partitioning.window(key)[1]
        if end > after:
            found[key] = end
    return found
