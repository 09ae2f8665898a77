"""The key of each row, under names that every engine can work with."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.audit.values.levels import level_of, place_of
from mesh_dagster.contracts.audit.values.places import UnreachableError
from mesh_dagster.contracts.rules.kinds import Reference, Unique


def key_names(rule: Unique | Reference) -> list[str]:
    """What the key's columns are called while it is worked with: DuckDB takes a dot apart."""
    plain = not rule.paths and not any("." in name for name in rule.columns)
    return list(rule.columns) if plain else [f"__mesh_key{at}" for at in range(len(rule.columns))]


def keyed_rows(rule: Unique | Reference, frame: Frame, *others: str) -> nw.LazyFrame[Any]:
    """The rows of a rule's level: its key by `key_names`, the window, other columns.

    Raises `UnreachableError`.
    """
    keys = key_names(rule)
    names = [each for each in others if each not in keys]
    if not rule.paths:
        if absent := [name for name in rule.columns if name not in frame.schema]:
            raise UnreachableError(f"{', '.join(absent)} is missing in the data")
        pairs = zip(rule.columns, keys, strict=True)
        return frame.select(*(nw.col(name).alias(key) for name, key in pairs), *names)
    places = [place_of(str(path), path, frame) for path in rule.paths]
    rows = frame if rule.level is None else level_of(frame, rule.level, names or None)
    values = [each.value.alias(key) for each, key in zip(places, keys, strict=True)]
    return rows.select(*values, *(name for name in names if name in rows.schema))
