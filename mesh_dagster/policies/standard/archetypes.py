"""What the archetypes of products ask of their inputs."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.product import Archetype, Stage
from mesh_dagster.policies.examples import example, product, reads
from mesh_dagster.policies.policy import Policy, since
from mesh_dagster.policies.view import View


class SourceAlignedReadsSources(Policy):
    """A source-aligned product names its source and reads no product.

    It serves the facts of one operational system as they happened. What is made of other
    products is an aggregate, or aligned with a consumer, and has other duties.
    """

    id = "source-aligned-reads-sources"
    rationale = "Who reads a fact has to know whether it is one or was derived (archetypes)."
    severity = since(Stage.BETA, before=Severity.WARNING)

    def check(self, view: View) -> Iterator[Finding]:
        if view.product.archetype is not Archetype.SOURCE_ALIGNED:
            return
        if not any(each.source for each in view.product.inputs):
            yield self.finding(
                view,
                "it is source-aligned and names no source",
                fix="inputPorts: [{name: ..., version: 1.0.0, contractId: source:erp/orders}]",
            )
        for each in view.product.inputs:
            if each.address is not None:
                yield self.finding(
                    view,
                    f"it is source-aligned and reads the product {each.address}",
                    where=each.where,
                    fix="archetype: aggregate, or read the source instead",
                )

    @staticmethod
    def passing() -> View:
        return example()

    @staticmethod
    def failing() -> View:
        other = Address("stock", "items", 1)
        return example(product(inputs=(reads("items", other),)), others=[product(other)])
