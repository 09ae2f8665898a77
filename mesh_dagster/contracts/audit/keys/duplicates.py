"""How many rows lie beyond the first of each key, by partition and over the whole port."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.audit.data.frame import FAILED, WINDOW, Frame, stream, summed, together
from mesh_dagster.contracts.audit.keys.keyed import key_names, keyed_rows
from mesh_dagster.contracts.audit.keys.repeats import repeats
from mesh_dagster.contracts.rules.kinds import Unique

_ROWS = "__mesh_rows"
_FIRST = "__mesh_first"
_KNOWN = "__mesh_known"


def duplicates(rule: Unique, frame: Frame, published: Any | None) -> pl.DataFrame:
    """Rows beyond the first of each key, by window: columns WINDOW (if cut) and FAILED.

    A window that is absent has none. Where the key runs over the whole port, of the rows that
    share one the first is the published one, else that of the earliest partition.
    """
    keys = key_names(rule)
    windows = [] if frame.window is None else [WINDOW]
    rows, known = keyed_rows(rule, frame), None
    if rule.whole_port and published is not None:
        others = replace(frame, partitioning=None).with_rows(nw.from_native(published).lazy())
        rows, known = together(rows, keyed_rows(rule, others))
        known = known.drop_nulls().unique()
    native = rows.to_native()
    if isinstance(native, pl.LazyFrame):
        if known is not None and not _share_a_key(native, known.to_native(), keys):
            known = None
        if known is None:
            total, native = repeats(native, keys)
            if total == 0 or not windows:
                return pl.DataFrame({FAILED: [total]}) if not windows else pl.DataFrame()
            rows = nw.from_native(native)
    counted = rows.drop_nulls(keys).group_by(*keys, *windows).agg(nw.len().alias(_ROWS))
    across = bool(windows) and rule.whole_port
    return summed(_beyond_first(counted, keys, windows, known, across=across), windows)


def _beyond_first(
    counted: nw.LazyFrame[Any],
    keys: list[str],
    windows: list[str],
    known: nw.LazyFrame[Any] | None,
    *,
    across: bool,
) -> nw.LazyFrame[Any]:
    """From rows counted by key and window: those beyond the first, of each key and window."""
    first = nw.lit(1)
    if across:
        earliest = counted.group_by(*keys).agg(nw.col(WINDOW).min().alias(_FIRST))
        counted = counted.join(earliest, on=keys, how="inner")
        first = nw.when(nw.col(WINDOW) == nw.col(_FIRST)).then(nw.lit(1)).otherwise(nw.lit(0))
    if known is not None:
        marked = known.with_columns(nw.lit(1).alias(_KNOWN))
        counted = counted.join(marked, on=keys, how="left")
        first = nw.when(nw.col(_KNOWN).is_null()).then(first).otherwise(nw.lit(0))
    beyond = counted.select(*windows, (nw.col(_ROWS).cast(nw.Int64) - first).alias(FAILED))
    return beyond.filter(nw.col(FAILED) > 0)


def _share_a_key(rows: pl.LazyFrame, known: pl.LazyFrame, keys: list[str]) -> bool:
    shared = rows.select(keys).join(known, on=keys, how="semi")
    return not stream(shared.head(1)).is_empty()
