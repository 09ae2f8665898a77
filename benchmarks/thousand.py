"""A mesh of many products, each with one input and six rules, written as a team would write it."""

from __future__ import annotations

from pathlib import Path

import measure

DONE = "complete"

_DESCRIPTOR = """\
apiVersion: v1.0.0
kind: DataProduct
id: mesh://{domain}/{name}
name: {name}
domain: {domain}
version: 1.2.0
status: active
description:
  purpose: The orders of segment {number}, one row an order, for those who plan its stock.
  limitations: Orders that were placed by telephone come a day late.
  usage: Join it by `order_id`; amounts are in euros.
inputPorts:
  - {{name: orders, version: 1.0.0, contractId: {upstream}}}
outputPorts:
  - name: {name}
    description: One row an order.
    type: table
    version: 1.2.0
    contractId: mesh://{domain}/{name}/v1
team:
  name: Team {domain}
  members:
    - {{username: ada.li@shop.example, name: Ada Li, role: owner}}
tags: [orders, segment-{number}]
customProperties:
  - {{property: archetype, value: {archetype}}}
  - {{property: stage, value: stable}}
"""
_CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: mesh://{domain}/{name}/v1
name: {name}
version: 1.2.0
status: active
schema:
  - name: {name}
    logicalType: object
    physicalType: table
    properties:
      - name: order_id
        description: The order's number.
        logicalType: integer
        physicalType: BIGINT
        primaryKey: true
        primaryKeyPosition: 1
      - name: customer
        description: Who ordered.
        logicalType: string
        physicalType: VARCHAR
        required: true
      - name: amount
        description: What it cost, in euros.
        logicalType: number
        physicalType: DOUBLE
        logicalTypeOptions: {{minimum: 0}}
      - name: note
        description: What the customer added.
        logicalType: string
        physicalType: VARCHAR
    quality:
      - {{metric: rowCount, mustBeGreaterThan: 0}}
slaProperties:
  - {{property: frequency, value: 1, unit: d}}
"""
_WIRING = """\
type: mesh_dagster.DataProduct
attributes:
  transform: transform.py
"""
_SOURCES = "  sources:\n    orders: {path: orders.csv}\n"
_TRANSFORM = '"""Hands on what is there."""\n\n\ndef transform(orders):\n    return orders\n'


def folder(domains: int, products: int) -> Path:
    """A mesh of `domains` with `products` each, written if it is not there yet."""
    root = measure.cache_folder(f"mesh-{domains}x{products}")
    if not (root / DONE).exists():
        _write(root / "mesh.yaml", "schemaVersion: 1\nname: shop\nstorage: .mesh/storage\n")
        for number in range(domains):
            _write_domain(root, domain_name(number), products)
        _write(root / DONE, "")
    return root


def domain_name(number: int) -> str:
    return f"shop{number}"


def package(root: Path, domain: str) -> Path:
    """The folder of a domain's definitions.py."""
    return root / "domains" / domain / "src" / domain


def _write_domain(root: Path, domain: str, products: int) -> None:
    home = package(root, domain)
    _write(home / "domain.yaml", f"name: {domain}\nteam: Team {domain}\n")
    _write(home / "__init__.py", "")
    _write(
        home / "definitions.py",
        "from mesh_dagster import domain_definitions\n\ndefs = domain_definitions(__file__)\n",
    )
    for number in range(products):
        _write_product(home / "defs" / f"orders_{number:04}", domain, number)


def _write_product(home: Path, domain: str, number: int) -> None:
    first = number == 0
    words = {
        "domain": domain,
        "name": home.name,
        "number": number,
        "upstream": "source:shop/orders" if first else upstream(domain, number),
        "archetype": "source-aligned" if first else "aggregate",
    }
    _write(home / "product.odps.yaml", _DESCRIPTOR.format(**words))
    _write(home / "contract.odcs.yaml", _CONTRACT.format(**words))
    _write(home / "defs.yaml", _WIRING + (_SOURCES if first else ""))
    _write(home / "transform.py", _TRANSFORM)
    if first:
        _write(home / "orders.csv", "order_id,customer,amount,note\n1,ada,9.5,\n")


def upstream(domain: str, number: int) -> str:
    """The address that a product reads; the first reads a source."""
    return f"mesh://{domain}/orders_{number // 10:04}/v1"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
