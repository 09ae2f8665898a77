"""The rows that break a rule, on demand only: an audit counts and collects none."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.frame import Frame, collected, first_line, together
from mesh_dagster.contracts.audit.predicates import breaks, obstacle
from mesh_dagster.contracts.audit.references import without_target
from mesh_dagster.contracts.rules.kinds import (
    Reference,
    RowCount,
    Rule,
    Schema,
    Unique,
    Unsupported,
)
from mesh_dagster.errors import EvaluationError, MeshError

_COUNT = "__mesh_count"


def failing_rows(
    rule: Rule,
    data: Any,
    *,
    limit: int = 10,
    published: Any | None = None,
    reference: Any | None = None,
) -> pl.DataFrame:
    """At most `limit` whole rows that break a rule, as a Polars frame of the data's columns.

    `data` is what was audited, already cut to the partition in question. Of a key all rows are
    shown that share it, the first too, group by group: 6 rows for 3 beyond the first; those of
    `published` are not shown but count as sharing. Of a reference (`reference`: the target's
    rows) those whose key is not found. A rule on the table as a whole has no failing rows.

    Raises `EvaluationError` where the rule cannot be run on this data.
    """
    frame = Frame.of(data)
    try:
        return collected(_failing(rule, frame, published, reference).head(limit))
    except MeshError:
        raise
    except Exception as error:
        raise _unevaluable(rule, first_line(error)) from error


def _failing(
    rule: Rule, frame: Frame, published: Any | None, reference: Any | None
) -> nw.LazyFrame[Any]:
    match rule:
        case Schema() | RowCount() | Unsupported():
            return frame.rows.head(0)
        case Unique():
            return _sharing(rule, frame, published)
        case Reference():
            return _orphaned(rule, frame, reference)
    reason = obstacle(rule, frame.schema)
    if reason:
        raise _unevaluable(rule, reason)
    return frame.rows.filter(breaks(rule, frame.schema))


def _sharing(rule: Unique, frame: Frame, published: Any | None) -> nw.LazyFrame[Any]:
    keys = list(rule.columns)
    _demand(rule, frame)
    rows = frame.rows.drop_nulls(keys)
    counts = rows.group_by(*keys).agg(nw.len().alias(_COUNT))
    shared = counts.filter(nw.col(_COUNT) > 1).select(*keys)
    if rule.whole_port and published is not None:
        others = nw.from_native(published).lazy().select(*keys)
        mine, others = together(rows.select(*keys).unique(), others)
        elsewhere = mine.join(others, on=keys, how="semi")
        shared, elsewhere = together(shared, elsewhere)
        shared = nw.concat([shared, elsewhere]).unique()
    rows, shared = together(rows, shared)
    return rows.join(shared, on=keys, how="semi").sort(*keys)


def _orphaned(rule: Reference, frame: Frame, target: Any | None) -> nw.LazyFrame[Any]:
    _demand(rule, frame)
    if target is None and rule.target is None:
        target = frame.rows.to_native()
    if target is None or isinstance(target, str):
        raise _unevaluable(rule, target or f"nothing of {rule.target} was handed over")
    return without_target(rule, frame, target, *frame.schema).select(*frame.schema)


def _demand(rule: Unique | Reference, frame: Frame) -> None:
    missing = [name for name in rule.columns if name not in frame.schema]
    if missing:
        raise _unevaluable(rule, f"{', '.join(missing)} is missing in the data")


def _unevaluable(rule: Rule, reason: str) -> EvaluationError:
    return EvaluationError(
        f"the rows that break {rule.id} cannot be found: {reason}", code="MESH-C003"
    )
