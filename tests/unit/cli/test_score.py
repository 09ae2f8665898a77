"""`mesh score`: in 80 columns, with evidence, the command that helps, a badge and a gate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from mesh_dagster.cli.table import width_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.scoring.badge import badge

Run = Callable[..., Any]
NAMES = ("DISC", "ADDR", "TRUS", "SELF", "INTE", "SECU")


@pytest.fixture
def told(published: Mesh, run: Run) -> Mesh:
    run("registry", "write")
    return published


def test_products_are_listed_with_their_dimensions_and_the_mean(told: Mesh, run: Run) -> None:
    found = run("score")
    assert found.code == 0
    head, *rows = found.out.splitlines()
    assert head.split() == ["PRODUCT", "SCORE", "30", "D", *NAMES]
    assert [row.split()[0] for row in rows] == ["air/carriers/v1", "air/flights/v1", "on"]
    assert "secure fails" in found.err
    assert run("score", "air").out == found.out


def test_a_product_tells_each_point_with_its_evidence(told: Mesh, run: Run) -> None:
    found = run("score", "air/flights")
    assert found.code == 0
    assert "What would raise it, what helps most first:" in found.out
    assert "secure fails, so the whole is no more than 50" in found.out
    assert "fix: mesh review --product air/flights/v1" in found.out
    assert "purpose · declared" in found.out
    assert "discoverable · registered" in found.out.partition("What is so:")[2]


def test_what_is_told_fits_80_columns(told: Mesh, run: Run) -> None:
    for line in ["score"], ["score", "air/flights"]:
        for each in run(*line).out.splitlines():
            path = each.strip().startswith(("at ", "fix: "))  # a command is not cut
            assert path or width_of(each) <= 80, each


def test_json_has_every_point(told: Mesh, run: Run) -> None:
    (found,) = run("score", "air/flights", "--json").json
    assert found["product"] == "air/flights/v1"
    assert 0 <= found["score"] <= 50
    assert [each["name"][0] for each in found["dimensions"]] == list("datsis")
    points = [point for each in found["dimensions"] for point in each["points"]]
    assert all(point["evidence"] for point in points)
    assert {point["side"] for point in points} == {"declared", "observed"}
    assert all(point["fix"] for point in points if point["share"] < 1)
    assert max(point["gain"] for point in points) > 0


def test_a_gate_fails_where_a_product_has_less(told: Mesh, run: Run) -> None:
    (found,) = run("score", "air/flights", "--json").json
    assert run("score", "air/flights", "--least", str(found["score"])).code == 0
    assert run("score", "air/flights", "--least", str(found["score"] + 1)).code == 1


def test_a_badge_is_a_picture(told: Mesh, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "badge.svg"
    assert run("score", "air/flights", "--badge", str(file)).code == 0
    root = ET.fromstring(file.read_text())
    assert root.tag.endswith("svg")
    (found,) = run("score", "air/flights", "--json").json
    assert f"{found['score']} of 100" in file.read_text()
    assert run("score", "--badge", str(tmp_path / "no" / "where.svg")).code == 2


@pytest.mark.parametrize("overall", range(0, 101, 10))
def test_a_badge_says_what_it_is_of_and_nothing_gets_out_of_it(overall: int) -> None:
    root = ET.fromstring(badge(overall, 'a"/><script>&'))
    assert "script" not in [each.tag.rpartition("}")[2] for each in root.iter()]
    assert root.attrib["aria-label"] == f'a"/><script>&: {overall} of 100'


def test_nobody_is_scored_who_is_not_there(told: Mesh, run: Run) -> None:
    found = run("score", "nobody")
    assert found.code == 2
    assert "nothing is known of a domain 'nobody'" in found.err
    assert run("score", "air/nothing").code == 2


def test_a_page_and_a_search_tell_the_score(told: Mesh, run: Run) -> None:
    (found,) = run("score", "air/flights", "--json").json
    assert f"score {found['score']}" in run("search", "flights").out
    assert f"{found['score']} of 100: discoverable" in run("show", "air/flights").out
    assert run("show", "air/flights", "--json").json["score"]["overall"] == found["score"]
