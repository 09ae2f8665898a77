"""The mesh around a product, as a policy sees it: who reads whom, how deep, from which region.

Made once for all products that are judged together; each part of it is found when it is first
asked for. Documents of other domains are in it: what they say may be wrong, and never endless.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Property
from mesh_dagster.model.discovery import About
from mesh_dagster.model.product import SERVED
from mesh_dagster.registry.described import Described

REGION = "region"
"""The custom property that says where a product's data belongs; else its domain's holds."""


@dataclass(frozen=True, slots=True)
class EntityUse:
    """A column that holds keys of an entity (customProperty `entity`)."""

    entity: str
    port: Address
    column: Property


class MeshView:
    """All other products. Raises nothing: what cannot be found is not there.

    `complete` says whether `products` are those of the whole mesh: at `Moment.LOAD` only the
    domain's own are known, so what is not found may well exist.
    """

    def __init__(
        self,
        every: Callable[[], Iterable[Described]],
        about: Callable[[str], About | None],
        find: Callable[[Address], Described | None] | None = None,
        *,
        complete: bool = True,
    ) -> None:
        self._every = every
        self._about = about
        self._find = find or self._among_all
        self._found: dict[Address, Described | None] = {}
        self._depths: dict[Address, int] = {}
        self._abouts: dict[str, About | None] = {}
        self.complete = complete

    @classmethod
    def of(
        cls, products: Iterable[Described], domains: Iterable[About] = (), *, complete: bool = True
    ) -> MeshView:
        """A mesh of these products and domains."""
        every = tuple(products)
        return cls(lambda: every, {each.name: each for each in domains}.get, complete=complete)

    @cached_property
    def products(self) -> tuple[Described, ...]:
        """Every product that is known, by address."""
        return tuple(sorted(self._every(), key=lambda each: each.product.address))

    def find(self, address: Address) -> Described | None:
        """The product of an address, of a port too; without a major its newest active one."""
        product = address.of_product
        if product not in self._found:
            self._found[product] = self._find(product)
        return self._found[product]

    def about(self, domain: str) -> About | None:
        """What a domain tells of itself."""
        if domain not in self._abouts:
            self._abouts[domain] = self._about(domain)
        return self._abouts[domain]

    def region(self, described: Described) -> str | None:
        """Where a product's data belongs: as it says, else as its domain does."""
        own = kept_value(described.product.rest, REGION)
        if isinstance(own, str) and own.strip():
            return own.strip().lower()
        about = self.about(described.domain)
        return about.region.strip().lower() if about and about.region else None

    def readers(self, product: Address) -> tuple[Address, ...]:
        """The products that declare an input port on one of a product's ports, by address."""
        newest = self._newest.get((product.domain, product.product))
        named = self._readers.get(product, ())
        loose = self._readers.get(Address(product.domain, product.product), ())
        follow = loose if newest is None or newest.product.address == product else ()
        return tuple(sorted({*named, *follow} - {product}))

    def upstream(self, described: Described) -> tuple[Described, ...]:
        """The products that one reads itself, of those that are known, each once."""
        found = (self.find(each) for each in described.product.upstreams)
        known = {each.product.address: each for each in found if each is not None}
        known.pop(described.product.address, None)
        return tuple(known.values())

    def lineage(self, described: Described) -> tuple[Described, ...]:
        """Every product that its data comes from, the nearest first."""
        seen = {described.product.address: described}
        waiting = [described]
        for each in waiting:
            for above in self.upstream(each):
                if above.product.address not in seen:
                    seen[above.product.address] = above
                    waiting.append(above)
        return tuple(waiting[1:])

    def depth(self, described: Described) -> int:
        """How many products lie one above the other over it, on the longest way.

        0: it reads no product. A circle counts each of its products once.
        """
        left: list[tuple[Described, Iterator[Described]]] = []
        going: set[Address] = set()
        self._enter(described, left, going)
        while left:
            product, above = left[-1]
            address = product.product.address
            following = next(above, None)
            if following is not None:
                if following.product.address not in going:
                    self._enter(following, left, going)
                continue
            left.pop()
            going.discard(address)
            depths = (
                self._depths.get(each.product.address, 0) + 1 for each in self.upstream(product)
            )
            self._depths.setdefault(address, max(depths, default=0))
        return self._depths[described.product.address]

    def _enter(
        self,
        described: Described,
        left: list[tuple[Described, Iterator[Described]]],
        going: set[Address],
    ) -> None:
        address = described.product.address
        if address not in self._depths:
            going.add(address)
            left.append((described, iter(self.upstream(described))))

    @cached_property
    def entities(self) -> Mapping[str, tuple[EntityUse, ...]]:
        """The columns that hold keys of an entity, by its name in lower case."""
        found = defaultdict[str, list[EntityUse]](list)
        for each in self.products:
            for port, contract in each.contracts.items():
                for table in contract.schema[:1]:
                    for column in table.properties:
                        if column.entity and column.entity.strip():
                            name = column.entity.strip().lower()
                            address = each.product.address.with_port(port or None)
                            found[name].append(EntityUse(name, address, column))
        return {name: tuple(uses) for name, uses in found.items()}

    @cached_property
    def _by_address(self) -> Mapping[Address, Described]:
        return {each.product.address: each for each in self.products}

    @cached_property
    def _newest(self) -> Mapping[tuple[str, str], Described]:
        """The newest active major of each product, or else the newest deprecated one."""
        found = {}
        for status in reversed(SERVED):
            for each in self.products:
                if each.product.status is status:
                    found[each.domain, each.product.address.product] = each
        return found

    @cached_property
    def _readers(self) -> Mapping[Address, set[Address]]:
        found = defaultdict[Address, set[Address]](set)
        for each in self.products:
            for upstream in each.product.upstreams:
                found[upstream].add(each.product.address)
        return found

    def _among_all(self, product: Address) -> Described | None:
        if product.major is None:
            return self._newest.get((product.domain, product.product))
        return self._by_address.get(product)
