"""The definitions of products, one or a domain's, whoever found their folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings

from mesh_dagster.descriptors.product import load_product
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.wiring import TransformKind
from mesh_dagster.orchestrate.assets import GetAssetSpec, asset_spec, product_assets
from mesh_dagster.orchestrate.retired import apart, retired_assets
from mesh_dagster.orchestrate.schedules import schedules
from mesh_dagster.orchestrate.scores import told_scores
from mesh_dagster.orchestrate.upstreams import Upstreams
from mesh_dagster.orchestrate.work import Work, asset_work
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.published import refuse_broken


def one_product(folder: Path, get_asset_spec: GetAssetSpec) -> dg.Definitions:
    """The definitions of the product in a folder, for dg."""
    mesh = Mesh.open(folder)
    loaded = load_product(folder, masks=mesh.config.masks)
    refuse_broken(mesh, loaded)
    return product_definitions(mesh, [loaded], Upstreams(mesh, [loaded]), get_asset_spec)


@suppress_dagster_warnings
def product_definitions(
    mesh: Mesh,
    products: Sequence[LoadedProduct],
    upstreams: Upstreams,
    get_asset_spec: GetAssetSpec = asset_spec,
) -> dg.Definitions:
    """The assets, checks and schedules of some products of one domain; the retired are shown."""
    products, over = apart(products)
    made = _works(mesh, products, upstreams)
    scores = told_scores(mesh, products[0].domain.name) if products else {}
    found = dg.Definitions(
        assets=[
            product_assets(
                mesh,
                loaded,
                upstreams,
                get_asset_spec=get_asset_spec,
                work=work,
                score=scores.get(loaded.product.address.path),
            )
            for loaded, work in zip(products, made, strict=True)
        ],
        schedules=schedules(products),
    )
    if not over:
        return found
    return dg.Definitions.merge(found, dg.Definitions(assets=retired_assets(over, get_asset_spec)))


def _works(
    mesh: Mesh, products: Sequence[LoadedProduct], upstreams: Upstreams
) -> list[Work | None]:
    """The work of each product, None where its own file does it.

    A dbt model that two products are made of is an asset of the first only.
    """
    from_dbt = [each for each in products if each.wiring.transform.kind is TransformKind.DBT]
    by_folder: dict[Path, Work] = {}
    if from_dbt:
        from mesh_dagster.orchestrate.dbt import dbt_works

        by_folder = dbt_works(mesh, from_dbt, upstreams)
    return [
        asset_work(each)
        if each.wiring.transform.kind is TransformKind.ASSET
        else by_folder.get(each.folder)
        for each in products
    ]
