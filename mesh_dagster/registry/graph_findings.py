"""What the graph of the mesh says that nobody meant: a closed list of findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.product import Archetype, Status
from mesh_dagster.registry.graph import Edge, Node

NEVER_READ = "MESH-L040"
NOT_DECLARED = "MESH-L041"
DEEP = "MESH-L042"
UNREAD = "MESH-L043"

DEEPEST = 3
"""Products in a chain above its source: each more is one more that can be late, or wrong."""

_LISTED = 8
_READ_BY_PEOPLE = Archetype.CONSUMER_ALIGNED.value
_SERVED = (Status.ACTIVE.value, Status.DEPRECATED.value)


def graph_findings(nodes: Sequence[Node], edges: Sequence[Edge]) -> Iterator[Finding]:
    """Edges that are declared or observed alone, long chains, and products without readers."""
    for edge in edges:
        yield from differences(edge)
    depths, below = depths_of(nodes, edges), _below(edges)
    read = {edge.target for edge in edges}
    for node in nodes:
        if depths[node.path] > DEEPEST:
            chain = _chain(node.path, below, depths)
            yield _warning(
                DEEP,
                f"it stands on a chain of {depths[node.path]} products, more than {DEEPEST}: "
                f"{' → '.join(chain)}",
                node.path,
            )
        wanted = node.archetype != _READ_BY_PEOPLE and node.status in _SERVED
        if wanted and node.path not in read:
            yield _warning(UNREAD, "no product of the mesh reads it", node.path)


def depths_of(nodes: Iterable[Node], edges: Iterable[Edge]) -> Mapping[str, int]:
    """How many products stand in the longest chain below each; 0 of one that reads none.

    An edge that closes a circle counts for nothing.
    """
    below = _below(edges)
    depths: dict[str, int] = {}
    for node in nodes:
        _descend(node.path, below, depths)
    return depths


def _below(edges: Iterable[Edge]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        found[edge.reader].append(edge.target)
    return found


def _descend(start: str, below: Mapping[str, Sequence[str]], depths: dict[str, int]) -> None:
    """Without recursion: a chain may be longer than Python's stack."""
    going: set[str] = set()
    stack = [start]
    while stack:
        path = stack[-1]
        if path in depths:
            stack.pop()
            continue
        going.add(path)
        left = [each for each in below.get(path, ()) if each not in depths and each not in going]
        if left:
            stack.extend(left)
            continue
        known = [depths[each] + 1 for each in below.get(path, ()) if each in depths]
        depths[path] = max(known, default=0)
        going.discard(path)
        stack.pop()


def _chain(path: str, below: Mapping[str, Sequence[str]], depths: Mapping[str, int]) -> list[str]:
    """The products that a product stands on, the first of them first."""
    chain = [path]
    while known := [each for each in below.get(chain[-1], ()) if depths[each] < depths[chain[-1]]]:
        chain.append(max(known, key=lambda each: (depths[each], each)))
    return chain[::-1]


def differences(edge: Edge) -> Iterator[Finding]:
    """Between what a product declares and what it read; of one that never ran nothing is known."""
    if edge.observed and not edge.declared:
        yield _warning(
            NOT_DECLARED,
            f"it has read {edge.target}, which its descriptor does not declare",
            edge.reader,
            "declare it under inputPorts, or run the product again without it",
        )
    if not (edge.observed and edge.declared and edge.observed_columns is not None):
        return
    if edge.declared_columns is None:
        if not edge.observed_columns:
            yield _never(edge, "it declares an input port on")
        return
    unused = sorted({*edge.declared_columns} - {*edge.observed_columns})
    if unused and not edge.observed_columns:
        yield _never(edge, "it declares an input port on")
    elif unused:
        yield _never(edge, f"it declares {_some(unused)} of")


def _never(edge: Edge, said: str) -> Finding:
    told = f"{said} {edge.target}, and nothing that it makes is made of that"
    return _warning(NEVER_READ, told, edge.reader, "declare what is read, and no more")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _warning(code: str, message: str, subject: str, fix: str | None = None) -> Finding:
    return Finding(code, message, Severity.WARNING, subject, fix=fix)
