"""`mesh lineage ADDRESS`: what a product or a column is made of, and what is made of it."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.column_target import TARGET, Target
from mesh_dagster.cli.output import emit, emit_json, emit_styled, say
from mesh_dagster.cli.table import shown, terminal_width, width_of
from mesh_dagster.cli.target import open_mesh

if TYPE_CHECKING:
    from mesh_dagster.registry.drawn.picture import Picture
    from mesh_dagster.registry.graph import Graph
    from mesh_dagster.registry.walks import Step, Walk

_FORMATS = ("json", "mermaid", "dot", "html")


@click.command()
@click.argument("target", type=TARGET, metavar="ADDRESS[.COLUMN]")
@click.option("--up", is_flag=True, help="Only what it is made of.")
@click.option("--down", is_flag=True, help="Only what is made of it.")
@click.option("--depth", type=click.IntRange(1, 1000), help="So many steps away at most.")
@click.option("--json", "how", flag_value="json", help="Print JSON.")
@click.option("--mermaid", "how", flag_value="mermaid", help="Print a flowchart of Mermaid.")
@click.option("--dot", "how", flag_value="dot", help="Print a digraph for Graphviz.")
@click.option("--html", "how", flag_value="html", help="Print a page with a picture.")
def show(target: Target, up: bool, down: bool, depth: int | None, how: str | None) -> int:
    """Tell what a product or a column is made of, and what is made of it.

    \b
    mesh lineage flights/departures
    mesh lineage flights/departures.dep_delay --down
    mesh lineage journeys/delay_risk --html > lineage.html
    """
    from mesh_dagster.products.discovering.graph import column_of, graph_of

    mesh = open_mesh()
    port = mesh.resolve(target.address)
    column = None if target.column is None else column_of(mesh, port, target.column)
    both = up == down
    with graph_of(mesh) as graph:
        walk = _walk(
            graph,
            port.path if column is not None else port.of_product.path,
            column,
            up=depth if up or both else 0,
            down=depth if down or both else 0,
        )
        if how in (None, "json"):
            _tell(graph, walk, column is not None, how == "json")
        else:
            _draw(graph, walk, column is not None, str(how))
    if not walk.whole:
        say(f"{len(walk.levels):,} are shown, and there are more: --depth keeps it small")
    return 0


def _walk(graph: Graph, path: str, column: str | None, *, up: int | None, down: int | None) -> Walk:
    from mesh_dagster.registry.walks import walk_columns, walk_products

    if column is None:
        return walk_products(graph, path, up=up, down=down)
    return walk_columns(graph, path, column, up=up, down=down)


def _draw(graph: Graph, walk: Walk, columns: bool, how: str) -> None:
    from mesh_dagster.registry.drawn.page import page
    from mesh_dagster.registry.drawn.picture import picture_of_columns, picture_of_products
    from mesh_dagster.registry.drawn.texts import dot, mermaid

    picture: Picture = (picture_of_columns if columns else picture_of_products)(graph, walk)
    match how:
        case "mermaid":
            emit(mermaid(picture))
        case "dot":
            emit(dot(picture))
        case _:
            what = "Which columns it is made of" if columns else "Which products it is made of"
            emit(page(picture, f"{what}, to the left; what is made of it, to the right.").rstrip())


def _tell(graph: Graph, walk: Walk, columns: bool, as_json: bool) -> None:
    if as_json:
        emit_json(_plain(graph, walk, columns))
        return
    emit_styled(click.style(shown(walk.start), bold=True))
    above, below = defaultdict(list), defaultdict(list)
    for each in walk.steps:
        above[each.target].append(each)
        below[each.source].append(each)
    up = list(_tree(walk, walk.start, above, "source", -1))
    down = list(_tree(walk, walk.start, below, "target", 1))
    nothing = _of_nothing(walk, walk.start)
    if nothing:
        emit_styled(click.style(nothing, dim=True))
    for title, lines in (("made of", up), ("read by" if not columns else "makes", down)):
        if lines:
            emit_styled(click.style(title, dim=True))
            for line in lines:
                emit_styled(line)
    if not up and not down and not nothing:
        emit("nothing that is known, neither up nor down")


def _of_nothing(walk: Walk, column: str) -> str:
    """What to say of a column above which there is nothing."""
    if column in walk.unknown:
        return "made of: unknown"
    return "made of no column" if column in walk.made_of_none else ""


def _tree(
    walk: Walk, start: str, steps: Mapping[str, list[Step]], end: str, sign: int
) -> Iterator[str]:
    """Each branch once: what was there before is only named again."""
    seen: set[str] = set()
    stack = [(each, 1) for each in reversed(_sorted(steps[start], end))]
    while stack:
        step, depth = stack.pop()
        other: str = getattr(step, end)
        if walk.levels.get(other, 0) * sign < 0:
            continue
        again = other in seen and bool(steps.get(other))
        told = [step.how] if step.how else []
        told += [] if step.certain else ["not declared"] if not step.how else []
        told += ["(as above)"] if again else []
        told += [nothing] if sign < 0 and (nothing := _of_nothing(walk, other)) else []
        yield from _laid_out(f"{'  ' * depth}{shown(_named(other))}", shown(", ".join(told)))
        if not again:
            seen.add(other)
            stack += [(each, depth + 1) for each in reversed(_sorted(steps.get(other, []), end))]


def _laid_out(name: str, told: str) -> Iterator[str]:
    """A name and what is told of it: in one line, or below it where that is too wide."""
    width = terminal_width()
    if width_of(name) + width_of(told) + 2 <= width:
        yield name + (click.style(f"  {told}", dim=True) if told else "")
        return
    yield name
    margin = " " * (len(name) - len(name.lstrip()) + 4)
    for line in textwrap.wrap(told, max(width - len(margin), 20)):
        yield margin + click.style(line, dim=True)


def _named(id_: str) -> str:
    """The data of a source system is called by its input port."""
    _, source, name = id_.partition("/source:")
    return f"{name} (source)" if source else id_


def _sorted(steps: list[Step], end: str) -> list[Step]:
    """One line for each of them, with all that it is used for."""
    from mesh_dagster.registry.walks import Step

    found: dict[str, list[Step]] = defaultdict(list)
    for each in steps:
        found[getattr(each, end)].append(each)
    merged = []
    for _, many in sorted(found.items()):
        told = ", ".join(dict.fromkeys(each.how for each in many if each.how))
        first = many[0]
        merged.append(Step(first.source, first.target, told, any(each.certain for each in many)))
    return merged


def _plain(graph: Graph, walk: Walk, columns: bool) -> dict[str, Any]:
    from mesh_dagster.registry.indexed import SOURCE, product_of
    from mesh_dagster.registry.walks import split

    ports = {split(each)[0] if columns else each for each in walk.levels}
    paths = {product_of(each) for each in ports if SOURCE not in each}
    nodes = [graph.node(path) for path in sorted(paths)]
    return {
        "start": walk.start,
        "levels": dict(sorted(walk.levels.items(), key=lambda item: (item[1], item[0]))),
        "edges": [
            {"from": each.source, "to": each.target, "how": each.how, "certain": each.certain}
            for each in walk.steps
        ],
        "products": [each for each in nodes if each is not None],
        "unknown": sorted(walk.unknown),
        "made_of_none": sorted(walk.made_of_none),
        "whole": walk.whole,
    }
