"""`mesh map`: the context map of the mesh, and what its graph says that nobody meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say, write
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import open_mesh

if TYPE_CHECKING:
    from mesh_dagster.registry.drawn.map import Mapped

_COLUMNS = [
    Column("DOMAIN", least=8),
    Column("PRODUCT", least=12),
    Column("ARCHETYPE"),
    Column("STAGE"),
    Column("SLO", colours={"met": "green", "breached": "red", "burning": "yellow"}),
    Column("DEPTH", right=True),
    Column("READERS", right=True),
]


@click.command()
@click.option("--html", "page", is_flag=True, help="Print the map as a page with a picture.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page to a file.",
)
@as_json
def map(page: bool, output: Path | None, as_json: bool) -> int:
    """Draw the mesh domain by domain: archetypes, health, chains, and who reads whom.

    \b
    mesh map
    mesh map -o map.html

    What the graph says that nobody meant is told below: edges that are declared and never read, or
    read and not declared, chains of more than three products, and products that nobody reads.
    """
    mapped = _mapped()
    if output is not None or page:
        from mesh_dagster.registry.drawn.map import map_page

        drawn = map_page(mapped)
        if output is None:
            emit(drawn.rstrip())
            return 0
        write(drawn, output)
        say(f"the map is in {output}")
    elif as_json:
        emit_json(_plain(mapped))
        return 0
    else:
        _show(mapped)
    for each in mapped.findings:
        emit(f"{each.severity.value}: {each}")
    return 0


def _mapped() -> Mapped:
    from mesh_dagster.products.discovering.graph import graph_of
    from mesh_dagster.registry.drawn.map import Mapped
    from mesh_dagster.registry.graph_findings import graph_findings

    mesh = open_mesh()
    with graph_of(mesh) as graph:
        nodes, edges = graph.nodes(), graph.edges()
    return Mapped(mesh.config.name, nodes, edges, tuple(graph_findings(nodes, edges)))


def _show(mapped: Mapped) -> None:
    from collections import Counter

    from mesh_dagster.registry.drawn.map import in_words
    from mesh_dagster.registry.graph_findings import depths_of

    depths = depths_of(mapped.nodes, mapped.edges)
    readers = Counter(edge.target for edge in mapped.edges)
    rows = [
        (
            each.domain,
            each.name,
            each.archetype or "-",
            each.stage or "-",
            each.slo or "-",
            depths[each.path],
            readers[each.path],
        )
        for each in mapped.nodes
    ]
    emit_styled(render(_COLUMNS, rows).text)
    say(in_words(mapped, depths, readers))


def _plain(mapped: Mapped) -> dict[str, Any]:
    from mesh_dagster.registry.graph_findings import depths_of

    depths = depths_of(mapped.nodes, mapped.edges)
    return {
        "name": mapped.name,
        "products": [{"product": each, "depth": depths[each.path]} for each in mapped.nodes],
        "edges": mapped.edges,
        "findings": mapped.findings,
    }
