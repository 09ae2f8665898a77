"""Which column says when a fact happened, if one does."""

from __future__ import annotations

import polars as pl

from mesh_dagster.contracts.inference.profile import Column, Profile

_TELLING = ("event_time", "event_timestamp", "event_ts", "occurred_at", "happened_at", "time")
_TECHNICAL = ("updated", "modified", "loaded", "ingested", "recorded", "inserted", "deleted")


def event_time_of(table: Profile) -> tuple[str, str] | None:
    """The column and the evidence; None where there is none, or no telling which."""
    moments = [
        each
        for each in table.top()
        if each.rows and not each.nulls and isinstance(each.dtype, pl.Date | pl.Datetime)
    ]
    if not moments:
        return None
    best = min(moments, key=_rank)
    others = [each.name for each in moments if each is not best]
    seen = f"{best.least} to {best.most}, in every row"
    return best.name, f"{seen}; as good: {', '.join(others)}" if others else seen


def _rank(column: Column) -> tuple[bool, bool, bool]:
    """Named for it, not named for a technical moment, and a moment rather than a day."""
    name = column.name.lower()
    technical = any(word in name for word in _TECHNICAL)
    return name not in _TELLING, technical, isinstance(column.dtype, pl.Date)
