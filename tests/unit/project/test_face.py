"""The public face is small, pinned, and costs nothing to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import mesh_dagster

FACE = {
    "Address",
    "Archetype",
    "Contract",
    "DataProduct",
    "Finding",
    "Mesh",
    "MeshError",
    "Product",
    "Window",
    "domain_definitions",
    "query",
    "read",
}
HEAVY = {"dagster", "polars", "pandas", "pyarrow", "pyiceberg", "duckdb", "sqlalchemy", "narwhals"}


def _imported(code: str, cwd: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_public_names_are_these_and_at_most_twenty() -> None:
    assert set(mesh_dagster.__all__) == FACE == set(dir(mesh_dagster))
    assert len(FACE) <= 20


def test_every_public_name_can_be_imported() -> None:
    assert all(getattr(mesh_dagster, name) is not None for name in FACE)


def test_importing_the_package_imports_nothing_else_of_it(root: Path) -> None:
    imported = _imported("import mesh_dagster", root)
    assert {name for name in imported if name.startswith("mesh_dagster")} == {"mesh_dagster"}
    assert not HEAVY & imported


def test_listing_products_imports_no_dagster_and_no_engine(root: Path) -> None:
    code = "from mesh_dagster.cli.root import run\nassert run(['products']) == 0"
    assert not HEAVY & _imported(code, root)


def test_the_help_imports_no_dagster_and_no_engine(root: Path) -> None:
    code = "from mesh_dagster.cli.root import run\nassert run(['--help']) == 0"
    assert not HEAVY & _imported(code, root)


def test_the_command_and_the_component_are_entry_points_that_exist(
    pyproject: dict[str, Any],
) -> None:
    project = pyproject["project"]
    assert project["scripts"] == {"mesh": "mesh_dagster.cli:main"}
    assert project["entry-points"]["dagster_dg_cli.registry_modules"] == {
        "mesh_dagster": "mesh_dagster"
    }
