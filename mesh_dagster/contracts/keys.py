"""How many rows lie beyond the first of each key: exactly, and as cheaply as can be had.

Nearly every audit finds none, so on Polars a key is first shown to be unique by a proof that
costs a fraction of counting, and is counted only where no proof was found:

- keys that only rise from row to row repeat nothing: a comparison of neighbours, in the stream;
- equal keys have equal hashes: when no hash repeats, no key does, and when some do, only the
  rows with those hashes need counting. A table of hashes is smaller than one of texts.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from mesh_dagster.contracts.frame import FAILED, WINDOW, Frame, stream, summed, together
from mesh_dagster.contracts.kinds import Unique

_ROWS = "__mesh_rows"
_FIRST = "__mesh_first"
_HASH = "__mesh_hash"
_KNOWN = "__mesh_known"
_GLANCE = 10_000


def duplicates(rule: Unique, frame: Frame, published: Any | None) -> pl.DataFrame:
    """Rows beyond the first of each key, by window: columns WINDOW (if cut) and FAILED.

    A window that is absent has none. Where the key runs over the whole port, of the rows that
    share one the first is the published one, else that of the earliest partition.
    """
    keys = list(rule.columns)
    rows = frame.select(*keys).drop_nulls(keys)
    known = None
    if rule.whole_port and published is not None:
        rows, known = together(rows, nw.from_native(published).lazy().select(*keys))
    repeating = _repeating(rows, known, keys)
    if repeating is None:
        return pl.DataFrame(schema={WINDOW: pl.Date(), FAILED: pl.Int64()})
    windows = [] if frame.window is None else [WINDOW]
    counted = repeating.group_by(*keys, *windows).agg(nw.len().alias(_ROWS))
    first = nw.lit(1)
    if windows and rule.whole_port:
        earliest = counted.group_by(*keys).agg(nw.col(WINDOW).min().alias(_FIRST))
        counted = counted.join(earliest, on=keys, how="inner")
        first = nw.when(nw.col(WINDOW) == nw.col(_FIRST)).then(nw.lit(1)).otherwise(nw.lit(0))
    if known is not None:
        marked = known.drop_nulls().unique().with_columns(nw.lit(1).alias(_KNOWN))
        counted = counted.join(marked, on=keys, how="left")
        first = nw.when(nw.col(_KNOWN).is_null()).then(first).otherwise(nw.lit(0))
    beyond = counted.select(*windows, (nw.col(_ROWS) - first).alias(FAILED))
    return summed(beyond.filter(nw.col(FAILED) > 0), windows)


def _repeating(
    rows: nw.LazyFrame[Any], known: nw.LazyFrame[Any] | None, keys: list[str]
) -> nw.LazyFrame[Any] | None:
    """Rows among which are all that repeat a key; None when it is proven that none does."""
    native = rows.to_native()
    if not isinstance(native, pl.LazyFrame):
        return rows
    if known is not None and _share_a_key(native, known.to_native(), keys):
        return rows
    types = [native.collect_schema()[key] for key in keys]
    if len(keys) == 1:
        if _rises(native, keys[0]):
            return None
        if types[0] not in (pl.String, pl.Binary):
            return rows if _repeats(native, keys[0]) else None
    if any(dtype.is_nested() for dtype in types):
        return rows
    return _of_repeated_hashes(native, keys)


def _rises(rows: pl.LazyFrame, key: str) -> bool:
    """Whether each key is greater than the one before; a glance at the first rows says mostly."""
    rising = (pl.col(key) > pl.col(key).shift(1)).all()
    glance = stream(rows.select(key).head(_GLANCE).select(rising)).item()
    return bool(glance and stream(rows.select(rising)).item())


def _repeats(rows: pl.LazyFrame, key: str) -> bool:
    count, distinct = stream(rows.select(pl.len(), pl.col(key).n_unique())).row(0)
    return bool(count != distinct)


def _of_repeated_hashes(rows: pl.LazyFrame, keys: list[str]) -> nw.LazyFrame[Any] | None:
    key = pl.struct(keys) if len(keys) > 1 else pl.col(keys[0])
    hashed = rows.with_columns(key.hash().alias(_HASH))
    counts = hashed.group_by(_HASH).agg(pl.len().alias(_ROWS))
    repeated = stream(counts.filter(pl.col(_ROWS) > 1).select(_HASH))
    if repeated.is_empty():
        return None
    return nw.from_native(hashed.join(repeated.lazy(), on=_HASH, how="semi").drop(_HASH))


def _share_a_key(rows: pl.LazyFrame, known: pl.LazyFrame, keys: list[str]) -> bool:
    shared = rows.select(keys).join(known, on=keys, how="semi")
    return not stream(shared.head(1)).is_empty()
