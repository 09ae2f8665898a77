"""The graph of the mesh: which product reads which, and which column is made of which.

It is asked of an index, edge by edge: what a question costs is what it touches, however large the
mesh is. What the files of this checkout declare is put over what its documents told last.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mesh_dagster.model.product import SERVED, Product
from mesh_dagster.registry import graph_sql as sql
from mesh_dagster.registry.index import Index
from mesh_dagster.registry.indexed import SOURCE, UNKNOWN, product_of

Columns = tuple[str, ...] | None
"""Which columns are read; None: any of them."""

_Read = tuple[str, str, Columns]
"""The other product, `declared` or `observed`, and the columns."""

ALL = -1
"""No bound, as SQLite understands it."""

_DECLARED = "declared"
_JOINT = " · "


@dataclass(frozen=True, slots=True)
class Node:
    """A product as a graph shows it. `slo` is the worst state of its service levels, or empty."""

    path: str
    domain: str
    archetype: str = ""
    stage: str = ""
    status: str = ""
    slo: str = ""
    team: str = ""
    purpose: str = ""

    @property
    def name(self) -> str:
        """`departures`, or `departures v2`."""
        _, product, major = self.path.split("/")
        return product if major == "v1" else f"{product} {major}"


class Edge(NamedTuple):
    """A product reads another: by its descriptor, in fact, or both."""

    reader: str
    target: str
    declared: bool = False
    observed: bool = False
    declared_columns: Columns = None
    observed_columns: Columns = None

    def may_read(self, column: str) -> bool:
        """Whether the column may be among those that are read."""
        if self.observed and self.observed_columns is not None:
            return column in self.observed_columns
        return self.declared_columns is None or column in self.declared_columns


class ColumnEdge(NamedTuple):
    """A column of a port is made of another. An empty `column` stands for the port's rows.

    `target` is a port's path, `source:<input port>` of the product itself, or empty where nobody
    knows; then so is `use`.
    """

    product: str
    port: str
    column: str
    target: str
    target_column: str
    use: str

    @property
    def unknown(self) -> bool:
        return self.target == UNKNOWN

    @property
    def of_source(self) -> bool:
        return self.target.startswith(SOURCE)


class Graph:
    """Asks an index; `own` are the products whose files are here."""

    def __init__(self, index: Index, own: Iterable[Product] = ()) -> None:
        self._index = index
        self._own = {each.address.path: each for each in own}
        self._readers_here: dict[str, list[_Read]] = defaultdict(list)
        for path, product in self._own.items():
            for target, named in _declared(product):
                self._readers_here[target].append((path, _DECLARED, named))
        self._nodes: dict[str, Node | None] = {}

    def node(self, path: str) -> Node | None:
        """A product by its path with the major; None where nobody knows it."""
        return self.nodes_of([path])[path]

    def nodes_of(self, paths: Iterable[str]) -> Mapping[str, Node | None]:
        """Many products at once, those that were asked for before among them."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._nodes]
        rows = self._rows(sql.NODES, json.dumps(wanted)) if wanted else ()
        told = {row[0]: _node(row) for row in rows}
        for path in wanted:
            own = self._own.get(path)
            self._nodes[path] = told.get(path) if own is None else _node_of(own, told.get(path))
        return self._nodes

    def nodes(self) -> tuple[Node, ...]:
        """All products, by path."""
        known = {row[0]: _node(row) for row in self._rows(f"{sql.NODE} order by path")}
        known |= {path: _node_of(each, known.get(path)) for path, each in self._own.items()}
        self._nodes.update(known)
        return tuple(known[path] for path in sorted(known))

    def readers(self, path: str) -> tuple[Edge, ...]:
        """The products that read a product, by path."""
        return self._readers([path], sql.READERS).get(path, ())

    def unclear_readers(self, paths: Iterable[str]) -> dict[str, tuple[Edge, ...]]:
        """Those that read each of many products and do not tell what becomes of all of it; a
        product without any is left out."""
        return self._readers(list(dict.fromkeys(paths)), sql.UNCLEAR_READERS)

    def declaring(self, path: str, columns: Collection[str] | None = None) -> tuple[Edge, ...]:
        """Those whose descriptors name one of the columns of a product, or (None) the product."""
        if columns is None:
            return self._readers([path], sql.DECLARING).get(path, ())
        found = self._readers([path], sql.DECLARING_COLUMNS, json.dumps(list(columns)))
        named = {*columns}
        return tuple(
            each for each in found.get(path, ()) if named & {*(each.declared_columns or ())}
        )

    def _readers(
        self, paths: Sequence[str], statement: str, *given: str
    ) -> dict[str, tuple[Edge, ...]]:
        names = dict.fromkeys(map(_majors, paths))
        by_target: dict[str, list[_Read]] = defaultdict(list)
        for target, *row in self._rows(statement, json.dumps([*paths, *names]), *given):
            if not (row[1] == _DECLARED and row[0] in self._own):
                by_target[target].append(_told(row))
        for target in self._readers_here.keys() & {*paths, *names}:
            by_target[target] += self._readers_here[target]
        newest = self._newest(names.keys() & by_target.keys())
        edges: dict[str, tuple[Edge, ...]] = {}
        for path in paths if by_target else ():
            majors = _majors(path)
            of_name = by_target.get(majors, []) if newest.get(majors) == path else []
            if found := _merged([*by_target.get(path, ()), *of_name]):
                edges[path] = tuple(edge_of(each, path, *found[each]) for each in sorted(found))
        return edges

    def reads(self, path: str) -> tuple[Edge, ...]:
        """The products that a product reads, by path."""
        return self._of_reader(path, self._rows(sql.READS, path))

    def edges(self) -> tuple[Edge, ...]:
        """Every edge between products."""
        found: dict[str, list[Any]] = defaultdict(list)
        for reader, *row in self._rows(sql.ALL_READS):
            found[reader].append(row)
        readers = sorted({*found, *self._own})
        return tuple(edge for each in readers for edge in self._of_reader(each, found[each]))

    def _of_reader(self, path: str, rows: Sequence[Sequence[Any]]) -> tuple[Edge, ...]:
        own = self._own.get(path)
        told = [row for row in rows if own is None or row[1] != _DECLARED]
        here = _declared(own) if own is not None else ()
        reads = [*map(_told, told), *((target, _DECLARED, named) for target, named in here)]
        found = _merged((self._with_major(target), kind, named) for target, kind, named in reads)
        return tuple(edge_of(path, each, *found[each]) for each in sorted(found))

    def used_by(self, port: str, column: str) -> list[ColumnEdge]:
        """What is made of a column of a port."""
        return self.used_by_each([(port, column)])[port, column]

    def used_by_each(
        self, columns: Sequence[tuple[str, str]], most: int = ALL
    ) -> dict[tuple[str, str], list[ColumnEdge]]:
        """What is made of each of many columns, so `most` edges of them."""
        found: dict[tuple[str, str], list[ColumnEdge]] = {each: [] for each in columns}
        for at, *row in self._rows(sql.USED_COLUMNS, json.dumps(columns), most):
            found[columns[at]].append(ColumnEdge._make(row))
        return found

    def made_of_ports(
        self, ports: Sequence[str], most: int = ALL
    ) -> dict[str, list[tuple[str, str]]]:
        """The ports that are made of any column of each of many, with their products; so `most` of
        them."""
        found: dict[str, list[tuple[str, str]]] = {each: [] for each in ports}
        asked = list(found)
        for at, product, port in self._rows(sql.MADE_OF_PORTS, json.dumps(asked), most):
            found[asked[at]].append((product, port))
        return found

    def ports_read(self, path: str) -> tuple[str, ...]:
        """The ports of a product, other than its first, that anything is made of."""
        return tuple(port for (port,) in self._rows(sql.PORTS_READ, path))

    def made_of(self, port: str, column: str | None = None) -> list[ColumnEdge]:
        """What a column of a port is made of, or (None) all of its columns and rows."""
        name = _port_name(port)
        asked = f"{sql.MADE} and e.port = ?", product_of(port), name
        if column is None:
            return list(map(ColumnEdge._make, self._rows(*asked)))
        return list(
            map(
                ColumnEdge._make,
                self._rows(f"{asked[0]} and e.\"column\" in (?, '')", *asked[1:], column),
            )
        )

    def telling(self, paths: Iterable[str]) -> set[str]:
        """Those of the products that tell what their columns are made of, none at all included."""
        asked = json.dumps(list(dict.fromkeys(paths)))
        return {path for (path,) in self._rows(sql.TELLS_COLUMNS, asked)}

    def unknown_of(self, paths: Iterable[str]) -> dict[str, list[ColumnEdge] | None]:
        """The columns of products of which nobody knows what they are made of, by product; None
        where nobody knows it of any."""
        asked = json.dumps(list(paths))
        found: dict[str, list[ColumnEdge] | None] = dict.fromkeys(json.loads(asked))
        found |= {path: [] for (path,) in self._rows(sql.TELLS, asked)}
        for row in self._rows(sql.UNKNOWN, asked):
            edges = found[row[0]]
            if edges is not None:
                edges.append(ColumnEdge._make(row))
        return found

    def _newest(self, names: Iterable[str]) -> dict[str, str]:
        """The newest active major of products, by name, or else the newest deprecated one."""
        found: dict[str, dict[str, str]] = {each: {} for each in names}
        for majors, path, status in (
            self._rows(sql.MAJORS, json.dumps(list(found))) if found else ()
        ):
            found[majors][path] = status
        for path, product in self._own.items():
            if (majors := _majors(path)) in found:
                found[majors][path] = product.status.value
        newest = {}
        for majors, known in found.items():
            for status in SERVED:
                if served := [path for path, stated in known.items() if stated == status]:
                    newest[majors] = max(served, key=_number)
                    break
        return newest

    def _with_major(self, target: str) -> str:
        if target.count("/") != 1:
            return target
        return self._newest([target]).get(target, target)

    def _rows(self, statement: str, *given: str | int) -> list[Any]:
        def asked(connection: sqlite3.Connection) -> list[Any]:
            return connection.execute(statement, given).fetchall()

        return self._index.ask(asked)


