"""What makes a product's rows where it is not the product's own file: dbt, or an asset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from mesh_dagster.model.domain import LoadedProduct

if TYPE_CHECKING:
    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

    from mesh_dagster.products.making.transform import Transform, Window


@dataclass(frozen=True, slots=True)
class Work:
    """`transform` gets the run, to tell Dagster what it makes on the way.

    `reads` are assets that the product waits for and wakes with, `shows` others it stands behind
    in the lineage. `made` are private assets that the product's own step makes, with `tests`.
    """

    transform: Callable[[dg.AssetExecutionContext], Transform]
    reads: Sequence[dg.AssetDep] = ()
    shows: Sequence[dg.AssetKey] = ()
    made: Sequence[dg.AssetSpec] = ()
    tests: Sequence[dg.AssetCheckSpec] = ()


def asset_work(loaded: LoadedProduct) -> Work:
    """The rows are an asset of the domain, as its I/O manager loads it."""
    key = dg.AssetKey(loaded.wiring.transform.name.split("/"))

    def transform(context: dg.AssetExecutionContext) -> Transform:
        def run(_: Any, window: Any) -> Any:
            graph = context.job_def.asset_layer.asset_graph
            return load_rows(graph, key, window, context.load_asset_value)

        return run

    return Work(transform=transform, reads=[dg.AssetDep(key)])


def load_rows(graph: AssetGraph, key: dg.AssetKey, window: Window, load: Callable[..., Any]) -> Any:
    """An asset's value for a window: of each of its partitions, where it has any."""
    partitioned = graph.get(key).partitions_def is not None
    if not (partitioned and window.keys):
        return load(key)
    return _together([load(key, partition_key=each) for each in window.keys])


def _together(values: Sequence[Any]) -> Any:
    """One frame of the frames of several partitions; paths are a list of paths."""
    if len(values) == 1:
        return values[0]
    if all(isinstance(value, str) or hasattr(value, "__fspath__") for value in values):
        return list(values)
    import narwhals as nw

    return nw.to_native(nw.concat([nw.from_native(value) for value in values]))
