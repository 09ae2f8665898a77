"""Products that are over: shown, so that the lineage of what read them stays whole; never made."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.life import life_of
from mesh_dagster.model.product import Stage
from mesh_dagster.orchestrate.assets import GetAssetSpec
from mesh_dagster.orchestrate.partitions import partition_set


def apart(
    products: Sequence[LoadedProduct],
) -> tuple[list[LoadedProduct], list[LoadedProduct]]:
    """The products that are made, and those that are retired."""
    over = [each for each in products if life_of(each.product) is Stage.RETIRED]
    return [each for each in products if each not in over] if over else list(products), over


def retired_assets(
    products: Sequence[LoadedProduct], get_asset_spec: GetAssetSpec
) -> list[dg.AssetSpec]:
    """Their output ports as external assets: no job, schedule, check or condition is of them."""
    return [
        get_asset_spec(loaded, output).replace_attributes(
            partitions_def=partition_set(loaded.wiring.partitioning),
            freshness_policy=None,
            skippable=False,
        )
        for loaded in products
        for output in loaded.product.outputs
    ]
