"""Domains stand alone, and the three lists of them agree."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DOMAINS = sorted(path.name for path in (ROOT / "domains").iterdir() if path.is_dir())
PUBLIC_MODULES = {"mesh_dagster", "mesh_dagster.testing"}


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return names


def test_the_workspace_the_folders_and_dg_name_the_same_domains(
    root: Path, pyproject: dict[str, Any]
) -> None:
    workspace = yaml.safe_load((root / "workspace.yaml").read_text(encoding="utf-8"))
    locations = [next(iter(entry.values())) for entry in workspace["load_from"]]
    projects = pyproject["tool"]["dg"]["workspace"]["projects"]
    assert sorted(each["location_name"] for each in locations) == DOMAINS
    assert sorted(each["path"] for each in projects) == [f"domains/{name}" for name in DOMAINS]


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_imports_no_other_domain_and_only_the_public_face(domain: str) -> None:
    others = set(DOMAINS) - {domain}
    for path in (ROOT / "domains" / domain).rglob("*.py"):
        imported = _imports(path)
        assert not {name for name in imported if name.partition(".")[0] in others}, path
        inner = {name for name in imported if name.startswith("mesh_dagster")}
        assert inner <= PUBLIC_MODULES, path


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_is_a_dg_project_of_its_own(domain: str) -> None:
    folder = ROOT / "domains" / domain
    assert (folder / "pyproject.toml").is_file()
    assert (folder / "src" / domain / "definitions.py").is_file()
    assert (folder / "src" / domain / "domain.yaml").is_file()
