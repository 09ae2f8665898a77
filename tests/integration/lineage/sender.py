"""A process that delivers the lineage of a mesh again and again: sender.py ROOT."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mesh_dagster.lineage import drain
from mesh_dagster.products.keeping.lineage_delivery import deliver
from mesh_dagster.products.mesh import Mesh

# What a dead sender had taken is free again soon, instead of after twenty seconds.
drain.LEASE = 0.4


def send(root: str) -> None:
    mesh = Mesh.open(Path(root))
    (domain,) = [each for each in mesh.domains if each.name == "shop"]
    print("begun", flush=True)
    while True:
        deliver(mesh, domain)
        time.sleep(0.02)


if __name__ == "__main__":
    send(*sys.argv[1:])
