"""One round in a process of its own: findings, the CPU of parsing, the CPU of all policies."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mesh_dagster.model.policy import Moment
from mesh_dagster.products.governing.judging import judgements
from mesh_dagster.products.mesh import Mesh


def main() -> None:
    mesh = Mesh.open(Path(sys.argv[1]))
    start = time.process_time()
    loaded = [product for domain in mesh.domains for product in mesh.readable(domain.name)]
    parsed = time.process_time()
    found = list(judgements(mesh, loaded, Moment(sys.argv[2])))
    asked = time.process_time()
    if len(loaded) < 1000:
        raise SystemExit(f"only {len(loaded)} products could be read")
    print(len(found), parsed - start, asked - parsed)


if __name__ == "__main__":
    main()
