"""What policies have against the products of a checkout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.policies.judge import Judgement


def judgements(
    mesh: Mesh, products: Sequence[LoadedProduct], moment: Moment = Moment.BUILD
) -> Iterator[Judgement]:
    """Everything that policies have against products, those that are let off and drafts included.

    At `Moment.LOAD` only what the products themselves say is looked at.
    """
    governed = {name: mesh.governed(name) for name in {_domain(each) for each in products}}
    if not any(each is not None and each.asks_at(moment) for each in governed.values()):
        return
    from mesh_dagster.policies.judge import judge
    from mesh_dagster.products.governing.views import Views

    views = Views(mesh, moment, products, whole=moment is not Moment.LOAD)
    for loaded in products:
        rules = governed[_domain(loaded)]
        if rules is not None:
            yield from judge(rules, views.view(loaded))


def policy_findings(mesh: Mesh, products: Sequence[LoadedProduct]) -> Iterator[Finding]:
    """What stands against products, as `mesh check` tells it."""
    yield from (each.finding for each in judgements(mesh, products) if each.stands)


def settings_findings(mesh: Mesh) -> tuple[Finding, ...]:
    """What is wrong with the files that say which policies hold and who is let off them.

    A waiver of the mesh's is told once, however many domains there are.
    """
    today = clock.now().date()
    names = mesh.domain_names or ("",)
    found = (mesh.governed(name) for name in names)
    told = (finding for each in found if each is not None for finding in each.told(today))
    return tuple(dict.fromkeys(told))


def _domain(loaded: LoadedProduct) -> str:
    return loaded.product.address.domain
