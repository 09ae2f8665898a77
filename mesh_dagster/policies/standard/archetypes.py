"""What each archetype stands for (Dehghani, Data Mesh, chapter 2)."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Archetype
from mesh_dagster.policies.examples import example, product, reads
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard.severities import WANTED
from mesh_dagster.policies.view import View

_CUSTOMERS = reads("customers", Address("crm", "customers", 1))
_PARCELS = reads("parcels", Address("delivery", "parcels", 1))


class SourceAlignedReadsSources(Policy):
    """A source-aligned product names its source and reads no product.

    It serves what an operational system of its own domain knows, close to how that system says
    it. What is made of other products is an aggregate or consumer-aligned; then say so.
    """

    id = "source-aligned-reads-sources"
    rationale = "Who looks for the facts themselves finds them by the archetype."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        if view.product.archetype is not Archetype.SOURCE_ALIGNED:
            return
        if not any(port.source for port in view.product.inputs):
            yield self.finding(
                view,
                "it is source-aligned, and none of its input ports names a source",
                fix="inputPorts: [{name: …, version: 1.0.0, contractId: source:<system>/<name>}]",
            )
        for port in view.product.inputs:
            if port.address is not None:
                yield self.finding(
                    view,
                    f"it is source-aligned, and its input `{port.name}` is the product "
                    f"{port.address.path}",
                    where=port.where,
                    fix="archetype: aggregate or consumer-aligned, or leave the input out",
                )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        return example(product(inputs=(_CUSTOMERS,)))


class AggregateOfDomains(Policy):
    """An aggregate reads products of two domains or more.

    It says something that no domain can say alone. What is made of one domain's data belongs to
    that domain, or serves one need and is consumer-aligned.
    """

    id = "aggregate-of-domains"
    rationale = "An aggregate of one domain is a copy of it with another owner."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        if view.product.archetype is not Archetype.AGGREGATE:
            return
        domains = sorted({each.domain for each in view.product.upstreams})
        if len(domains) < 2:
            of = f"of {domains[0]} alone" if domains else "of no domain"
            yield self.finding(
                view,
                f"it is an aggregate, and reads products {of}",
                fix="archetype: source-aligned or consumer-aligned",
            )

    @staticmethod
    def passing() -> View:
        return example(product(archetype=Archetype.AGGREGATE, inputs=(_CUSTOMERS, _PARCELS)))

    @staticmethod
    def failing() -> View:
        return example(product(archetype=Archetype.AGGREGATE, inputs=(_CUSTOMERS,)))


class ConsumerAlignedHasUse(Policy):
    """A consumer-aligned product names the use case that it is made for.

    It fits one need, and is changed when that need changes: who has another can tell by the use
    case that it is not for him.
    """

    id = "consumer-aligned-has-use"
    rationale = "No data without somebody who needs it."
    moments = frozenset({Moment.BUILD})
    severity = WANTED

    def check(self, view: View) -> Iterator[Finding]:
        aligned = view.product.archetype is Archetype.CONSUMER_ALIGNED
        if aligned and not any(each.strip() for each in view.product.use_cases):
            yield self.finding(
                view,
                "it is consumer-aligned, and names no use case",
                fix="customProperties: [{property: useCases, value: [what it is needed for]}]",
            )

    @staticmethod
    def passing() -> View:
        return example(product(archetype=Archetype.CONSUMER_ALIGNED))

    @staticmethod
    def failing() -> View:
        return example(product(archetype=Archetype.CONSUMER_ALIGNED, use_cases=()))
