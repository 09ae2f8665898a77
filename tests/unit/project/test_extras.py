"""Every extra that a message, a document or a target names can be installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mesh_dagster.plugins import EXTRAS

NAMED = re.compile(
    r"mesh-dagster\[([a-z,]+)\]|MissingExtra\([^)]*?,\s*\"([a-z]+)\"\s*\)|'\.\[([a-z,]+)\]'"
)


def test_every_extra_that_is_named_exists(root: Path, pyproject: dict[str, Any]) -> None:
    files = [
        *(root / "mesh_dagster").rglob("*.py"),
        *(root / "mesh_dagster").rglob("*.md"),
        *(root / "docs").rglob("*.md"),
        *(root / name for name in ("README.md", "Makefile", "pyproject.toml")),
    ]
    named = {
        extra
        for path in files
        for groups in NAMED.findall(path.read_text(encoding="utf-8"))
        for group in groups
        for extra in group.split(",")
        if extra
    }
    assert "dev" in named
    assert named | set(EXTRAS.values()) <= set(pyproject["project"]["optional-dependencies"])
