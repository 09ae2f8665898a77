"""When the facts of staged data happened: the range of the event-time column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Staged
from mesh_dagster.ports.stage import scan_staged
from mesh_dagster.ports.windows import key_of, start_expression
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    import polars as pl

Range = tuple[datetime | None, datetime | None]


def event_ranges(
    mesh: Mesh,
    loaded: LoadedProduct,
    staged: Mapping[str, Staged],
    partitions: Sequence[str | None],
) -> dict[str | None, Range]:
    """Oldest and newest event time of the first port, by partition; None where it has none."""
    nothing: Range = (None, None)
    ranges = dict.fromkeys(partitions, nothing)
    column = loaded.contracts[""].table.event_time
    if column is None:
        return ranges
    partitioning = loaded.wiring.partitioning
    frame = scan_staged(mesh.storage, loaded.product.address, staged[""])
    if column in frame.collect_schema():
        for start, low, high in _bounds(loaded, frame, column).iter_rows():
            key = key_of(partitioning, start) if partitioning else None
            ranges[key] = (_moment(low), _moment(high))
    return ranges


def _bounds(loaded: LoadedProduct, frame: pl.LazyFrame, column: str) -> pl.DataFrame:
    import polars as pl

    bounds = (pl.col(column).min().alias("low"), pl.col(column).max().alias("high"))
    partitioning = loaded.wiring.partitioning
    if partitioning is None:
        return frame.select(pl.lit(None).alias("start"), *bounds).collect(engine="streaming")
    start = start_expression(partitioning, frame.collect_schema()).alias("start")
    return frame.group_by(start).agg(*bounds).collect(engine="streaming")


def _moment(value: object) -> datetime | None:
    match value:
        case datetime():
            return clock.in_utc(value)
        case date():
            return datetime.combine(value, time(), UTC)
    return None
