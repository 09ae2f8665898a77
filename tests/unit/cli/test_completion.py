"""The shell completes what the mesh has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mesh_dagster.products.mesh import Mesh


def _completed(words: str, cwd: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", "from mesh_dagster.cli import main; main()"],
        env=os.environ | {"_MESH_COMPLETE": "bash_complete", "COMP_WORDS": words,
                          "COMP_CWORD": str(words.count(" "))},
        capture_output=True, text=True, cwd=cwd, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.split()]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mesh sho", ["show"]),
        ("mesh show air/", ["air/carriers", "air/flights"]),
        ("mesh show mesh://air/f", ["mesh://air/flights"]),
        ("mesh query air/flights", ["air/flights", "air/flights/v1"]),
        ("mesh query air/flights b", ["by_day"]),
        ("mesh lab nothing/", []),
    ],
)
def test_addresses_and_examples_are_completed(
    mesh: Mesh, tmp_path: Path, words: str, found: list[str]
) -> None:
    folder = tmp_path / "domains/air/src/air/defs/flights/queries"
    folder.mkdir()
    (folder / "by_day.sql").write_text("-- How many?\nselect 1")
    assert _completed(words, tmp_path) == found


def test_outside_of_a_mesh_nothing_is_completed_and_nothing_is_said(tmp_path: Path) -> None:
    assert _completed("mesh show a", tmp_path) == []
