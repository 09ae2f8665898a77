"""A mesh of many code locations: one half publishes on a schedule, the other half pulls.

What a domain stores, its journal with it, lies in a folder of its own below `disks`, so that one
of them can have a disk of its own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import thousand

DISKS = "disks"
PRODUCT = "orders_0000"

_MESH = """\
schemaVersion: 1
name: shop
storage: {disks}
registry: registry
journal: sqlite:///{disks}/{{domain}}/journal.db
"""
_PULLS = "type: mesh_dagster.DataProduct\nattributes:\n  transform: transform.py\n"
_SCHEDULED = (
    _PULLS
    + "  schedule: '*/{minutes} * * * *'\n"
    + "  sources:\n    orders: {{path: orders.csv}}\n"
)
_LOCATION = """\
  - python_module:
      module_name: {domain}.definitions
      working_directory: domains/{domain}/src
      location_name: {domain}
"""


def write(root: Path, domains: int, minutes: int) -> Path:
    """The mesh, each of whose schedules ticks every so many minutes; its workspace."""
    shutil.copytree(thousand.folder(domains, 1), root)
    (root / "mesh.yaml").write_text(_MESH.format(disks=root / DISKS))
    workspace = root / "workspace.yaml"
    entries = [_LOCATION.format(domain=thousand.domain_name(each)) for each in range(domains)]
    workspace.write_text("load_from:\n" + "".join(entries))
    for number in range(domains):
        domain = thousand.domain_name(number)
        (root / DISKS / domain).mkdir(parents=True)
        _wire(thousand.package(root, domain) / "defs" / PRODUCT, number, domains, minutes)
    return workspace


def published(root: Path, domain: str) -> int:
    """The number of the newest publication of a domain's product; 0 before the first."""
    try:
        pointer = (root / DISKS / domain / PRODUCT / "v1" / "pointer.json").read_text()
    except FileNotFoundError:
        return 0
    return int(json.loads(pointer)["number"])


def _wire(product: Path, number: int, domains: int, minutes: int) -> None:
    """The first half is scheduled; each of the second half reads one of the first."""
    if number < domains // 2:
        (product / "defs.yaml").write_text(_SCHEDULED.format(minutes=minutes))
        return
    (product / "defs.yaml").write_text(_PULLS)
    descriptor = product / "product.odps.yaml"
    upstream = f"mesh://{thousand.domain_name(number - domains // 2)}/{PRODUCT}/v1"
    text = descriptor.read_text().replace("source:shop/orders", upstream)
    descriptor.write_text(text.replace("source-aligned", "aggregate"))
