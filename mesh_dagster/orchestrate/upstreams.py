"""A domain's input ports as Dagster sees them: external assets of other domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.partition import Partitioning
from mesh_dagster.orchestrate import labels
from mesh_dagster.orchestrate.partitions import mapping, partition_set
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.described import Described


class Upstreams:
    """What the products of one domain read, each looked up once.

    An upstream that nothing is known of yet, or whose files cannot be read, keeps no consumer
    from loading (design rule 5): it is shown without partitions and has never been published.
    """

    def __init__(self, mesh: Mesh, products: Sequence[LoadedProduct]) -> None:
        self._mesh = mesh
        self._own = {loaded.product.address: loaded.wiring.partitioning for loaded in products}
        self._found: dict[Address, Described | None] = {}

    def inputs(self, loaded: LoadedProduct) -> dict[str, Address]:
        """The addresses that a product reads, by the names of its input ports."""
        return {
            port.name: self._resolved(port.address)
            for port in loaded.product.inputs
            if port.address is not None
        }

    def deps(self, loaded: LoadedProduct) -> dict[str, dg.AssetDep]:
        """The same as dependencies, with which partitions of it one of ours reads."""
        own, windows = loaded.wiring.partitioning, loaded.wiring.windows
        found = {}
        for port, address in self.inputs(loaded).items():
            both = own is not None and self.partitioning(address) is not None
            how = mapping(windows.get(port, (0, 0))) if both else None
            found[port] = dg.AssetDep(dg.AssetKey(address.parts), partition_mapping=how)
        return found

    def references(self, loaded: LoadedProduct) -> dict[Address, dg.AssetDep]:
        """Other domains' ports that a product's contracts refer to and that it does not read.

        Its audits compare keys with what they have published: they are behind it in the lineage,
        and nothing waits for them. Two products may well refer to each other, and one circle in
        the graph would stop the automation of every location: what leads back is left out.
        """
        own, read = loaded.product.address, set(self.inputs(loaded).values())
        wanted = {each for each in _targets(loaded.contracts) if each.domain != own.domain}
        return {
            each: self._reference(each)
            for each in sorted(wanted - read)
            if self.described(each) is not None and not self._leads_to(own, each)
        }

    def whole(self, loaded: LoadedProduct) -> list[dg.AssetKey]:
        """The inputs of a product that have no partitions."""
        addresses = self.inputs(loaded).values()
        return [dg.AssetKey(each.parts) for each in addresses if self.partitioning(each) is None]

    def partitioning(self, address: Address) -> Partitioning | None:
        if address.of_product in self._own:
            return self._own[address.of_product]
        found = self.described(address)
        return found.partitioning if found else None

    def described(self, address: Address) -> Described | None:
        """What is known of an upstream; None if nothing is."""
        product = address.of_product
        if product not in self._found:
            try:
                self._found[product] = self._mesh.described(product)
            except MeshError:
                self._found[product] = None
        return self._found[product]

    def spec(self, address: Address) -> dg.AssetSpec:
        """The port of another domain: shown, waited for, and not made here.

        Its partitions have to be those of its own location, or what is published of it cannot be
        told to Dagster partition by partition.
        """
        found = self.described(address)
        contract = found.contracts.get(address.port or "") if found else None
        unknown = f"{address} is not known to the mesh yet."
        return dg.AssetSpec(
            key=dg.AssetKey(address.parts),
            group_name=f"{address.domain}_{address.product}",
            description=labels.description(found.product, None) if found else unknown,
            owners=labels.owners(found.product) if found else None,
            tags=labels.tags(found.product) if found else labels.PUBLIC,
            kinds={"iceberg"},
            metadata=labels.metadata(address, contract),
            partitions_def=partition_set(self.partitioning(address)),
        )

    def _reference(self, address: Address) -> dg.AssetDep:
        """An audit compares with all that is published, whatever partition it is of."""
        how = dg.AllPartitionMapping() if self.partitioning(address) else None
        return dg.AssetDep(dg.AssetKey(address.parts), partition_mapping=how)

    def _leads_to(self, own: Address, address: Address) -> bool:
        """Whether a port comes, over whatever is read or referred to, from a product of ours."""
        seen: set[Address] = set()
        to_see = [address.of_product]
        while to_see:
            product = to_see.pop()
            if product == own:
                return True
            if product in seen:
                continue
            seen.add(product)
            found = self.described(product)
            if found is not None:
                inputs = (port.address for port in found.product.inputs if port.address)
                to_see += [each.of_product for each in (*inputs, *_targets(found.contracts))]
        return False

    def _resolved(self, address: Address) -> Address:
        return address if address.major is not None else self._mesh.resolve(address)


def _targets(contracts: Mapping[str, Contract]) -> Iterator[Address]:
    """The ports elsewhere that contracts refer to."""
    for contract in contracts.values():
        for table in contract.schema[:1]:
            yield from (Address.parse(each.target) for each in table.links if each.target)
