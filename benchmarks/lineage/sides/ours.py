"""Deliver until nothing waits: ours.py ROOT. Prints the seconds without what starting took."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ["MESH_CACHE"] = str(Path(sys.argv[1]) / "cache")

from mesh_dagster.lineage.drain import drain
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.products.mesh import Mesh

mesh = Mesh.open(Path(sys.argv[1]))
routes = Routes(mesh.config, mesh.domains[0])
with mesh.journal("shop") as journal:
    print("begun", flush=True)
    started = time.perf_counter()
    while journal.deliveries.health(routes.names)[0].waiting:
        drain(journal.deliveries, routes, "backend", seconds=600)
        time.sleep(0.05)
    print(time.perf_counter() - started)
