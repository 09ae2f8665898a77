"""A mesh of 10,000 products with 50,000 column edges, as its discovery documents tell of it.

Product n reads product (n - 1) // 10, and each of its five columns is made of the column of that
name there: a tree of five levels, so that a column near its root has everything below it.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

DOMAINS = 200
PRODUCTS = 10_000
BRANCHES = 10
COLUMNS = tuple(f"amount_{each}" for each in range(5))


def path_of(number: int) -> str:
    return f"domain_{number % DOMAINS:03}/product_{number:05}/v1"


def entry(number: int) -> dict[str, Any]:
    domain, name, _ = path_of(number).split("/")
    address = f"mesh://{path_of(number)}"
    above = f"mesh://{path_of((number - 1) // BRANCHES)}" if number else None
    reads = [{"name": "above", "version": "1.0.0", "contractId": above}] if above else []
    properties = [{"name": each, "logicalType": "integer"} for each in COLUMNS]
    made = {
        each: [{"address": above, "column": each, "use": "AGGREGATION"}] if above else []
        for each in COLUMNS
    }
    return {
        "address": address,
        "promise": f"{number:032x}",
        "product": {
            "apiVersion": "v1.0.0",
            "kind": "DataProduct",
            "id": f"mesh://{domain}/{name}",
            "name": name,
            "domain": domain,
            "version": "1.0.0",
            "status": "active",
            "description": {"purpose": f"What is counted under {number}."},
            "inputPorts": reads,
            "outputPorts": [{"name": name, "version": "1.0.0", "contractId": address}],
            "team": {"name": f"Team {domain}"},
            "customProperties": [{"property": "archetype", "value": "aggregate"}],
        },
        "contracts": {
            "": {
                "apiVersion": "v3.1.0",
                "kind": "DataContract",
                "id": address,
                "version": "1.0.0",
                "status": "active",
                "schema": [{"name": name, "logicalType": "object", "properties": properties}],
            }
        },
        "reads": [{"port": "above", "address": above, "number": 1}] if above else [],
        "columns": {"": {"evidence": "sql", "columns": made, "rows": []}},
    }


def write(root: Path) -> None:
    """The mesh in a folder: mesh.yaml, and a registry with a document a domain."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "mesh.yaml").write_text("schemaVersion: 1\nname: large\nstorage: storage\n")
    lines: dict[str, list[str]] = defaultdict(list)
    for number in range(PRODUCTS):
        one = json.dumps(entry(number), separators=(",", ":"))
        lines[path_of(number).partition("/")[0]].append(one)
    for domain, entries in lines.items():
        head = {"schemaVersion": 2, "release": "0.1.0", "domain": {"name": domain}, "products": []}
        begun = json.dumps(head, separators=(",", ":")).removesuffix("]}")
        folder = root / "storage" / "_registry" / domain
        folder.mkdir(parents=True)
        (folder / "discovery.json").write_text(
            begun + "\n" + ",\n".join(sorted(entries)) + "\n]}\n"
        )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
