"""Every code that a message carries is explained, and every explanation is of a code in use."""

from __future__ import annotations

import re
from pathlib import Path

from mesh_dagster.cli.explain import explanations

CODE = re.compile(r"MESH-[A-Z]\d{3}")


def _used(root: Path) -> set[str]:
    package = root / "mesh_dagster"
    return {
        code
        for path in package.rglob("*.py")
        if "cli/explain.py" not in path.as_posix()
        for code in CODE.findall(path.read_text(encoding="utf-8"))
    } | {"MESH-M060"}


def test_every_code_is_explained(root: Path) -> None:
    assert sorted(_used(root) - set(explanations())) == []


def test_every_explanation_is_of_a_code_in_use(root: Path) -> None:
    assert sorted(set(explanations()) - _used(root)) == []


def test_explanations_are_sorted_and_each_says_something() -> None:
    known = explanations()
    assert list(known) == sorted(known)
    assert [code for code, (_, text) in known.items() if len(text) < 20] == []


def test_every_heading_of_the_explanations_is_well_formed(root: Path) -> None:
    text = (root / "mesh_dagster" / "explanations.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^## ", text, re.MULTILINE)) == len(explanations())
