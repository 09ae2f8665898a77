"""What a product stands on: what it declares to read, what it reads, and how deep that goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import ObservedRead
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.policies.examples import example, product, reads
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.severities import ADVISED, GUARDED
from mesh_dagster.policies.view import View

if TYPE_CHECKING:
    from mesh_dagster.registry.graph import Edge

_CUSTOMERS = Address("crm", "customers", 1)
_PARCELS = Address("delivery", "parcels", 1)


class ChainDepth(Policy):
    """A product stands on a chain of no more than three others.

    Every product in a chain is one more that can be late or wrong, and a change at its far end is
    understood by nobody at this one. Read closer to the source, or ask its owner to serve what you
    derive. `mesh map` shows the chains; the option `most` sets another length.
    """

    id = "chain-depth"
    rationale = "The downstream of the downstream of the downstream is nobody's concern."
    moments = frozenset({Moment.BUILD})
    severity = ADVISED
    options: Mapping[str, Any] = {"most": 3}

    def check(self, view: View) -> Iterator[Finding]:
        depth = view.mesh.depth(view.described)
        if depth > self.options["most"]:
            chain = " → ".join(_chain(view))
            yield self.finding(
                view,
                f"it stands on a chain of {depth} products, more than {self.options['most']}: "
                f"{chain}",
                fix=f"mesh lineage {view.address.path}: read what is closer to the source",
            )

    @staticmethod
    def passing() -> View:
        return _on_chain(3)

    @staticmethod
    def failing() -> View:
        return _on_chain(4)


class ReadsDeclared(Policy):
    """What a product reads is declared in its descriptor.

    A product gets its declared input ports handed over and nothing else. What reached it another
    way (an asset of another team's code, a dbt source, a file) is found in what the attempt really
    read: nobody would be told before it changes.
    """

    id = "reads-declared"
    rationale = "Producers know who reads them, and tell them."
    moments = frozenset({Moment.BUILD, Moment.PUBLISH})
    severity = GUARDED

    def check(self, view: View) -> Iterator[Finding]:
        from mesh_dagster.registry.graph_findings import NOT_DECLARED

        yield from _differences(self, view, NOT_DECLARED)

    @staticmethod
    def passing() -> View:
        return _reading(_CUSTOMERS)

    @staticmethod
    def failing() -> View:
        return _reading(_CUSTOMERS, _PARCELS)


class DeclaredReadsMade(Policy):
    """What a product declares to read, it reads.

    An input port, or columns of one, that nothing is made of keep a producer from changing what
    nobody needs, and give a right to read that is not used. It is known of products whose newest
    run told which columns everything is made of.
    """

    id = "declared-reads-made"
    rationale = "Who declares more than he needs holds others up."
    moments = frozenset({Moment.BUILD})
    severity = ADVISED

    def check(self, view: View) -> Iterator[Finding]:
        from mesh_dagster.registry.graph_findings import NEVER_READ

        yield from _differences(self, view, NEVER_READ)

    @staticmethod
    def passing() -> View:
        return _reading(_CUSTOMERS)

    @staticmethod
    def failing() -> View:
        both = (reads("customers", _CUSTOMERS), reads("parcels", _PARCELS))
        made = [_read(_CUSTOMERS, "customer_id"), _read(_PARCELS)]
        return example(product(inputs=both), observed=made)


def _differences(policy: Policy, view: View, code: str) -> Iterator[Finding]:
    """What the graph of the mesh finds of a product, by what it read newest."""
    if not view.reads:
        return  # it never ran, or nobody can tell
    from mesh_dagster.registry.graph_findings import differences

    where = {each.address.of_product: each.where for each in view.product.inputs if each.address}
    for edge in _edges(view):
        for found in differences(edge):
            if found.code == code:
                declared = where.get(Address.parse(edge.target))
                fix = found.fix or "mesh map"
                yield policy.finding(view, found.message, where=declared, fix=fix)


def _edges(view: View) -> Iterator[Edge]:
    from mesh_dagster.registry.graph import edge_of

    declared: dict[str, list[Any]] = {}
    observed: dict[str, list[Any]] = {}
    for port in view.product.inputs:
        if port.address is not None:
            declared.setdefault(_path(view, port.address), []).append(port.columns)
    for read in view.reads or ():
        observed.setdefault(_path(view, read.address), []).append(read.columns)
    for target in sorted({*declared, *observed}):
        both = declared.get(target, []), observed.get(target, [])
        yield edge_of(view.address.path, target, *both)


def _path(view: View, address: Address) -> str:
    """The path of the product, with its major where it is known."""
    found = view.mesh.find(address) if address.major is None else None
    return (found.product.address if found else address.of_product).path


def _chain(view: View) -> list[str]:
    """The products that it stands on, on the longest way, the first of them first."""
    chain = [view.described]
    while above := view.mesh.upstream(chain[-1]):
        deepest = max(above, key=view.mesh.depth)
        if view.mesh.depth(deepest) >= view.mesh.depth(chain[-1]):
            break  # a circle
        chain.append(deepest)
    return [each.product.address.path for each in reversed(chain)]


def _on_chain(depth: int) -> View:
    addresses = [Address("shop", f"step_{at}", 1) for at in range(depth)]
    others = [product(own, inputs=(reads("above", above),)) for own, above in pairwise(addresses)]
    last = product(addresses[-1])
    return example(product(inputs=(reads("above", addresses[0]),)), others=[*others, last])


def _read(address: Address, *columns: str) -> ObservedRead:
    return ObservedRead(address.product, address, 1, columns)


def _reading(*addresses: Address) -> View:
    """A product that declares the first, and really read all of them."""
    declared = product(inputs=(reads("customers", addresses[0]),))
    return example(declared, observed=[_read(each, "customer_id") for each in addresses])