def _node(row: Sequence[Any]) -> Node:
    return Node(*row)


def _node_of(own: Product, told: Node | None) -> Node:
    """By its own files; how its service levels stand is in its document."""
    return Node(
        own.address.path,
        own.address.domain,
        own.archetype.value,
        own.stage.value,
        own.status.value,
        told.slo if told else "",
        own.team or (told.team if told else "") or "",
        own.purpose or "",
    )


def _declared(product: Product) -> Iterator[tuple[str, Columns]]:
    for each in product.inputs:
        if each.address is not None:
            yield each.address.of_product.path, each.columns


def _told(row: Sequence[Any]) -> _Read:
    name, kind, columns = row
    return name, kind, None if columns is None else tuple(filter(None, columns.split(_JOINT)))


def _merged(reads: Iterable[_Read]) -> dict[str, tuple[list[Columns], list[Columns]]]:
    """By the other product, what is declared and what was observed of it."""
    found: dict[str, tuple[list[Columns], list[Columns]]] = defaultdict(lambda: ([], []))
    for name, kind, columns in reads:
        found[name][kind != _DECLARED].append(columns)
    return found


def edge_of(reader: str, target: str, declared: list[Columns], observed: list[Columns]) -> Edge:
    """How a product reads another, by all that is declared of it and all that was observed."""
    both = _together(declared), _together(observed)
    return Edge(reader, target, bool(declared), bool(observed), *both)


def _together(many: list[Columns]) -> Columns:
    if not many or None in many:
        return None
    return tuple(sorted({column for each in many for column in each or ()}))


def _port_name(port: str) -> str:
    """`late` of `flights/departures/v1/late`. Another domain's document may name no address."""
    return port.removeprefix(product_of(port)).removeprefix("/")


def _majors(path: str) -> str:
    return path.rpartition("/")[0]


def _number(path: str) -> int:
    return int(path.rpartition("/v")[2] or 0)
