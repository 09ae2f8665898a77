"""One process that asks for an impact once: the mesh, a product's path, a column or `-` for all.

It prints the edges that were looked at, the products that were found, and the seconds of
CPU that the question took after all imports.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mesh_dagster.products.discovering.graph import graph_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.impact import impact

mesh = Mesh.open(Path(sys.argv[1]))
with graph_of(mesh) as graph:
    if len(sys.argv) > 2:
        columns = None if sys.argv[3] == "-" else [sys.argv[3]]
        started = time.process_time()
        found = impact(graph, sys.argv[2], columns)
        print(found.edges, len(found.affected), time.process_time() - started)
