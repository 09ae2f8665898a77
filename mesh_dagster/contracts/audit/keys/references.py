"""Rows that refer to what is not there."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.data.frame import FAILED, WINDOW, Frame, summed, together
from mesh_dagster.contracts.audit.values.places import key_names, keyed_rows
from mesh_dagster.contracts.rules.kinds import Reference


class Unresolvable(ValueError):
    """The target cannot be compared with; the text says why."""


def orphans(rule: Reference, frame: Frame, target: Any) -> pl.DataFrame:
    """How many rows have a key that the target has not, by window (if cut): WINDOW and FAILED.

    A key with a null in it refers to nothing and is none. Raises `Unresolvable` when the
    target's columns are missing or of other types.
    """
    windows = [] if frame.window is None else [WINDOW]
    lost = without_target(rule, frame, target).with_columns(nw.lit(1).alias(FAILED))
    return summed(lost.select(*windows, FAILED), windows)


def without_target(rule: Reference, frame: Frame, target: Any, *others: str) -> nw.LazyFrame[Any]:
    """Those rows: the columns of the key, the window, and others that are asked for."""
    keys = key_names(rule)
    rows = keyed_rows(rule, frame, *others).drop_nulls(keys)
    known = _keys_of(rule, nw.from_native(target).lazy())
    rows, known = together(rows, known)
    casts = _common_integers(rule, rows, known)
    if not casts:
        return rows.join(known, on=keys, how="anti")
    return rows.with_columns(casts).join(known.with_columns(casts), on=keys, how="anti")


def _keys_of(rule: Reference, target: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The target's keys under the names of the columns that refer to them."""
    present = target.collect_schema().names()
    absent = [name for name in rule.target_columns if name not in present]
    if absent:
        raise Unresolvable(f"{_target(rule)} has no column {', '.join(absent)}")
    pairs = zip(rule.target_columns, key_names(rule), strict=True)
    keys = target.select(*(nw.col(theirs).alias(ours) for theirs, ours in pairs))
    return keys.drop_nulls().unique()


def _common_integers(
    rule: Reference, rows: nw.LazyFrame[Any], known: nw.LazyFrame[Any]
) -> list[nw.Expr]:
    """Casts that make integers of two sizes comparable. Other types must be the same."""
    ours, theirs = rows.collect_schema(), known.collect_schema()
    casts = []
    triples = zip(key_names(rule), rule.columns, rule.target_columns, strict=True)
    for key, column, target in triples:
        one, other = ours[key], theirs[key]
        if one == other:
            continue
        if not (one.is_integer() and other.is_integer()):
            told = f"{column} is {one} and {target} of {_target(rule)} is {other}"
            raise Unresolvable(told.lower())
        casts.append(nw.col(key).cast(nw.Int64))
    return casts


def _target(rule: Reference) -> str:
    return rule.target or rule.target_object or "the table"


def target_rows(rule: Reference, frame: Frame, published: Any | None, given: Any | None) -> Any:
    """The rows that a reference's keys are looked up in.

    `given` is what was handed over for it, or a text that says why there is nothing;
    `published` the table's own other partitions. Raises `Unresolvable` without any.
    """
    if isinstance(given, str):
        raise Unresolvable(given)
    if given is not None:
        return given
    if other := rule.target or rule.target_object:
        raise Unresolvable(f"nothing of {other} was handed over")
    columns = rule.target_columns
    own = frame.rows.select(*columns)
    if published is None:
        return own
    return nw.concat(together(own, nw.from_native(published).lazy().select(*columns)))
