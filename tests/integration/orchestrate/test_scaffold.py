"""What dg's own commands do in a domain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster.components.scaffold.scaffold import ScaffoldRequest

from mesh_dagster.descriptors.product import folder_problems
from mesh_dagster.errors import AddressError
from mesh_dagster.orchestrate.scaffold import ProductParams, ProductScaffolder

DG = str(Path(sys.executable).with_name("dg"))


def _dg(home: Path, *arguments: str) -> str:
    """Run dg in a domain whose package is importable, as after `pip install -e`."""
    environment = {**os.environ, "PYTHONPATH": str(home / "src")}
    done = subprocess.run(
        [DG, *arguments], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def home(mesh) -> Path:
    return mesh.root / "domains" / "shop"


def test_a_scaffolded_product_is_faultless_loads_and_publishes(mesh, home, run, instance) -> None:
    _dg(home, "scaffold", "defs", "mesh_dagster.DataProduct", "items", "--archetype", "aggregate")
    folder = mesh.folder("shop", "items")
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "contract.odcs.yaml",
        "defs.yaml",
        "newest.sql",
        "product.odps.yaml",
        "transform.py",
    ]
    assert folder_problems(folder) == ()
    key = dg.AssetKey(["shop", "items", "v1"])
    result = run(mesh.definitions("shop"), key)
    assert result.success
    assert instance.get_latest_materialization_event(key) is not None
    assert all(each.passed for each in result.get_asset_check_evaluations())


def test_a_name_that_cannot_be_an_address_scaffolds_nothing(mesh) -> None:
    folder = mesh.folder("shop", "Bad-Name")
    folder.mkdir()
    request = ScaffoldRequest(
        type_name="mesh_dagster.DataProduct",
        target_path=folder,
        scaffold_format="yaml",
        project_root=mesh.root / "domains" / "shop",
        params=ProductParams(archetype="aggregate"),
    )
    with pytest.raises(AddressError):
        ProductScaffolder().scaffold(request)
    assert not folder.exists()


def test_dg_lists_a_domain(home) -> None:
    listed = json.loads(_dg(home, "list", "defs", "--json"))
    assert "shop/sales/v1" in json.dumps(listed["assets"])
    names = {each["name"] for each in listed["sensors"]}
    assert names == {
        "alerts",
        "automation",
        "lineage",
        "publications",
        "reviews",
        "service_levels",
    }


def test_dg_names_the_line_of_a_wrong_attribute(mesh, home) -> None:
    wiring = mesh.folder("shop", "sales") / "defs.yaml"
    wiring.write_text(wiring.read_text().replace("every: day", "every: dai"))
    with pytest.raises(AssertionError, match=r"defs\.yaml:4"):
        _dg(home, "check", "yaml")
