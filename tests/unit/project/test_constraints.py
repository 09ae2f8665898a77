"""What `make` installs is pinned exactly, from the index of whoever installs."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

NOT_INSTALLED_BY_MAKE = {"spark", "portal"}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {_canonical(name): pinned for name, pinned in pairs}


def test_every_line_is_one_exact_version_and_no_address(root: Path) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9a-z.+!]+", line)]
    assert odd == []


def test_every_dependency_that_make_installs_is_pinned_within_its_bounds(
    pins: dict[str, str], pyproject: dict[str, Any]
) -> None:
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(each for name in extras if name not in NOT_INSTALLED_BY_MAKE for each in extras[name]),
    ]
    outside = []
    for requirement in map(Requirement, wanted):
        name = _canonical(requirement.name)
        if name == "mesh-dagster":
            continue
        if name not in pins or Version(pins[name]) not in requirement.specifier:
            outside.append(f"{requirement}: {pins.get(name)}")
    assert outside == []


def test_the_pins_are_what_the_tests_run_on(pins: dict[str, str]) -> None:
    different = {}
    for name, pinned in pins.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue  # pinned for another platform or Python
        if Version(installed) != Version(pinned):
            different[name] = (pinned, installed)
    assert different == {}
