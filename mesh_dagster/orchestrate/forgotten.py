"""Checks that Dagster takes for not evaluated, because what was published outside its runs was
materialized without them."""

from __future__ import annotations

import dagster as dg

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.orchestrate.check_records import forgotten, report
from mesh_dagster.orchestrate.checks import asset_key, check_specs
from mesh_dagster.orchestrate.review_checks import evaluations
from mesh_dagster.orchestrate.service_levels import slo_evaluations, slo_specs
from mesh_dagster.products.mesh import Mesh


def tell_again(
    instance: dg.DagsterInstance, mesh: Mesh, loaded: LoadedProduct, location: str | None
) -> int:
    """Tell of each check of a product what holds now, where Dagster has forgotten it.

    How many they were: none where a run of this instance told them with what it published. What
    cannot be measured yet is not told. Raises `MeshError`.
    """
    lost = forgotten(instance, [each.key for each in (*check_specs(loaded), *slo_specs(loaded))])
    if not lost:
        return 0
    ports = {asset_key(loaded, port): port for port in loaded.contracts}
    rules = {(ports[each.asset_key], each.name) for each in lost}
    told = report(instance, evaluations(mesh, loaded, rules, location))
    return told + report(instance, slo_evaluations(mesh, loaded, lost))
