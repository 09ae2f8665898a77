"""The rows that break a rule, with what a person looks for first in front."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

import polars as pl

from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.files.opened import Opened
from mesh_dagster.contracts.rules.kinds import Reference, Rule, Schema, Unique
from mesh_dagster.contracts.rules.paths import Path

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sampler:
    """Collects at most `limit` rows a rule of one table, which is open and has this `key`."""

    opened: Opened
    key: Sequence[str]
    schema: Schema | None
    masked: Collection[str]
    limit: int

    def rows(self, rule: Rule, target: Any) -> Rows:
        """Failing rows: their key, the columns at fault, then all others."""
        found = failing_rows(
            rule,
            self.opened.data,
            limit=self.limit,
            reference=target,
            raw=self.opened.raw,
            schema=self.schema,
            masked=self.masked,
        )
        found = _with_inner(found, rule.path)
        first = [name for name in (*self.key, *_at_fault(rule)) if name in found.columns]
        return _plain(found.select(list(dict.fromkeys((*first, *found.columns)))))


def _with_inner(rows: pl.DataFrame, path: Path | None) -> pl.DataFrame:
    """With the field that a rule looks at beside the object, unless that is masked."""
    if path is None or not path.fields:
        return rows
    outer = str(path.level or path.column)
    inner, type_ = pl.col(outer), cast("Any", rows.schema.get(outer))
    for step in path.fields:
        if not isinstance(type_, pl.Struct) or step not in type_.to_schema():
            return rows
        inner, type_ = inner.struct.field(step), type_.to_schema()[step]
    return rows.with_columns(inner.alias(str(path)))


def _at_fault(rule: Rule) -> list[str]:
    """The columns that a rule looks at; what lies in them, which stands beside them, first."""
    if isinstance(rule, Unique | Reference):
        return [*rule.columns, *(path.column for path in rule.paths)]
    inner = [str(rule.path)] if rule.path else []
    level = [str(rule.level)] if rule.level else []
    column = rule.path.column if rule.path else rule.column
    return [*inner, *level, *([column] if column else [])]


def _plain(rows: pl.DataFrame) -> Rows:
    try:
        return rows.to_dicts()
    except ValueError:  # Python knows no year before 1 and none after 9999
        return rows.with_columns(pl.selectors.temporal().cast(pl.String)).to_dicts()
