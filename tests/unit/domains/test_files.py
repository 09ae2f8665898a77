"""The files of the reference mesh: by the public standards, and by one another."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from mesh_dagster.descriptors.domain import domain_problems
from mesh_dagster.descriptors.mesh import mesh_problems
from mesh_dagster.descriptors.product import folder_problems

DOMAINS = ("crew", "fleet", "flights", "journeys", "network", "punctuality", "weather")
SCHEMAS = Path(__file__).parents[4] / "shared/schemas"

needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the public schemas are not here")


def errors(document: Any, schema: str) -> list[str]:
    rules = json.loads((SCHEMAS / schema).read_text())
    found = validator_for(rules)(rules).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]


def load(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


@needs_schemas
def test_every_descriptor_is_by_the_standard(root: Path) -> None:
    files = sorted(root.glob("domains/**/*.odps.yaml"))
    assert len(files) == 10
    assert {str(file): errors(load(file), "odps-1.0.0.json") for file in files} == {
        str(file): [] for file in files
    }


@needs_schemas
def test_every_contract_is_by_the_standard(root: Path) -> None:
    files = sorted(root.glob("domains/**/*.odcs.yaml"))
    assert len(files) == 12
    assert {str(file): errors(load(file), "odcs-3.1.0.json") for file in files} == {
        str(file): [] for file in files
    }


def test_workspace_domains_and_projects_agree(root: Path) -> None:
    entries = [entry["python_module"] for entry in load(root / "workspace.yaml")["load_from"]]
    assert sorted(entry["location_name"] for entry in entries) == list(DOMAINS)
    for entry in entries:
        name = entry["location_name"]
        assert entry["module_name"] == f"{name}.definitions"
        assert entry["working_directory"] == f"domains/{name}/src"
        project = tomllib.loads((root / f"domains/{name}/pyproject.toml").read_text())
        assert project["tool"]["dg"]["project"]["code_location_name"] == name
    dg = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["dg"]
    paths = sorted(project["path"] for project in dg["workspace"]["projects"])
    assert paths == [f"domains/{name}" for name in DOMAINS]
    assert sorted(each.name for each in (root / "domains").iterdir() if each.is_dir()) == [*DOMAINS]


def test_every_domain_says_who_it_is(root: Path) -> None:
    for name in DOMAINS:
        domain = load(root / f"domains/{name}/src/{name}/domain.yaml")
        assert domain["name"] == name
        assert {"team", "contact", "costCentre", "description"} <= set(domain)
        for file in root.glob(f"domains/{name}/src/{name}/defs/*/product.odps.yaml"):
            assert load(file)["team"]["name"] == domain["team"]


def test_every_product_names_its_owner_its_limits_and_its_uses(folders: dict[str, Path]) -> None:
    assert len(folders) == 9
    for folder in folders.values():
        product = load(folder / "product.odps.yaml")
        assert set(product["description"]) == {"purpose", "limitations", "usage"}
        assert "owner" in [member["role"] for member in product["team"]["members"]]
        custom = {each["property"]: each["value"] for each in product["customProperties"]}
        assert set(custom) - {"deprecation"} == {"archetype", "stage", "useCases"}
        levels = [each["property"] for each in load(folder / "contract.odcs.yaml")["slaProperties"]]
        assert {"frequency", "retention"} <= set(levels)
        assert list(folder.glob("queries/*.sql"))


def test_an_input_port_is_wired_or_another_product(folders: dict[str, Path]) -> None:
    ports = {
        port["contractId"]
        for folder in folders.values()
        for port in load(folder / "product.odps.yaml")["outputPorts"]
    }
    for folder in folders.values():
        sources = load(folder / "defs.yaml")["attributes"].get("sources", {})
        for port in load(folder / "product.odps.yaml")["inputPorts"]:
            address = port["contractId"]
            assert address in ports or (address.startswith("source:") and port["name"] in sources)


def test_the_correction_changes_the_key_and_nothing_else_that_binds(
    root: Path, folders: dict[str, Path]
) -> None:
    wrong = load(folders["weather.observations"] / "contract.odcs.yaml")
    corrected = load(root / "domains/weather/corrections/contract-1.0.1.odcs.yaml")
    assert (wrong.pop("version"), corrected.pop("version")) == ("1.0.0", "1.0.1")
    (told,) = corrected.pop("customProperties")
    assert [each["promise"] for each in told["value"]] == ["observations.primaryKey"]
    assert keys(wrong) == ["origin", "local_date", "local_hour"]
    assert keys(corrected) == ["origin", "observed_at"]
    assert without_key(wrong) == without_key(corrected)


def keys(contract: dict[str, Any]) -> list[str]:
    columns = contract["schema"][0]["properties"]
    found = [each for each in columns if each.get("primaryKey")]
    return [each["name"] for each in sorted(found, key=lambda each: each["primaryKeyPosition"])]


def without_key(contract: dict[str, Any]) -> str:
    (table,) = contract["schema"]
    told = {"primaryKey", "primaryKeyPosition", "description", "dataGranularityDescription"}
    table = {name: value for name, value in table.items() if name not in told}
    table["properties"] = [
        {name: value for name, value in each.items() if name not in told}
        for each in table["properties"]
    ]
    return json.dumps(contract | {"schema": [table]}, sort_keys=True)


@pytest.mark.parametrize("corrected", [False, True])
def test_the_mesh_has_nothing_to_say_against_its_own_files(
    root: Path, tmp_path: Path, corrected: bool
) -> None:
    shutil.copytree(root / "domains", tmp_path / "domains")
    if corrected:
        product = tmp_path / "domains/weather/src/weather/defs/observations"
        place = root / "domains/weather/corrections"
        shutil.copy(place / "contract-1.0.1.odcs.yaml", product / "contract.odcs.yaml")
        shutil.copy(place / "product-1.0.1.odps.yaml", product / "product.odps.yaml")
    files = sorted(tmp_path.glob("domains/*/src/*/defs/*/product.odps.yaml"))
    assert {file.parent.name: folder_problems(file.parent) for file in files} == {
        file.parent.name: () for file in files
    }
    assert mesh_problems(root / "mesh.yaml") == ()
    for domain in tmp_path.glob("domains/*/src/*/domain.yaml"):
        assert domain_problems(domain.parent) == ()


def test_the_correction_names_files_that_are_there(root: Path) -> None:
    text = (root / "domains/weather/corrections/contract-1.0.1.odcs.yaml").read_text()
    named = re.findall(r"domains/\S+\.yaml", text)
    assert len(named) == 4
    assert all((root / name).is_file() for name in named)
