"""What a search found, for somebody who writes Python: each hit is a port to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mesh_dagster.products.reading.port import Port, cut, printable
from mesh_dagster.registry.search import Found, Hit

if TYPE_CHECKING:
    from mesh_dagster.products.mesh import Mesh


_WIDEST = 200


class SearchResult:
    """The hits of a search, the best first: `result[0].read()`, or `for port in result`."""

    def __init__(self, mesh: Mesh, found: Found) -> None:
        self._mesh = mesh
        self.found = found

    def __len__(self) -> int:
        return len(self.found.hits)

    def __getitem__(self, at: int) -> Port:
        return self._mesh[self.found.hits[at].path]

    def __iter__(self) -> Iterator[Port]:
        return (self._mesh[each.path] for each in self.found.hits)

    def __repr__(self) -> str:
        lines = [_line(each) for each in self.found.hits]
        left = self.found.total - len(self.found.hits)
        if left > 0:
            lines.append(f"and {left:,} more: limit={self.found.total}")
        return "\n".join(map(printable, lines)) or "nothing is found"


def _line(hit: Hit) -> str:
    why = "; ".join(f"{where}: {', '.join(found)}" for where, found in hit.why.items())
    return cut(f"{hit.path} · {hit.purpose}" + (f" ({why})" if why else ""), _WIDEST)
