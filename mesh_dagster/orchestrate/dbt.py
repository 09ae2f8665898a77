"""The models of a domain's dbt project as private assets, made in the step of its product.

One step, so that the product stages exactly what its own run of dbt built from exactly the
snapshots it has on record, and so that `mesh run` does the same without Dagster. dagster-dbt runs
dbt and tells its events; it takes seconds to import, so a location lists the models from the
manifest alone, and imports it when a run comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from mesh_dagster.dbt.manifest import DbtGraph, DbtNode, DbtTest, load_graph
from mesh_dagster.dbt.project import DbtProject, find_project
from mesh_dagster.dbt.transform import dbt_transform
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding
from mesh_dagster.orchestrate.labels import PRIVATE, owners, tag
from mesh_dagster.orchestrate.partitions import partitions_of
from mesh_dagster.orchestrate.upstreams import Upstreams
from mesh_dagster.orchestrate.work import Work
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.orchestrate.dbt_run import DbtEvent
    from mesh_dagster.products.making.transform import Transform

_OUTSIDE_A_NAME = re.compile(r"[^A-Za-z0-9_]+")


def dbt_works(
    mesh: Mesh, products: Sequence[LoadedProduct], upstreams: Upstreams
) -> dict[Path, Work]:
    """The work of each product of one domain whose rows are a dbt model, by its folder."""
    project = find_project(mesh, products[0].domain)
    graph = load_graph(project)
    claimed: set[str] = set()
    found: dict[Path, Work] = {}
    for loaded in sorted(products, key=lambda each: each.product.address):
        made = _Made(project, graph, loaded, upstreams.deps(loaded))
        nodes = graph.upstream(graph.node(loaded.wiring.transform.name, project))
        _check_inputs(loaded, graph, nodes)
        found[loaded.folder] = made.work(mesh, [node for node in nodes if node.id not in claimed])
        claimed.update(node.id for node in nodes)
    return found


def model_key(domain: str, node: DbtNode) -> dg.AssetKey:
    """`punctuality/dbt/stg_departures`: under the domain's prefix, and no address."""
    return dg.AssetKey([domain, "dbt", node.name])


@dataclass(frozen=True, slots=True)
class _Made:
    """What dbt makes for one product, in Dagster's words."""

    project: DbtProject
    graph: DbtGraph
    loaded: LoadedProduct
    inputs: Mapping[str, dg.AssetDep]

    def work(self, mesh: Mesh, nodes: Sequence[DbtNode]) -> Work:
        """The work of the product; `nodes` are those it shows as its own."""
        ids = {node.id for node in nodes}
        model = self.graph.node(self.loaded.wiring.transform.name, self.project)

        def transform(context: dg.AssetExecutionContext) -> Transform:
            return dbt_transform(mesh, self.loaded, _Teller(context, self.graph).run)

        return Work(
            transform=transform,
            shows=[self._key(model)],
            made=[self._spec(node) for node in nodes],
            tests=[self._check_spec(test) for test in self.graph.tests if test.node in ids],
        )

    def _key(self, node: DbtNode) -> dg.AssetKey:
        return model_key(self.project.domain, node)

    def _spec(self, node: DbtNode) -> dg.AssetSpec:
        sources = [self.graph.sources[read] for read in node.reads if read in self.graph.sources]
        models = [self.graph.nodes[read] for read in node.reads if read in self.graph.nodes]
        return dg.AssetSpec(
            key=self._key(node),
            deps=[
                *(self.inputs[name] for name in sources if name in self.inputs),
                *(self._key(each) for each in models),
            ],
            description=node.description or None,
            group_name=f"{self.project.domain}_dbt",
            tags={**PRIVATE, "mesh/domain": self.project.domain, "mesh/dbt": tag(node.kind)},
            kinds={"dbt", "duckdb"},
            owners=owners(self.loaded.product, self.loaded.domain.team)[:1],
            metadata=self._metadata(node),
            skippable=True,
        )

    def _metadata(self, node: DbtNode) -> dict[str, Any]:
        columns = [
            dg.TableColumn(name, kind or "string", description=text or None)
            for name, kind, text in node.columns
        ]
        file = dg.LocalFileCodeReference(
            file_path=str(self.project.folder / node.path), line_number=1, label="dbt"
        )
        return {
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[file]),
        }

    def _check_spec(self, test: DbtTest) -> dg.AssetCheckSpec:
        return dg.AssetCheckSpec(
            name=_check_name(test),
            asset=self._key(self.graph.nodes[test.node]),
            description=test.description or f"dbt test {test.name}",
            metadata={"severity": test.severity, "dbt": test.id},
        )


@dataclass(frozen=True, slots=True)
class _Teller:
    """Runs dbt, and tells Dagster what it makes and tests while it does.

    The events are logged, not yielded: a run that selects the product alone builds its models
    and tests all the same.
    """

    context: dg.AssetExecutionContext
    graph: DbtGraph

    def run(self, project: DbtProject, arguments: Sequence[str]) -> None:
        from mesh_dagster.orchestrate.dbt_run import stream

        tests = {test.id: test for test in self.graph.tests}
        for event in stream(project, self.graph.manifest, arguments):
            if node := self.graph.nodes.get(event.id):
                self._built(model_key(project.domain, node), event)
            elif test := tests.get(event.id):
                self._tested(model_key(project.domain, self.graph.nodes[test.node]), test, event)

    def _built(self, key: dg.AssetKey, event: DbtEvent) -> None:
        """It is built for each partition of the run."""
        for partition in (partitions_of(self.context) or [None]) if event.passed else ():
            self.context.log_event(
                dg.AssetMaterialization(key, partition=partition, metadata=event.metadata)
            )

    def _tested(self, key: dg.AssetKey, test: DbtTest, event: DbtEvent) -> None:
        warns = test.severity == "warn"
        self.context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=_check_name(test),
                passed=event.passed,
                severity=dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR,
                metadata=event.metadata,
            )
        )


def _check_name(test: DbtTest) -> str:
    return _OUTSIDE_A_NAME.sub("_", test.name)


def _check_inputs(loaded: LoadedProduct, graph: DbtGraph, nodes: Sequence[DbtNode]) -> None:
    """Every source of the models has to be an input port of the product (design rule 4)."""
    ports = {port.name for port in loaded.product.inputs}
    undeclared = sorted(graph.inputs(nodes) - ports)
    if undeclared:
        raise DescriptorError(
            [
                Finding(
                    "MESH-M058",
                    f"the dbt models read the source {name!r}, and there is no input port of "
                    f"that name; there are: {', '.join(sorted(ports)) or 'none'}",
                    subject=loaded.product.address.path,
                    where=loaded.product.where,
                    fix=f"add an input port named {name!r} to product.odps.yaml",
                )
                for name in undeclared
            ]
        )
