"""Up to what a product or a column is made of, and down to what is made of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from mesh_dagster.registry.graph import ColumnEdge, Edge, Graph
from mesh_dagster.registry.indexed import SOURCE, product_of

MOST = 2000
"""Nodes of one walk: nobody looks at more, and a picture of more is none."""


@dataclass(frozen=True, slots=True)
class Step:
    """From what something is made to what is made of it, both by their ids; `how` is told."""

    source: str
    target: str
    how: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found: `levels` are steps away from the start, above it below zero."""

    start: str
    levels: dict[str, int]
    steps: tuple[Step, ...]
    whole: bool = True
    """Whether nothing was left out for being too much."""

    unknown: frozenset[str] = frozenset()
    """Columns that were to be followed up, and of which nobody knows what they are made of."""

    made_of_none: frozenset[str] = frozenset()
    """Those of which it is known, and it is no column."""


Follow = Callable[[str], Iterable[tuple[str, Step]]]


def walk_products(graph: Graph, path: str, *, up: int | None, down: int | None) -> Walk:
    """The products that one reads and is read by; 0 steps are none, None are all there are."""

    def above(each: str) -> Iterable[tuple[str, Step]]:
        return ((edge.target, _read(edge)) for edge in graph.reads(each))

    def below(each: str) -> Iterable[tuple[str, Step]]:
        return ((edge.reader, _read(edge)) for edge in graph.readers(each))

    return _walk(path, above, below, up, down)


def walk_columns(graph: Graph, port: str, column: str, *, up: int | None, down: int | None) -> Walk:
    """The columns that one is made of and that are made of it, as `<port path>.<column>`.

    A column that decides on a port's rows leads to `<port path>.*`, which nothing follows up.
    """
    unknown: set[str] = set()
    bare: dict[str, str] = {}

    def above(each: str) -> Iterable[tuple[str, Step]]:
        of, name = split(each)
        if SOURCE in of or name == "*":
            return ()
        edges = [edge for edge in graph.made_of(of, name) if edge.column == name]
        if not edges:
            bare[each] = product_of(of)
        if any(edge.unknown for edge in edges):
            unknown.add(each)
        return [_above(each, edge) for edge in edges if not edge.unknown]

    def below(each: str) -> Iterable[tuple[str, Step]]:
        of, name = split(each)
        if name == "*" or SOURCE in of:
            return ()
        return [_below(each, edge) for edge in graph.used_by(of, name)]

    walk = _walk(f"{port}.{column}", above, below, up, down)
    telling = graph.telling(bare.values()) if bare else set()
    none = frozenset(each for each, path in bare.items() if path in telling)
    return replace(walk, unknown=frozenset(unknown | bare.keys() - none), made_of_none=none)


def split(id_: str) -> tuple[str, str]:
    """The port and the column of an id: no name of a port has a dot, and a column's may."""
    of, _, name = id_.partition(".")
    return of, name


def _above(each: str, edge: ColumnEdge) -> tuple[str, Step]:
    of = edge.target
    if edge.of_source:
        of = f"{edge.product}/{edge.target}"
    found = f"{of}.{edge.target_column}"
    return found, Step(found, each, edge.use)


def _below(each: str, edge: ColumnEdge) -> tuple[str, Step]:
    found = f"{edge.port}.{edge.column or '*'}"
    return found, Step(each, found, edge.use)


def _read(edge: Edge) -> Step:
    columns = edge.observed_columns if edge.observed else edge.declared_columns
    how = "" if columns is None else ", ".join(columns)
    if edge.observed and not edge.declared:
        how = f"not declared {how}".strip()
    return Step(edge.target, edge.reader, how, edge.declared)


def _walk(start: str, above: Follow, below: Follow, up: int | None, down: int | None) -> Walk:
    levels = {start: 0}
    steps: dict[Step, None] = {}
    whole = True
    for follow, most, sign in ((above, up, -1), (below, down, 1)):
        left = deque([(start, 0)])
        seen = {start}
        while left:
            each, depth = left.popleft()
            if most is not None and depth >= most:
                continue
            for found, step in follow(each):
                if len(levels) >= MOST and found not in levels:
                    whole = False
                    continue
                steps.setdefault(step)
                levels.setdefault(found, sign * (depth + 1))
                if found not in seen:
                    seen.add(found)
                    left.append((found, depth + 1))
    return Walk(start, levels, tuple(steps), whole)
