"""What an audit counts and finds, of each rule, before it is put into words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import polars as pl

from mesh_dagster.contracts.audit.data.frame import RAISED, WINDOW, Frame
from mesh_dagster.contracts.rules.kinds import Rule
from mesh_dagster.contracts.rules.paths import Path
from mesh_dagster.errors import first_line

ROWS = "rows"
"""The column of a small result that counts rows."""

Tally = Counter[str | None]
"""Partition (None where there are none) -> a number of rows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule that does not only count rows found in one partition, in its own words."""

    kept: bool
    message: str
    checked: int | None
    failed: int


Answers = Mapping[str | None, Answer | str]
"""By partition what a rule found, or in a text why it could not be evaluated."""


@dataclass(slots=True)
class Counts:
    """What is known of each rule by its id: rows that break it, or its answers."""

    rows: Tally
    failed: dict[str, Tally] = field(default_factory=dict)
    levels: dict[Path | None, Tally] = field(default_factory=dict)
    """The elements of each level; of None the rows, once more."""
    answers: dict[str, Answers] = field(default_factory=dict)

    def elements(self, level: Path | None) -> Tally:
        """How many there are that a rule on the level is held against."""
        return self.rows if level is None else self.levels.get(level, Counter())

    @contextmanager
    def reason_of(self, rule: Rule) -> Iterator[None]:
        """What one rule runs into is its reason, and the end of no other."""
        try:
            yield
        except RAISED as error:
            self.refuse(rule.id, first_line(error))

    def refuse(self, rule_id: str, reason: str) -> None:
        """Say why a rule could not be evaluated in any partition."""
        self.answers[rule_id] = defaultdict(lambda: reason)


def tallied(frame: Frame, table: pl.DataFrame, column: str) -> Tally:
    """A column of a small result, by partition; windows of one partition are added up."""
    found, cut = table.get_column(column, default=None), table.get_column(WINDOW, default=None)
    tally: Tally = Counter()
    if found is None:
        return tally
    windows = [None] * table.height if cut is None else cut.to_list()
    for window, count in zip(windows, found.to_list(), strict=True):
        if count or column == ROWS:
            tally[frame.key_of(window)] += int(count or 0)
    return tally
