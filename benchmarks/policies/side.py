"""One side of the benchmark: how much CPU it takes to parse a mesh, and to ask it all policies.

    python benchmarks/policies/side.py FOLDER SETS

Prints JSON: seconds of CPU by what they were for, how many products there are, and findings.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesh_dagster.descriptors.domain import read_domain
from mesh_dagster.descriptors.folder import examine
from mesh_dagster.descriptors.mesh import read_mesh
from mesh_dagster.descriptors.product import domain_folders, product_folders
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.policy import Moment, PolicySettings
from mesh_dagster.policies import judge
from mesh_dagster.policies.sets import policy_set
from mesh_dagster.products.governing import judging, views
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.describe import about
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.entries import entry_of, line
from mesh_dagster.registry.writing import write_document

_LOADED = (judge, views)
"""Imported before anything is counted."""


def main(folder: Path, sets: tuple[str, ...]) -> None:
    config = read_mesh(folder / "mesh.yaml")
    for name in sets:
        policy_set(name)
    mesh = Mesh(replace(config, policies=PolicySettings(sets)))
    taken: dict[str, float] = {}
    products: list[LoadedProduct] = _counted(taken, "parsing", lambda: _parsed(mesh))
    _tell(mesh, products)
    found = {
        moment.value: _counted(
            taken, moment.value, lambda at=moment: list(judging.judgements(mesh, products, at))
        )
        for moment in (Moment.BUILD, Moment.LOAD)
    }
    told = {moment: len(judged) for moment, judged in found.items()}
    print(json.dumps({"seconds": taken, "products": len(products), "findings": told}))


def _parsed(mesh: Mesh) -> list[LoadedProduct]:
    """Every product, by all of its files, none of them from a cache."""
    found = []
    for folder in domain_folders(mesh.config):
        domain = read_domain(folder)
        for each in product_folders(folder):
            loaded, problems = examine(each, domain, mesh.config.masks)
            assert loaded is not None, problems
            found.append(loaded)
    return found


def _tell(mesh: Mesh, products: list[LoadedProduct]) -> None:
    """The discovery document of each domain: what readers were promised is compared with it."""
    by_domain = defaultdict[str, list[LoadedProduct]](list)
    for each in products:
        by_domain[each.domain.name].append(each)
    for listed in by_domain.values():
        entries = {each.product.address.path: line(entry_of(Described.of(each))) for each in listed}
        write_document(mesh.documents, about(listed[0].domain), lambda _, new=entries: new)


def _counted(taken: dict[str, float], what: str, do: Callable[[], Any]) -> Any:
    gc.collect()
    start = time.process_time()
    result = do()
    taken[what] = time.process_time() - start
    return result


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(sys.argv[2].split(",")))
