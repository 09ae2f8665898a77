"""The rows that break a rule, on demand only: an audit counts and collects none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, get_args

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.data.frame import RAISED, Frame, collected, in_polars, together
from mesh_dagster.contracts.audit.history.service_levels import too_old
from mesh_dagster.contracts.audit.keys.keyed import key_names, keyed_rows
from mesh_dagster.contracts.audit.keys.references import without_target
from mesh_dagster.contracts.audit.values.levels import ELEMENT, level_of
from mesh_dagster.contracts.audit.values.predicates import broken, is_for_polars
from mesh_dagster.contracts.rules.kinds import Counted, Reference, Retention, Rule, Schema, Unique
from mesh_dagster.errors import EvaluationError, MeshError, first_line

_COUNT = "__mesh_count"
KINDS = frozenset(each.kind for each in (*get_args(Counted), Unique, Reference, Retention))
"""Of rules that rows break; one on the table as a whole, or of the owner's own, has none."""

MASK = "***"
"""What is shown of a value that is there and may not be seen."""


def failing_rows(
    rule: Rule,
    data: Any,
    *,
    limit: int = 10,
    published: Any | None = None,
    reference: Any | None = None,
    raw: Mapping[str, str] | None = None,
    schema: Schema | None = None,
    masked: Collection[str] = (),
) -> pl.DataFrame:
    """At most `limit` whole rows that break a rule, as a Polars frame of the data's columns.

    `data` is what was audited, already cut to the partition in question. Of a key all rows are
    shown that share it, the first too, group by group: 6 rows for 3 beyond the first; those of
    `published` are not shown but count as sharing. Of a reference (`reference`: the target's
    rows) those whose key is not found. Of a rule on what lies in a list or map, the row of each
    element that breaks it, with the element in a column of its own, last. A rule on the table
    as a whole has no failing rows. `raw` names, as for `audit`, the columns that hold texts: in
    the place of the others they are what is shown. `schema` is the rule of that kind: it tells
    what may be absent, and what lies in a column of JSON. Of columns that are `masked`
    (`compile.masked`) only stars.

    Raises `EvaluationError` where the rule cannot be run on this data.
    """
    bare = Frame.of(data, raw=raw)
    schemas = [] if schema is None else [schema]
    frame = bare.with_structure(schemas).with_absent(schemas)
    try:
        found = collected(_failing(rule, frame, published, reference).head(limit))
    except MeshError:
        raise
    except RAISED as error:
        told = f"the rows that break {rule.id} cannot be found: {first_line(error)}"
        raise EvaluationError(told, code="MESH-C003") from error
    added = [name for name in frame.schema if name not in bare.schema]
    return _shown(found.drop(added), rule, frame, masked)


def _shown(found: pl.DataFrame, rule: Rule, frame: Frame, masked: Collection[str]) -> pl.DataFrame:
    """Texts as they stand in the file, and nothing of what is confidential.

    JSON keeps a text only of what is not of its column's type.
    """
    texts = {column: raw for column, raw in frame.raw.items() if raw in found.columns}
    found = found.with_columns(
        pl.when(pl.col(raw).str.len_bytes() > 0)
        .then(pl.col(raw))
        .otherwise(pl.col(column).cast(pl.String))
        .alias(column)
        for column, raw in texts.items()
        if not found.schema[column].is_nested()
    )
    found = found.drop(texts.values())
    hidden = [name for name in found.columns if name in masked]
    if rule.level is not None and rule.level.column in masked:
        hidden.append(str(rule.level))
    stars = (pl.when(pl.col(name).is_not_null()).then(pl.lit(MASK)).alias(name) for name in hidden)
    return found.with_columns(stars)


def _failing(
    rule: Rule, frame: Frame, published: Any | None, reference: Any | None
) -> nw.LazyFrame[Any]:
    if isinstance(rule, Unique):
        return _sharing(rule, frame, published)
    if isinstance(rule, Reference):
        lost = without_target(rule, frame, published, reference, *frame.schema)
        return lost.select(*_columns(rule, frame))
    if isinstance(rule, Retention):
        return frame.rows.filter(too_old(rule, frame))
    return _breaking(rule, frame) if isinstance(rule, Counted) else frame.rows.head(0)


def _breaking(rule: Counted, frame: Frame) -> nw.LazyFrame[Any]:
    if is_for_polars(rule, frame):
        frame = frame.with_rows(in_polars(frame.rows))
    predicate = broken(rule, frame)
    if predicate is None:
        return frame.rows.head(0)
    if rule.level is None:
        return frame.rows.filter(predicate)
    rows = level_of(frame, rule.level, tuple(frame.schema)).rows.filter(predicate)
    return rows.select(*frame.schema, nw.col(ELEMENT).alias(str(rule.level)))


def _sharing(rule: Unique, frame: Frame, published: Any | None) -> nw.LazyFrame[Any]:
    keys = key_names(rule)
    rows = keyed_rows(rule, frame, *frame.schema).drop_nulls(keys)
    counts = rows.group_by(*keys).agg(nw.len().alias(_COUNT))
    shared = counts.filter(nw.col(_COUNT) > 1).select(*keys)
    if rule.whole_port and published is not None:
        others = keyed_rows(rule, frame.with_rows(nw.from_native(published).lazy()))
        mine, others = together(rows.select(*keys).unique(), others)
        elsewhere = mine.join(others, on=keys, how="semi")
        shared, elsewhere = together(shared, elsewhere)
        shared = nw.concat([shared, elsewhere]).unique()
    rows, shared = together(rows, shared)
    found = rows.join(shared, on=keys, how="semi").sort(*keys)
    return found.select(*_columns(rule, frame))


def _columns(rule: Unique | Reference, frame: Frame) -> list[nw.Expr]:
    """Those of the data, and of a key in them its parts, by their paths."""
    named = dict(zip(key_names(rule), rule.columns, strict=True)) if rule.paths else {}
    return [nw.col(name) for name in frame.schema] + [
        nw.col(key).alias(name) for key, name in named.items()
    ]
