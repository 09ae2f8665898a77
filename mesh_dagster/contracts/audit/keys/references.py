"""Rows that refer to what is not there."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.data.frame import (
    FAILED,
    WINDOW,
    Frame,
    in_polars,
    summed,
    together,
)
from mesh_dagster.contracts.audit.keys.comparable import NothingInCommonError, in_common
from mesh_dagster.contracts.audit.keys.keyed import key_names, keyed_rows
from mesh_dagster.contracts.rules.kinds import Reference

_COMMON = "__mesh_common_"


class Unresolvable(ValueError):
    """The target cannot be compared with; the text says why."""


def orphans(
    rule: Reference, frame: Frame, published: Any | None, given: Any | None
) -> pl.DataFrame:
    """How many rows have a key that the target has not, by window (if cut): WINDOW and FAILED.

    A key with a null in it refers to nothing and is none. `given` is what was handed over for
    the target, or a text that says why there is nothing; `published` the table's own other
    partitions. Raises `Unresolvable` where there is no target, or its columns are missing or of
    types that have no value in common with the key's.
    """
    windows = [] if frame.window is None else [WINDOW]
    lost = without_target(rule, frame, published, given).with_columns(nw.lit(1).alias(FAILED))
    return summed(lost.select(*windows, FAILED), windows)


def without_target(
    rule: Reference, frame: Frame, published: Any | None, given: Any | None, *others: str
) -> nw.LazyFrame[Any]:
    """Those rows: the columns of the key, the window, and others that are asked for."""
    keys = key_names(rule)
    rows = keyed_rows(rule, frame, *others).drop_nulls(keys)
    target = _target_rows(rule, frame, published, given)
    known = _keys_of(rule, nw.from_native(target).lazy())
    rows, known = together(rows, known)
    if rows.select(keys).collect_schema() == known.collect_schema():
        return rows.join(known, on=keys, how="anti")
    if rows.implementation.is_duckdb():
        rows, known = in_polars(rows), in_polars(known)
    mine, theirs = _in_common(rule, rows.collect_schema(), known.collect_schema())
    common = [f"{_COMMON}{key}" for key in keys]
    lost = rows.with_columns(mine).join(known.select(theirs), on=common, how="anti")
    return lost.drop(common)


def _in_common(
    rule: Reference, ours: nw.Schema, theirs: nw.Schema
) -> tuple[list[nw.Expr], list[nw.Expr]]:
    """The parts of both keys in types that can be compared."""
    pairs = []
    for key, name, target in zip(key_names(rule), rule.columns, rule.target_columns, strict=True):
        try:
            pair = in_common(nw.col(key), ours[key], nw.col(key), theirs[key])
        except NothingInCommonError:
            told = f"{name} is {ours[key]} and {target} of {_target(rule)} is {theirs[key]}"
            raise Unresolvable(told.lower()) from None
        pairs.append([each.alias(f"{_COMMON}{key}") for each in pair])
    mine, others = zip(*pairs, strict=True)
    return list(mine), list(others)


def _keys_of(rule: Reference, target: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The target's keys under the names of the columns that refer to them."""
    present = target.collect_schema().names()
    absent = [name for name in rule.target_columns if name not in present]
    if absent:
        raise Unresolvable(f"{_target(rule)} has no column {', '.join(absent)}")
    pairs = zip(rule.target_columns, key_names(rule), strict=True)
    keys = target.select(*(nw.col(theirs).alias(ours) for theirs, ours in pairs))
    return keys.drop_nulls().unique()


def _target(rule: Reference) -> str:
    return rule.target or rule.target_object or "the table"


def _target_rows(rule: Reference, frame: Frame, published: Any | None, given: Any | None) -> Any:
    """The rows that a reference's keys are looked up in."""
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
