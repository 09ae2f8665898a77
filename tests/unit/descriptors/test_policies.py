"""`policies` of mesh.yaml and domain.yaml, and waivers.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mesh_dagster.descriptors.domain import read_domain
from mesh_dagster.descriptors.mesh import mesh_problems, read_mesh
from mesh_dagster.descriptors.waivers import read_waivers, written
from mesh_dagster.model.policy import Force, PolicySettings, PolicyWaiver

MESH = "name: air\nstorage: s\n"


def mesh(folder: Path, text: str) -> Path:
    path = folder / "mesh.yaml"
    path.write_text(MESH + text)
    return path


def test_policies_and_those_who_govern_are_read_and_remembered(tmp_path: Path) -> None:
    path = mesh(
        tmp_path,
        """
policies:
  sets: [standard, ours]
  columns-described: {force: grace, until: 2014-01-31}
  chain-short: {severity: {beta: warning, stable: none}, most: 4, except: [a, b]}
  slos-present: {severity: error}
governance:
  members: [{username: ada, role: chair}]
""",
    )
    found = [read_mesh(path) for _ in range(2)]
    assert found[0] == found[1]
    policies = found[1].policies
    assert policies is not None
    assert policies.sets == ("standard", "ours")
    described, chain, slos = policies.settings
    assert (described.force, described.until) == (Force.GRACE, date(2014, 1, 31))
    assert described.severity == {}
    assert chain.severity == {"beta": "warning", "stable": "none"}
    assert chain.options == {"most": 4, "except": ["a", "b"]}
    assert slos.severity == {"*": "error"}
    assert described.where == f"{path}:6"
    assert [each.username for each in found[0].governance] == ["ada"]


def test_a_mesh_that_says_nothing_of_policies_has_none(tmp_path: Path) -> None:
    assert read_mesh(mesh(tmp_path, "")).policies is None


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("{force: grace}", "MESH-P002"),
        ("{force: enforced, until: 2014-01-31}", "MESH-P002"),
        ("{force: grace, until: soon}", "MESH-D008"),
        ("{force: forceful}", "MESH-D010"),
        ("{severity: fatal}", "MESH-D010"),
        ("{severity: {gamma: error}}", "MESH-D007"),
        ("{most: {a: 1}}", "MESH-D008"),
        ("enforced", "MESH-D008"),
    ],
)
def test_what_cannot_be_said_of_a_policy_is_told_with_its_line(
    tmp_path: Path, stated: str, code: str
) -> None:
    found = mesh_problems(mesh(tmp_path, f"policies:\n  columns-described: {stated}\n"))
    assert code in [each.code for each in found]
    assert all((each.where or "").endswith(("mesh.yaml:4", "mesh.yaml:3")) for each in found)


def test_a_domain_says_the_same_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "domain.yaml").write_text(
        "name: shop\nteam: Shop\nregion: eu\npolicies: {sets: [ours]}\n"
        "members: [{username: ada, role: owner, dateIn: '2020-01-01'}]\n"
    )
    found = read_domain(tmp_path)
    assert found.policies == PolicySettings(("ours",))
    assert found.region == "eu"
    assert found.members[0].rest == {"dateIn": "2020-01-01"}


def waiver(**changes: str) -> PolicyWaiver:
    stated = {"policy": "columns-described", "subject": "shop", "by": "ada", "why": "it: is # old"}
    return PolicyWaiver(until=date(2014, 1, 31), **(stated | changes))


def test_waivers_that_are_written_read_back_as_the_same(tmp_path: Path) -> None:
    given = (waiver(), waiver(subject="shop/orders", why="a\n'quoted' \"reason\" — ünd mehr"))
    (tmp_path / "waivers.yaml").write_text(written(given))
    found, problems = read_waivers(tmp_path)
    assert found == given
    assert problems == ()
    assert (found[0].where or "").endswith("waivers.yaml:5")


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert read_waivers(tmp_path) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "waivers: [{policy: a-b, subject: s, by: x, why: y}]",
        "waivers: [{policy: a-b, subject: s, by: x, why: y, until: never}]",
        "waivers: [{policy: a-b, subject: s, by: x, why: '', until: 2014-01-31}]",
        "waivers: everything",
        "waivers: [1, [2], null]",
        "- a",
        "\x00",
        "schemaVersion: 7",
    ],
)
def test_a_waiver_that_lacks_something_does_not_hold(tmp_path: Path, text: str) -> None:
    (tmp_path / "waivers.yaml").write_text(text)
    found, problems = read_waivers(tmp_path)
    assert found == ()
    assert problems
