"""What happens when a run of Dagster reaches a product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg

from mesh_dagster.errors import MeshError, StorageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.snapshot import Attempt, Outcome
from mesh_dagster.orchestrate.checks import NO_LINKS, Links, check_results
from mesh_dagster.orchestrate.events import materializations, told
from mesh_dagster.orchestrate.lineage import parent_of
from mesh_dagster.orchestrate.partitions import partitions_of
from mesh_dagster.orchestrate.policies import policy_checks
from mesh_dagster.orchestrate.service_levels import slo_results
from mesh_dagster.orchestrate.work import Work
from mesh_dagster.products.mesh import Mesh


def run_step(
    context: dg.AssetExecutionContext, mesh: Mesh, loaded: LoadedProduct, work: Work | None
) -> Iterator[dg.AssetCheckResult]:
    """Make the selected partitions, or only audit what is published when no asset is selected.

    Raises `dagster.Failure`, after everything is reported, when a partition was quarantined.
    """
    if not context.selected_asset_keys:
        yield from _audit_only(context, mesh, loaded)
        yield from _service_levels(context, mesh, loaded)
        yield from policy_checks(context, mesh, loaded, None)
        return
    try:
        attempt = _attempt(context, mesh, loaded, work)
    except MeshError as error:
        raise _failure(error) from error
    for event in materializations(loaded, attempt, _columns(context, mesh, loaded)):
        context.log_event(event)
    results = [result for decision in attempt.decisions for result in decision.results]
    selected = set(context.selected_asset_check_keys)
    yield from check_results(loaded, results, selected, _links(context, mesh, loaded, results))
    yield from _service_levels(context, mesh, loaded)
    yield from policy_checks(context, mesh, loaded, results)
    _tell(context, loaded, attempt)


def _service_levels(
    context: dg.AssetExecutionContext, mesh: Mesh, loaded: LoadedProduct
) -> Iterator[dg.AssetCheckResult]:
    """How the product stands after this run. What cannot be measured now the sensor tells later."""
    try:
        yield from slo_results(mesh, loaded, set(context.selected_asset_check_keys))
    except MeshError as error:
        context.log.warning(str(error))


def _attempt(
    context: dg.AssetExecutionContext, mesh: Mesh, loaded: LoadedProduct, work: Work | None
) -> Attempt:
    from mesh_dagster.products.making.materialize import materialize

    return materialize(
        mesh,
        loaded,
        partitions=partitions_of(context) if loaded.wiring.partitioning else None,
        transform=work.transform(context) if work else None,
        run_id=context.run.run_id,
        parent=parent_of(context.instance, context.run.run_id),
        log=context.log.info,
    )


def _columns(
    context: dg.AssetExecutionContext, mesh: Mesh, loaded: LoadedProduct
) -> Mapping[str, ColumnLineage]:
    """What the columns of each port are made of; that it cannot be asked changes nothing else."""
    address = loaded.product.address
    try:
        with mesh.journal(address.domain) as journal:
            return journal.columns(address.path)
    except MeshError as error:
        context.log.warning(str(error))
        return {}


def _audit_only(
    context: dg.AssetExecutionContext, mesh: Mesh, loaded: LoadedProduct
) -> Iterator[dg.AssetCheckResult]:
    from mesh_dagster.products.auditing.audit import audit_published

    try:
        results = list(audit_published(mesh, loaded))
    except MeshError as error:
        raise _failure(error) from error
    selected = set(context.selected_asset_check_keys)
    yield from check_results(loaded, results, selected, _links(context, mesh, loaded, results))


def _links(
    context: dg.AssetExecutionContext, mesh: Mesh, loaded: LoadedProduct, results: list[RuleResult]
) -> Links:
    """Where its owner decides on what does not hold; nothing is asked where all holds."""
    if all(each.holds for each in results):
        return NO_LINKS
    from mesh_dagster.orchestrate.review_links import links_of

    origin = context.run.remote_job_origin
    location = origin.repository_origin.code_location_origin.location_name if origin else None
    return links_of(mesh, loaded, location)


def _tell(context: dg.AssetExecutionContext, loaded: LoadedProduct, attempt: Attempt) -> None:
    """Say what was not published: left alone for a newer attempt, or quarantined."""
    path = loaded.product.address.path
    if superseded := told(attempt, Outcome.SUPERSEDED):
        context.log.info(f"{path} · a newer attempt had published {superseded}; it was kept")
    quarantined = told(attempt, Outcome.QUARANTINED)
    if not quarantined:
        return
    blocking = {
        f"{result.rule}: {result.message}"
        for decision in attempt.decisions
        for result in decision.results
        if result.blocks
    }
    raise dg.Failure(
        f"{path} · quarantined, not published: {quarantined}\n"
        + "\n".join(f"  {line}" for line in sorted(blocking))
        + f"\n  look: mesh review --product {path}",
        metadata={"quarantined": quarantined, "attempt": attempt.id},
        allow_retries=False,
    )


def _failure(error: MeshError) -> dg.Failure:
    """Only storage gets better by itself; what the files say does not."""
    return dg.Failure(str(error), allow_retries=isinstance(error, StorageError))
