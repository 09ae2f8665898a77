"""A data product as Dagster's assets: one step that stages, audits and publishes all its ports.

There is no I/O manager: what a port holds is written and read by the mesh, gated. The step logs
a materialization for every partition that was *published* and for no other, so to Dagster a
quarantined partition has never been made, and nothing downstream of it is asked for.
"""

# Annotations are objects here: Dagster compares that of a step's context, and knows no text.
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.product import OutputPort
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.orchestrate import labels
from mesh_dagster.orchestrate.automation import pull_condition
from mesh_dagster.orchestrate.checks import check_specs
from mesh_dagster.orchestrate.partitions import partition_set
from mesh_dagster.orchestrate.policies import policy_specs
from mesh_dagster.orchestrate.scores import score_metadata
from mesh_dagster.orchestrate.service_levels import freshness_policy, slo_specs
from mesh_dagster.orchestrate.step import run_step
from mesh_dagster.orchestrate.upstreams import Upstreams
from mesh_dagster.orchestrate.work import Work
from mesh_dagster.products.mesh import Mesh

GetAssetSpec = Callable[[LoadedProduct, OutputPort], dg.AssetSpec]


def asset_spec(loaded: LoadedProduct, output: OutputPort) -> dg.AssetSpec:
    """What Dagster shows of an output port; everything in it comes from the product's files."""
    contract = loaded.contracts[output.address.port or ""]
    return dg.AssetSpec(
        key=dg.AssetKey(output.address.parts),
        description=labels.description(loaded.product, output.description),
        metadata=labels.metadata(output.address, contract) | labels.references(loaded, contract),
        # The graph names a node by the last part of its key, the version: its box says the product.
        group_name=loaded.product.address.product,
        owners=labels.owners(loaded.product, loaded.domain.team),
        tags=labels.tags(loaded.product),
        kinds=labels.kinds(loaded),
        freshness_policy=freshness_policy(loaded, output.address.port or ""),
        # A run over several partitions publishes some and quarantines others.
        skippable=True,
    )


def product_assets(
    mesh: Mesh,
    loaded: LoadedProduct,
    upstreams: Upstreams,
    *,
    get_asset_spec: GetAssetSpec = asset_spec,
    work: Work | None = None,
    score: ScoreTold | None = None,
) -> dg.AssetsDefinition:
    """The assets of a product: its output ports, with a check for every rule.

    `score` is what its domain tells that it scores.
    """
    partitions = partition_set(loaded.wiring.partitioning)
    reads = [*upstreams.deps(loaded).values(), *(work.reads if work else ())]
    shown = [*(work.shows if work else ()), *upstreams.references(loaded).values()]
    wired = {
        "deps": [*reads, *shown],
        "automation_condition": pull_condition(
            loaded, reads, upstreams.whole(loaded), alone=not shown
        ),
        "partitions_def": partitions,
    }
    made = work.made if work else ()
    specs = [
        *(
            _wired(get_asset_spec(loaded, output), wired).merge_attributes(
                metadata=score_metadata(score)
            )
            for output in loaded.product.outputs
        ),
        *(each.replace_attributes(partitions_def=partitions) for each in made),
    ]

    @dg.multi_asset(
        name=labels.name(loaded.product.address.path),
        specs=specs,
        check_specs=[
            *check_specs(loaded),
            *slo_specs(loaded),
            *policy_specs(mesh, loaded),
            *(work.tests if work else ()),
        ],
        # Without it the checks cannot be run alone, against what is published.
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def step(context: dg.AssetExecutionContext) -> Iterator[Any]:
        yield from run_step(context, mesh, loaded, work)

    return step


def _wired(spec: dg.AssetSpec, wired: dict[str, Any]) -> dg.AssetSpec:
    """What holds for every port, whatever a subclass of the component says of the rest."""
    return spec.replace_attributes(**wired)
