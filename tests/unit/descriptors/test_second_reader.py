"""A large mesh that no cache knows is read by two processes, with the same result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mesh_dagster.descriptors.second_reader import WORTHWHILE

DESCRIPTOR = """\
apiVersion: v1.0.0
kind: DataProduct
id: mesh://{domain}/{name}
name: {name}
domain: {domain}
version: 1.0.0
status: active
description: {{purpose: To be one of many}}
customProperties: [{{property: archetype, value: source-aligned}}]
outputPorts:
- {{name: {name}, version: 1.0.0, contractId: mesh://{domain}/{name}/v1}}
"""
LIST = """
import json, os, sys
from pathlib import Path
from mesh_dagster.descriptors import product
from mesh_dagster.descriptors.mesh import read_mesh
parsed, readers = product._parsed, Path(sys.argv[1])
def told(folder):
    (readers / f"{os.getpid()}").touch()
    return parsed(folder)
product._parsed = told
listing = product.list_products(read_mesh(Path("mesh.yaml")))
print(json.dumps([str(each.product.address) for each in listing.products]))
print(json.dumps([each.code for each in listing.findings]))
"""


@pytest.fixture
def mesh(tmp_path: Path) -> Path:
    (tmp_path / "mesh.yaml").write_text("name: large\nstorage: store\ndomains: ['domains/*']\n")
    for domain in ("one", "two"):
        folder = tmp_path / "domains" / domain
        for number in range(WORTHWHILE):
            product = folder / "defs" / f"p{number:03}"
            product.mkdir(parents=True)
            text = DESCRIPTOR.format(domain=domain, name=product.name)
            (product / "product.odps.yaml").write_text(text)
        (folder / "domain.yaml").write_text(f"name: {domain}\nteam: {domain}-team\n")
    return tmp_path


def listed(mesh: Path, cache: Path) -> tuple[list[str], list[str], int]:
    """What one process lists: addresses, findings, and how many processes had parsed."""
    readers = mesh / "readers"
    readers.mkdir(exist_ok=True)
    for each in readers.iterdir():
        each.unlink()
    run = subprocess.run(
        [sys.executable, "-c", LIST, str(readers)],
        cwd=mesh,
        env={"MESH_CACHE": str(cache), "PATH": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr
    addresses, findings = map(json.loads, run.stdout.splitlines())
    return addresses, findings, len(list(readers.iterdir()))


def test_two_processes_read_a_large_mesh_and_then_none_has_to(mesh: Path, tmp_path: Path) -> None:
    cold = listed(mesh, tmp_path / "cache")
    warm = listed(mesh, tmp_path / "cache")
    assert cold[2] == 2
    assert warm[2] == 0
    assert cold[:2] == warm[:2]
    assert cold[0] == sorted(cold[0])
    assert len(cold[0]) == 2 * WORTHWHILE


def test_where_no_cache_can_be_written_nothing_is_missing(mesh: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    addresses, findings, readers = listed(mesh, tmp_path / "file" / "cache")
    assert len(addresses) == 2 * WORTHWHILE
    assert not findings
    assert readers == 2


def test_what_is_wrong_is_found_once_whichever_process_read_it(mesh: Path, tmp_path: Path) -> None:
    for domain in ("one", "two"):
        broken = mesh / "domains" / domain / "defs" / "p007" / "product.odps.yaml"
        broken.write_text(broken.read_text().replace("status: active", "status: activ"))
    addresses, findings, _ = listed(mesh, tmp_path / "cache")
    assert len(findings) == 2
    assert len(addresses) == 2 * WORTHWHILE - 2
