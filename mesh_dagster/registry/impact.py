"""The blast radius of a column, a port or a product: what would break, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mesh_dagster.descriptors.cache import collecting_none
from mesh_dagster.model.mask import MASKED
from mesh_dagster.registry.graph import ColumnEdge, Graph, Node
from mesh_dagster.registry.indexed import product_of

MOST = 100_000
"""Edges that are followed: nobody talks to so many, and they take seconds."""

ROWS = ""
"""Stands among the columns of a port for which rows there are."""

DECLARED = "DECLARED"
"""How a product uses what its descriptor names and nothing is made of: its run asks for it."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A column that changes with what it is made of, or a port's rows (an empty name).

    `uses` say how; `certain` is False where nobody knows, and it may be.
    """

    port: str
    column: str
    uses: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Affected:
    """A product that would break, so many steps away, and the products it is reached over."""

    node: Node
    depth: int
    over: tuple[str, ...]
    touched: tuple[Touched, ...]

    @property
    def certain(self) -> bool:
        return any(each.certain for each in self.touched)

    @property
    def declares_only(self) -> bool:
        """Whether it is hurt only where what it declares goes away: it makes nothing of it."""
        return all(each.uses == (DECLARED,) for each in self.touched)


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything downstream of some columns of a port, in the order in which it would break."""

    port: str
    columns: tuple[str, ...] | None
    affected: tuple[Affected, ...]
    edges: int
    """How many edges were looked at."""
    whole: bool = True
    """Whether all were: what is left out is no fewer steps away than what is there."""


@dataclass
class _Product:
    depth: int
    over: dict[str, None] = field(default_factory=dict)
    touched: dict[tuple[str, str], tuple[set[str], bool]] = field(default_factory=dict)


def impact(
    graph: Graph,
    port: str,
    columns: Collection[str] | None = None,
    beside: Collection[str] = (),
) -> Impact:
    """What is made of these columns of a port, or (None) of the port as a whole.

    `beside` are ports of the product that change alike. The masked port, which is derived from
    the first one, always does.
    """
    with collecting_none():
        return _impact(graph, port, columns, beside)


def _impact(
    graph: Graph, port: str, columns: Collection[str] | None, beside: Collection[str]
) -> Impact:
    walk = _Walk(graph)
    masked = [f"{port}/{MASKED}"] if port == product_of(port) else []
    names = sorted(columns) if columns is not None else [ROWS]
    walk.follow([(of, each) for of in dict.fromkeys([port, *masked, *beside]) for each in names])
    found = sorted(walk.products.items(), key=lambda item: (item[1].depth, item[0]))
    nodes = graph.nodes_of(path for path, _ in found)
    affected = [
        Affected(
            nodes[path] or Node(path, path.partition("/")[0]),
            each.depth,
            tuple(each.over),
            tuple(_touched(each)),
        )
        for path, each in found
    ]
    named = None if columns is None else tuple(sorted(columns))
    return Impact(port, named, tuple(affected), walk.edges, walk.edges < MOST)


def _touched(product: _Product) -> Iterator[Touched]:
    for (port, column), (uses, certain) in sorted(product.touched.items()):
        yield Touched(port, column, tuple(sorted(uses)), certain)


class _Touch(NamedTuple):
    product: str
    port: str
    column: str
    use: str
    certain: bool


class _Walk:
    """Breadth first: what is fewer steps away breaks before what is more."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.products: dict[str, _Product] = {}
        self.edges = 0
        self._seen: dict[tuple[str, str], bool] = {}
        self._next: dict[tuple[str, str], bool] = {}
        self._unknown: dict[str, list[ColumnEdge] | None] = {}

    def follow(self, start: list[tuple[str, str]]) -> None:
        self._origin = {product_of(port) for port, _ in start}
        level = dict.fromkeys(start, True)
        self._seen.update(level)
        depth = 0
        while level and self.edges < MOST:
            self._next = {}
            depth += 1
            self._step(level, depth)
            if depth == 1:
                self._ask_for(level)
            level = self._next

    def _step(self, level: dict[tuple[str, str], bool], depth: int) -> None:
        """All that is so many steps away, asked for at once."""
        products = {port: product_of(port) for port, _ in level}
        used = self._used_by(level)
        readers = self._graph.unclear_readers(products.values())
        names = {edge.reader for edges in readers.values() for edge in edges}
        if unseen := names - self._unknown.keys():
            self._unknown |= self._graph.unknown_of(unseen)
        for (port, column), certain in level.items():
            if self.edges >= MOST:
                return
            uses, over = used[port, column], products[port]
            self.edges += len(uses)
            for use in uses:
                self._reach(over, _Touch(*use, certain), depth)
            for reader in readers.get(over, ()):
                self.edges += 1
                if not column or reader.may_read(column):
                    self._perhaps(reader.reader, over, depth)

    def _used_by(
        self, level: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], list[tuple[str, str, str, str]]]:
        """The columns that are made of each of these, with their products, ports and uses.

        What changes which rows there are changes the rows of whatever reads any column.
        """
        most = MOST - self.edges
        columns = [(port, column) for port, column in level if column]
        ports = [port for port, column in level if not column]
        found = {
            (port, ROWS): [(*each, ROWS, "ROWS") for each in made]
            for port, made in self._graph.made_of_ports(ports, most).items()
        }
        for key, edges in self._graph.used_by_each(columns, most).items():
            found[key] = [(each.product, each.port, each.column, each.use) for each in edges]
        return found

    def _ask_for(self, start: Collection[tuple[str, str]]) -> None:
        """What declares it and makes nothing of it: what is published stays as it is, and so does
        all that is made of that."""
        names = {column for _, column in start}
        for path in self._origin:
            for edge in self._graph.declaring(path, None if ROWS in names else names):
                self.edges += 1
                if edge.reader not in self._origin:
                    touched = {(edge.reader, ROWS): ({DECLARED}, False)}
                    self.products.setdefault(edge.reader, _Product(1, touched=touched))

    def _perhaps(self, reader: str, over: str, depth: int) -> None:
        """What reads the product, and does not tell what becomes of all that it reads."""
        unknown = self._unknown[reader]
        if unknown is None:
            self._reach(over, _Touch(reader, reader, ROWS, "", False), depth)
        for each in unknown or ():
            self.edges += 1
            self._reach(over, _Touch(each.product, each.port, each.column, "", False), depth)

    def _reach(self, over: str, touch: _Touch, depth: int) -> None:
        path = touch.product
        if path in self._origin:
            return
        product = self.products.get(path)
        if product is None:
            product = self.products[path] = _Product(depth)
        if over not in self._origin and over != path:
            product.over.setdefault(over)
        key = touch.port, touch.column
        uses, known = product.touched.get(key) or (set(), False)
        if touch.use:
            uses.add(touch.use)
        product.touched[key] = (uses, known or touch.certain)
        before = self._seen.get(key)
        if before is None or (touch.certain and not before):
            self._seen[key] = touch.certain
            self._next[key] = touch.certain
