"""Products as policies see them, with the mesh around made once for all of them.

What has to be asked of storage is asked when a policy wants it, and nobody is stopped by storage
that cannot be asked: the policy is told that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import TypeVar

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import About, ObservedRead
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.ownership import people
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.around import MeshView
from mesh_dagster.policies.view import Asked, View
from mesh_dagster.products.governing.proven import stages_on_record
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.described import Described

_Found = TypeVar("_Found")


class Views:
    """Makes the views of products for a moment.

    At `Moment.LOAD` the mesh around is the domain's own products, so that no storage is asked;
    at others it is all that this checkout and the documents of other domains tell.
    """

    def __init__(
        self, mesh: Mesh, moment: Moment, loaded: Iterable[LoadedProduct], *, whole: bool = True
    ) -> None:
        self._mesh = mesh
        self._moment = moment
        self._own = {each.product.address: Described.of(each) for each in loaded}
        self._abouts = {each.name: About.of(each) for each in mesh.domains}
        self._now = clock.now()
        self._on_record = cache(lambda domain: _known(lambda: stages_on_record(mesh, domain)))
        self.around = (
            self._around()
            if whole
            else MeshView.of(self._own.values(), self._abouts.values(), complete=False)
        )

    def view(self, loaded: LoadedProduct) -> View:
        """One of the products."""
        product = loaded.product.address
        told = cache(lambda: self._told(product))
        return View(
            described=self._own[product],
            domain=self._abouts.get(product.domain) or About.of(loaded.domain),
            mesh=self.around,
            moment=self._moment,
            people=tuple(people(loaded)),
            wiring=loaded.wiring,
            now=self._now,
            find_before=told if self.around.complete else _nobody_knows,
            find_reads=(lambda: _reads(told())) if self.around.complete else _nobody_knows,
            find_proven=partial(self._proven, product) if self.around.complete else _nobody_knows,
        )

    def asked(self, described: Described, asked: Asked) -> View:
        """A product that somebody asks to read, of whatever domain."""
        name = described.domain
        return View(
            described=described,
            domain=self.around.about(name) or About(name),
            mesh=self.around,
            moment=Moment.ACCESS,
            people=described.product.members,
            asked=asked,
            now=self._now,
        )

    def _around(self) -> MeshView:
        return MeshView(self._every, self._about, self._find)

    def _every(self) -> Sequence[Described]:
        """All products: those in hand, others of this checkout, and those that documents tell."""
        others = [each for each in self._mesh.own() if each.address not in self._own]
        read = [_known(partial(self._mesh.described, each.address)) for each in others]
        elsewhere = _known(lambda: self._mesh.elsewhere) or ()
        return [*self._own.values(), *(each for each in read if each is not None), *elsewhere]

    def _find(self, address: Address) -> Described | None:
        if address in self._own:
            return self._own[address]
        found = _known(lambda: self._mesh.resolve(address).of_product)
        if found is None:
            return None
        return self._own.get(found) or _known(lambda: self._mesh.described(found))

    def _about(self, domain: str) -> About | None:
        if domain in self._abouts:
            return self._abouts[domain]
        return self._mesh.about(domain)

    def _proven(self, product: Address) -> frozenset[Stage] | None:
        known = self._on_record(product.domain)
        return None if known is None else known.get(product.path, frozenset())

    def _told(self, product: Address) -> Described | None:
        return _known(lambda: self._mesh.told(product))


def _reads(told: Described | None) -> Sequence[ObservedRead] | None:
    """What the newest attempt read, of a product that has published."""
    return told.facts.reads if told is not None and told.facts.publications else None


def _known(ask: Callable[[], _Found]) -> _Found | None:
    with suppress(MeshError):
        return ask()
    return None


def _nobody_knows() -> None:
    return None
