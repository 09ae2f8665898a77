"""The life of a product at the command line: what is missing, what was done, what readers see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_product

CARRIERS = "domains/air/src/air/defs/carriers"
Run = Callable


@pytest.fixture
def owned(published: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """The published mesh, called by the owner of its products; `desk/board` reads the carriers."""
    domain = tmp_path / "domains/air/src/air/domain.yaml"
    domain.write_text("name: air\nteam: Air\nmembers: [{username: grace, role: owner}]\n")
    monkeypatch.setenv("MESH_USER", "grace")
    copy = "def transform(carriers):\n    return carriers\n"
    inputs = {"carriers": "mesh://air/carriers/v1"}
    write_product(published, "desk/board/v1", {"code": "VARCHAR"}, inputs=inputs, transform=copy)
    return published


def test_what_is_missing_for_a_promotion_is_told_with_the_way_to_get_it(
    owned: Mesh, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / CARRIERS / "product.odps.yaml"
    file.write_text(file.read_text().replace("value: stable", "value: alpha"))
    before = file.read_text()
    ended = run("promote", "air/carriers", "--yes")
    assert ended.code == 1
    assert ended.out.startswith("air/carriers/v1: alpha → beta\n")
    assert "purpose: description: {purpose: ...} in " in ended.out
    assert file.read_text() == before
    assert run("promote", "air/carriers", "--json").json["missing"] == [
        "purpose", "use case", "service level",
    ]  # fmt: skip


def test_a_deprecation_is_seen_wherever_a_product_is_looked_for(owned: Mesh, run: Run) -> None:
    write_product(owned, "air/carriers/v2", {"code": "VARCHAR"}, {"code": ["AA"]}, key=["code"])
    ended = run(
        "deprecate", "air/carriers/v1", "--sunset", "2014-01-31",
        "--instead", "air/carriers/v2", "--why", "codes are reused",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    said = "air/carriers/v1: stable → deprecated, until 2014-01-31, by grace "
    assert ended.out == f"{said}(environment, unverified)\n"
    told = "until 2014-01-31, read air/carriers/v2 instead"
    shown = run("show", "air/carriers/v1").out
    assert shown.startswith("air/carriers/v1 · 1.1.0 · source-aligned · deprecated\n")
    assert f"deprecated   {told}: codes" in shown
    assert 'mesh_dagster.read("air/carriers/v1").polars()' in shown
    listed = run("products")
    assert ["air/carriers/v1", "1.1.0", "deprecated"] in [
        line.split()[:3] for line in listed.out.splitlines()
    ]
    assert f"air/carriers/v1 is deprecated {told}" in listed.err
    assert f"  deprecated {told}" in run("search", "carriers").out
    (plain,) = [
        each for each in run("products", "--json").json if each["address"].endswith("carriers/v1")
    ]
    assert plain["life"] == "deprecated"
    assert plain["deprecation"]["sunset"] == "2014-01-31"


def test_what_is_read_is_not_retired(owned: Mesh, run: Run) -> None:
    refused = run("retire", "air/carriers", "--yes")
    assert refused.code == 2
    assert "MESH-P040" in refused.err
    assert "fix: mesh deprecate air/carriers/v1 --sunset" in refused.err
    assert run("deprecate", "air/carriers", "--sunset", "2014-01-31").code == 0
    refused = run("retire", "air/carriers")
    assert "MESH-P042 air/carriers/v1 is still needed: desk/board/v1 reads it" in refused.err


def test_what_nobody_reads_is_retired_when_that_is_said(
    owned: Mesh, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "domains/air/src/air/defs/flights"
    file = folder / "product.odps.yaml"
    file.write_text(file.read_text().replace("value: stable", "value: beta"))
    shown = run("retire", "air/flights")
    assert (shown.code, shown.out) == (0, "air/flights/v1 is beta, and nobody needs it\n")
    assert "mesh retire air/flights/v1 --yes" in shown.err
    ended = run("retire", "air/flights", "--yes", "--why", "nobody came", "--json")
    assert ended.json["after"] == "retired"
    assert ended.json["why"] == "nobody came"
    refused = run("query", "select * from air.flights_v1")
    assert refused.code == 3
    assert "MESH-P044 air/flights/v1 is retired, and read no more" in refused.err
    assert "MESH-P044" in run("run", "air/flights/v1", "--partition", "2013-11-01").err
    assert run("query", "select count(*) as n from air.flights_v1", "--as-of", "1").code == 0
