"""What a picture of a graph shows, however it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mesh_dagster.registry.graph import Graph, Node
from mesh_dagster.registry.indexed import SOURCE, product_of
from mesh_dagster.registry.walks import Walk, split

MADE_ELSEWHERE = "source"
ALL_ROWS = "*"


@dataclass(frozen=True, slots=True)
class Box:
    """A product, or the data of a source system, with the columns that are of interest."""

    id: str
    title: str
    told: str
    kind: str
    level: int
    rows: tuple[str, ...] = ()
    start: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """From box to box, or from row to row where these are named."""

    source: str
    target: str
    label: str = ""
    certain: bool = True
    source_row: str | None = None
    target_row: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and the arrows between them."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def picture_of_products(graph: Graph, walk: Walk) -> Picture:
    """Products and which reads which."""
    boxes = [
        _box(graph, path, level, start=path == walk.start) for path, level in walk.levels.items()
    ]
    arrows = [Arrow(each.source, each.target, each.how, each.certain) for each in walk.steps]
    return Picture(walk.start, tuple(boxes), tuple(arrows))


def picture_of_columns(graph: Graph, walk: Walk) -> Picture:
    """Products with those of their columns that are made of one another."""
    rows: dict[str, dict[str, None]] = {}
    levels: dict[str, int] = {}
    for each, level in walk.levels.items():
        of, name = split(each)
        rows.setdefault(of, {})[name] = None
        levels[of] = level if of not in levels else max(levels[of], level, key=abs)
    start = split(walk.start)[0]
    boxes = [
        _box(graph, of, levels[of], start=of == start, rows=tuple(sorted(names)))
        for of, names in rows.items()
    ]
    return Picture(walk.start, tuple(boxes), tuple(_between(walk)))


def _between(walk: Walk) -> Iterable[Arrow]:
    for each in walk.steps:
        source, column = split(each.source)
        target, made = split(each.target)
        yield Arrow(source, target, each.how, each.certain, column, made)


def _box(graph: Graph, of: str, level: int, *, start: bool, rows: tuple[str, ...] = ()) -> Box:
    if SOURCE in of:
        path, _, port = of.partition(f"/{SOURCE}")
        return Box(of, port, f"source of {path}", MADE_ELSEWHERE, level, rows, start)
    node = graph.node(product_of(of)) or Node(of, of.partition("/")[0])
    told = " · ".join(filter(None, (node.archetype, node.stage, words(node.slo))))
    return Box(of, of, told, node.archetype, level, rows, start)


_SLO: Mapping[str, str] = {
    "met": "keeps its promises",
    "at_risk": "at risk",
    "burning": "burns its budget",
    "breached": "breached",
}


def words(slo: str) -> str:
    """How a product's service levels stand, in words."""
    return _SLO.get(slo, "")
