"""Running a product without a run of Dagster: `mesh run`.

The domain's sensor tells the instance afterwards what was published, so consumers pull it like
anything else. Only rows that come from an asset need Dagster, to load it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.snapshot import Attempt
from mesh_dagster.model.wiring import TransformKind
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.products.making.transform import Transform


def run(
    mesh: Mesh,
    loaded: LoadedProduct,
    partitions: Sequence[str] | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> Attempt:
    """Make, audit and publish a product, whatever its rows are made by.

    Raises what `materialize` raises; what breaks the contract is an outcome in the attempt.
    """
    return materialize(
        mesh, loaded, partitions=partitions, transform=_transform(mesh, loaded), log=log
    )


def _transform(mesh: Mesh, loaded: LoadedProduct) -> Transform | None:
    match loaded.wiring.transform.kind:
        case TransformKind.DBT:
            from mesh_dagster.dbt.transform import dbt_transform

            return dbt_transform(mesh, loaded)
        case TransformKind.ASSET:
            return _of_asset(loaded)
    return None


def _of_asset(loaded: LoadedProduct) -> Transform:
    """The asset as it was last materialized, on the instance of DAGSTER_HOME."""
    import dagster as dg

    from mesh_dagster.orchestrate.domain import domain_definitions
    from mesh_dagster.orchestrate.work import load_rows

    def transform(_: Any, window: Any) -> Any:
        defs = domain_definitions(loaded.domain.folder / "definitions.py")
        repository = defs.get_repository_def()
        key = dg.AssetKey(loaded.wiring.transform.name.split("/"))
        with (
            dg.DagsterInstance.get() as instance,
            repository.get_asset_value_loader(instance=instance) as values,
        ):
            return load_rows(repository.asset_graph, key, window, values.load_asset_value)

    return transform
