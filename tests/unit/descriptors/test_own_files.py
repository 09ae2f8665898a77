"""mesh.yaml and domain.yaml: where they are found and what they may say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesh_dagster.descriptors.cron import cron_problem
from mesh_dagster.descriptors.domain import domain_problems, find_domain, read_domain
from mesh_dagster.descriptors.mesh import find_mesh, mesh_problems, read_mesh
from mesh_dagster.errors import DescriptorError, NotInMesh
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.product import Member


def mesh(folder: Path, text: str) -> Path:
    path = folder / "mesh.yaml"
    path.write_text(text)
    return path


def test_the_places_of_a_mesh_are_relative_to_its_file(tmp_path: Path) -> None:
    config = read_mesh(mesh(tmp_path, "name: nycair\nstorage: .mesh/storage\n"))
    assert config.storage == f"{tmp_path}/.mesh/storage"
    assert config.registry == f"{tmp_path}/.mesh/storage/_registry"
    assert config.journal == "sqlite"
    assert config.domains == ("domains/*/src/*",)
    assert config.replay is None
    assert config.root == tmp_path


def test_everything_may_be_said(tmp_path: Path) -> None:
    text = """
schemaVersion: 1
name: nycair
storage: s3://bucket/prefix/
registry: /srv/registry/../documents
journal: postgresql+psycopg://mesh@db/mesh_{domain}
domains: [a/*]
replay: {now: 2013-11-08T12:00:00Z, since: 2013-11-01}
"""
    config = read_mesh(mesh(tmp_path, text))
    assert config.storage == "s3://bucket/prefix"
    assert config.registry == "/srv/documents"
    assert config.replay is not None
    assert config.replay.now == datetime(2013, 11, 8, 12, tzinfo=UTC)
    assert config.replay.since == datetime(2013, 11, 1, tzinfo=UTC)


def test_the_mesh_is_found_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = mesh(tmp_path, "")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_mesh(below) == path
    monkeypatch.chdir(below)
    assert find_mesh() == path


def test_the_environment_names_the_mesh_by_file_or_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = mesh(tmp_path, "")
    for named in (path, tmp_path):
        monkeypatch.setenv("MESH_CONFIG", str(named))
        assert find_mesh(Path("/")) == path


def test_outside_of_a_mesh_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(NotInMesh, match="in any folder above it"):
        find_mesh(tmp_path)


@pytest.mark.parametrize("named", ["https://example.com/mesh.yaml", "/nowhere/mesh.yaml"])
def test_a_mesh_that_is_no_file_is_refused(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("MESH_CONFIG", named)
    with pytest.raises(NotInMesh, match="MESH_CONFIG is"):
        find_mesh()


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("storage: s\n", "MESH-D009", "`name` is missing"),
        ("name: a\n", "MESH-D009", "`storage` is missing"),
        ("name: a\nstorage: s\nschemaVersion: 2\n", "MESH-D012", "newer than the 1"),
        ("name: a\nstorage: s\nschemaVersion: 0\n", "MESH-D011", "expected 1"),
        ("name: a\nstorage: s\njournal: pg\n", "MESH-D010", "expected sqlite or"),
        ("name: a\nstorage: s\ndomains: [../*]\n", "MESH-D025", "below the mesh's folder"),
        ("name: a\nstorage: s\nreplay: {now: then}\n", "MESH-D008", "an ISO 8601 moment"),
        ("name: a\nstorage: s\nreplay: {since: 2013-01-01}\n", "MESH-D009", "`now` is missing"),
    ],
)
def test_a_wrong_mesh_is_told(tmp_path: Path, text: str, code: str, part: str) -> None:
    path = mesh(tmp_path, text)
    (finding,) = mesh_problems(path)
    assert finding.code == code
    assert part in finding.message
    with pytest.raises(DescriptorError):
        read_mesh(path)


def test_a_key_of_a_newer_release_is_a_warning_only(tmp_path: Path) -> None:
    path = mesh(tmp_path, "name: a\nstorage: s\nstorag: t\n")
    (finding,) = mesh_problems(path)
    assert finding.severity is Severity.WARNING
    assert "did you mean `storage`?" in finding.message
    assert read_mesh(path).name == "a"


def test_a_domain_says_who_answers_for_it(tmp_path: Path) -> None:
    (tmp_path / "domain.yaml").write_text(
        "name: flights\nteam: Flight Operations\ncontact: f@x.org\ncostCentre: CC-1\n"
        "members: [{username: ada, role: owner, dateIn: 2013-01-01}]\n"
    )
    domain = read_domain(tmp_path)
    assert (domain.name, domain.team, domain.cost_centre) == (
        "flights",
        "Flight Operations",
        "CC-1",
    )
    assert domain.members == (Member("ada", "owner", rest={"dateIn": "2013-01-01"}),)
    below = tmp_path / "defs" / "x"
    below.mkdir(parents=True)
    assert find_domain(below) == tmp_path


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("team: a\n", "MESH-D009"),
        ("name: Flights\nteam: a\n", "MESH-D014"),
        ("name: flights_v1\nteam: a\n", "MESH-D014"),
        ("name: system\nteam: a\n", "MESH-D014"),
        ("name: temp\nteam: a\n", "MESH-D014"),
        ("name: memory\nteam: a\n", "MESH-D014"),
        ("name: information_schema\nteam: a\n", "MESH-D014"),
        ("name: pg_catalog\nteam: a\n", "MESH-D014"),
        ("name: flights\nteam: [a]\n", "MESH-D008"),
        ("name: flights\nteam: a\nmembers: [{name: Ada}]\n", "MESH-D009"),
    ],
)
def test_a_wrong_domain_is_told(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "domain.yaml").write_text(text)
    assert [finding.code for finding in domain_problems(tmp_path)] == [code]
    with pytest.raises(DescriptorError):
        read_domain(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "0 6 * * *",
        "*/15 * * * *",
        "0 0 1 jan mon",
        "0 0 L * *",
        "5,10-20/2 0-23 1 1-12 0-7",
        "@daily",
    ],
)
def test_a_cron_schedule_is_one(text: str) -> None:
    assert cron_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 6 * *",
        "60 0 * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "x * * * *",
    ],
)
def test_a_field_of_a_cron_schedule_stays_in_its_range(text: str) -> None:
    assert cron_problem(text) is not None


@pytest.mark.parametrize(
    "text",
    ["*/0 * * * *", "5-1 * * * *", "1- * * * *", "@never", "0 0 * foo *", "*-5 * * * *"],
)
def test_what_is_no_cron_schedule_is_told(text: str) -> None:
    assert cron_problem(text) is not None
