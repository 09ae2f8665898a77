"""Where Dagster keeps its state, and which locations it is given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from mesh_dagster.errors import UsageError
from mesh_dagster.orchestrate.home import dagster_home, own_dagster_home
from mesh_dagster.orchestrate.session import LOCK, only_one, take
from mesh_dagster.orchestrate.workspace import alone, locations, workspace

WORKSPACE = {
    "load_from": [
        {
            "python_module": {
                "module_name": f"{name}.definitions",
                "working_directory": f"domains/{name}/src",
                "location_name": name,
            }
        }
        for name in ("fleet", "flights")
    ]
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "workspace.yaml").write_text(yaml.safe_dump(WORKSPACE))
    return tmp_path


def test_a_home_is_made_without_telemetry_and_left_to_its_owner(tmp_path: Path) -> None:
    home = own_dagster_home(tmp_path)
    written = yaml.safe_load((home / "dagster.yaml").read_text())
    assert written["telemetry"] == {"enabled": False}
    assert written["concurrency"]["pools"] == {"default_limit": 1}
    (home / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    assert own_dagster_home(tmp_path) == home
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: true}\n"


def test_a_home_in_the_environment_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/somewhere/else")
    assert dagster_home(tmp_path) == Path("/somewhere/else")
    assert list(tmp_path.iterdir()) == []


def test_two_daemons_cannot_hold_one_home(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        (tmp_path / LOCK).open("a") as again,
        pytest.raises(UsageError, match="already"),
    ):
        take(again, tmp_path)
    with only_one(tmp_path):
        pass


def test_who_holds_a_home_is_named_by_its_process(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("1\n")  # of one that ended
    with (
        only_one(tmp_path),
        pytest.raises(UsageError, match=f"another Dagster, process {os.getpid()}, works in"),
        only_one(tmp_path),
    ):
        pass


def test_one_location_alone_has_absolute_paths(root: Path) -> None:
    written = alone(root, "flights", root / ".mesh")
    (entry,) = yaml.safe_load(written.read_text())["load_from"]
    assert entry["python_module"]["working_directory"] == str(root / "domains/flights/src")
    assert list(locations(written)) == ["flights"]


def test_a_location_that_is_not_there_is_refused_with_a_suggestion(root: Path) -> None:
    with pytest.raises(UsageError, match="did you mean `flights`"):
        alone(root, "flihgts", root / ".mesh")


def test_a_mesh_without_a_workspace_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no workspace\.yaml") as raised:
        workspace(tmp_path)
    assert raised.value.code == "MESH-M061"
