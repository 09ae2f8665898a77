"""Which rows are of which partition, for rules that look at one partition at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import narwhals as nw

from mesh_dagster.contracts.audit.data.frame import WINDOW, Frame, collected
from mesh_dagster.model.contract import names_others


def windows_by_key(frame: Frame) -> dict[str | None, list[Any]]:
    """The windows that hold rows, by the partition they belong to; in order."""
    if frame.window is None:
        return {}
    found = collected(frame.rows.select(frame.window.alias(WINDOW)).unique())
    by_key: dict[str | None, list[Any]] = defaultdict(list)
    for window in sorted(found[WINDOW].to_list()):
        by_key[frame.key_of(window)].append(window)
    return dict(by_key)


def of_windows(frame: Frame, windows: list[Any]) -> nw.LazyFrame[Any]:
    """The rows of these windows; of a partition that has none, no row."""
    if frame.window is None:
        return frame.rows
    if not windows:
        return frame.rows.head(0)
    # The range lets a reader of Parquet pass over the files of other partitions.
    between = frame.window.is_between(windows[0], windows[-1])
    return frame.rows.filter(between & frame.window.is_in(windows))


def own_columns(frame: Frame) -> tuple[str, ...]:
    """The columns of the data itself, without those that an audit has added."""
    added = {WINDOW, *frame.raw.values()}
    return tuple(name for name in frame.schema if name not in added and not names_others(name))
