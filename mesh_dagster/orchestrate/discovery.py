"""Keeping a domain's discovery document up to date while its location is loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.slo import Standing
from mesh_dagster.orchestrate.scores import observe_scores
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.products.telling.describe import Telling

_NOTED_EVERY = timedelta(days=1)
"""How often it is noted which policies fire, beside each load."""

Teller = Callable[[dg.DagsterInstance, logging.Logger, Iterable[Standing]], None]


def teller(mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]) -> Teller:
    """What a sensor calls with how its domain's service levels stand.

    The first call after a load describes every product, later ones what has changed since. A
    registry or a journal that refuses is told in the log, and asked again the next time. What a
    product scores now is observed in Dagster, where it is news. Which policies fire is noted.
    """
    made: list[Telling] = []
    noted: list[datetime] = []
    ports = {each.product.address.path: each.product.outputs[0].address.path for each in products}

    def tell(
        instance: dg.DagsterInstance, log: logging.Logger, standings: Iterable[Standing]
    ) -> None:
        from mesh_dagster.products.governing.ledger import note_domain
        from mesh_dagster.products.telling.describe import Telling

        if not made:
            made.append(Telling(mesh, domain, products))
        try:
            made[0].refresh(standings)
            if not noted or clock.wall() - noted[-1] >= _NOTED_EVERY:
                note_domain(mesh, domain.name, products)
                noted[:] = [clock.wall()]
        except MeshError as error:
            log.warning(f"the mesh is not told: {error}")
        observe_scores(instance, made[0].scores, ports)

    return tell
