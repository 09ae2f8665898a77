"""`mesh lineage`, `mesh impact` and `mesh map` on a small mesh of real products."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_product

Run = Callable[..., Any]
SQL = "select day, avg(delay)::double as mean, count(*)::bigint as n from flights group by day"


@pytest.fixture
def chain(published: Mesh) -> Mesh:
    """`air/flights`, added up by `stats/days`, of which `stats/weeks` is made in pandas."""
    write_product(
        published,
        "stats/days/v1",
        {"day": "DATE", "mean": "DOUBLE", "n": "BIGINT"},
        inputs={"flights": "mesh://air/flights/v1"},
        sql=SQL,
    )
    write_product(
        published,
        "stats/weeks/v1",
        {"n": "BIGINT"},
        inputs={"days": "mesh://stats/days/v1"},
        transform="def transform(days):\n    return days.select('n').collect().to_pandas()\n",
    )
    mesh = Mesh(published.config)
    for path in ("stats/days", "stats/weeks"):
        materialize(mesh, mesh.load(Address.parse(path)))
    return mesh


def test_a_product_is_shown_with_what_it_reads_and_who_reads_it(chain: Mesh, run: Run) -> None:
    ended = run("lineage", "stats/days")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "stats/days/v1",
        "made of",
        "  air/flights/v1  day, delay",
        "read by",
        "  stats/weeks/v1",
    ]
    assert run("lineage", "show", "stats/days").out == ended.out
    assert "made of" not in run("lineage", "stats/days", "--down").out
    assert "weeks" not in run("lineage", "air/flights", "--depth", "1").out


def test_a_column_is_followed_to_its_source(chain: Mesh, run: Run) -> None:
    ended = run("lineage", "stats/days.mean", "--up")
    assert ended.out.splitlines() == [
        "stats/days/v1.mean",
        "made of",
        "  air/flights/v1.delay  AGGREGATION",
        "    rows.delay (source)  IDENTITY",
    ]
    for spelled in ("mesh://stats/days/v1.mean", "stats.days.mean", "stats/days/v1.MEAN"):
        assert run("lineage", spelled, "--up").out == ended.out


def test_what_is_read_stands_below_its_reader_where_a_line_has_no_room(
    chain: Mesh, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    assert run("lineage", "stats/days.mean", "--up").out.splitlines() == [
        "stats/days/v1.mean",
        "made of",
        "  air/flights/v1.delay",
        "      AGGREGATION",
        "    rows.delay (source)",
        "        IDENTITY",
    ]


def test_unknown_is_told_from_made_of_no_column(chain: Mesh, run: Run) -> None:
    assert run("lineage", "stats/weeks.n").out.splitlines() == [
        "stats/weeks/v1.n",
        "made of: unknown",
    ]
    assert run("lineage", "stats/days.n", "--up").out.splitlines() == [
        "stats/days/v1.n",
        "made of no column",
    ]
    assert "made of" not in run("lineage", "stats/days.n", "--down").out
    inputs = {"weeks": "mesh://stats/weeks/v1"}
    write_product(
        chain, "stats/months/v1", {"n": "BIGINT"}, inputs=inputs, sql="select n from weeks"
    )
    mesh = Mesh(chain.config)
    materialize(mesh, mesh.load(Address.parse("stats/months")))
    assert run("lineage", "stats/months.n", "--up").out.splitlines() == [
        "stats/months/v1.n",
        "made of",
        "  stats/weeks/v1.n  IDENTITY, made of: unknown",
    ]
    found = run("lineage", "stats/weeks.n", "--json").json
    assert (found["unknown"], found["made_of_none"]) == (["stats/weeks/v1.n"], [])
    found = run("lineage", "stats/days.n", "--json").json
    assert (found["unknown"], found["made_of_none"]) == ([], ["stats/days/v1.n"])


def test_a_column_that_is_not_there_is_told_with_the_nearest(chain: Mesh, run: Run) -> None:
    ended = run("lineage", "stats/days.meen")
    assert ended.code == 2
    assert "MESH-L044" in ended.err
    assert "did you mean `mean`" in ended.err


def test_it_is_told_in_json(chain: Mesh, run: Run) -> None:
    found = run("lineage", "stats/days.mean", "--json").json
    assert found["start"] == "stats/days/v1.mean"
    assert found["levels"]["air/flights/v1.delay"] == -1
    step = {"from": "air/flights/v1.delay", "to": "stats/days/v1.mean"}
    assert step | {"how": "AGGREGATION", "certain": True} in found["edges"]
    assert [each["path"] for each in found["products"]] == ["air/flights/v1", "stats/days/v1"]


def test_it_is_drawn_in_the_languages_of_others(chain: Mesh, run: Run) -> None:
    mermaid = run("lineage", "stats/days", "--mermaid").out
    assert mermaid.startswith("flowchart LR\n")
    assert re.search(r'n\d --> ?\|?"?[^\n]*n\d', mermaid)
    dot = run("lineage", "stats/days.mean", "--dot").out
    assert dot.startswith("digraph lineage {")
    assert dot.rstrip().endswith("}")
    assert '"air/flights/v1" -> "stats/days/v1" [label="delay → mean"]' in dot


def drawn(page: str) -> ET.Element:
    """The picture of a page, which is well-formed."""
    return ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])


def test_it_is_drawn_as_a_page_that_loads_nothing(chain: Mesh, run: Run) -> None:
    page = run("lineage", "stats/days.mean", "--html").out
    assert page.startswith("<!doctype html>")
    assert not re.search(r"(src|href)=|url\(['\"]?http", page)
    picture = drawn(page)
    nodes = [each.get("data-id") for each in picture.iter("g")]
    assert {"air/flights/v1", "stats/days/v1", "air/flights/v1/source:rows"} <= set(nodes)
    arrows = {(each.get("data-from"), each.get("data-to")) for each in picture.iter("path")}
    assert ("air/flights/v1", "stats/days/v1") in arrows


def test_the_impact_of_a_column_is_told_in_order(chain: Mesh, run: Run) -> None:
    ended = run("impact", "air/flights.delay")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert [line.split()[:2] for line in lines[1:] if line[:4].strip()] == [
        ["1", "stats/days/v1"],
        ["2", "stats/weeks/v1"],
    ]
    assert "mean" in ended.out
    assert "all of it, perhaps" in ended.out
    assert "2 products of 1 domain would break with air/flights/v1.delay" in ended.err
    assert "1 of them only perhaps" in ended.err
    found = run("impact", "air/flights.delay", "--json").json
    assert [each["node"]["path"] for each in found["affected"]] == [
        "stats/days/v1",
        "stats/weeks/v1",
    ]


def test_who_declares_a_column_and_makes_nothing_of_it_is_told_so(chain: Mesh, run: Run) -> None:
    product = chain.config.root / "domains/stats/src/stats/defs/days/product.odps.yaml"
    document = yaml.safe_load(product.read_text())
    declared = {"property": "columns", "value": ["day", "delay", "id"]}
    document["inputPorts"][0].setdefault("customProperties", []).append(declared)
    product.write_text(yaml.safe_dump(document))
    ended = run("impact", "air/flights.id")
    assert ended.code == 1
    assert "its run, which asks for it" in ended.out
    assert "stats/weeks" not in ended.out
    assert "1 of them only where it goes away" in ended.err
    assert "perhaps" not in ended.err
    assert "its run" not in run("impact", "air/flights.delay").out


def test_what_was_not_followed_is_told(
    chain: Mesh, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mesh_dagster.registry.impact.MOST", 1)
    ended = run("impact", "air/flights.delay")
    assert ended.code == 1
    assert "stats/weeks/v1" not in ended.out
    assert "more would break than is listed" in ended.err


def test_nothing_breaks_with_what_nobody_uses(chain: Mesh, run: Run) -> None:
    ended = run("impact", "air/flights.id")
    assert (ended.code, ended.out) == (0, "nothing downstream is made of air/flights/v1.id\n")
    assert run("impact", "air/carriers").code == 0


def test_the_impact_of_a_change_is_that_of_its_columns(
    chain: Mesh, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "domains/air/src/air/defs/flights/contract.odcs.yaml"
    document = yaml.safe_load(file.read_text())
    columns = document["schema"][0]["properties"]
    document["schema"][0]["properties"] = [each for each in columns if each["name"] != "delay"]
    changed = tmp_path / "changed.odcs.yaml"
    changed.write_text(yaml.safe_dump(document))
    found = run("impact", "--change", "air/flights", str(changed), "--json")
    assert found.code == 1
    assert found.json["columns"] == ["delay"]
    assert found.json["affected"][0]["node"]["path"] == "stats/days/v1"
    same = run("impact", "--change", "air/flights", str(file))
    assert (same.code, same.out) == (0, "")
    assert "nothing changes" in same.err


@pytest.mark.parametrize("line", [[], ["air/flights", "--change", "a", "b"]])
def test_it_asks_for_one_thing(chain: Mesh, run: Run, line: list[str]) -> None:
    ended = run("impact", *line)
    assert ended.code == 2
    assert "MESH-L045" in ended.err


def test_the_map_lists_products_and_what_the_graph_says(chain: Mesh, run: Run) -> None:
    ended = run("map")
    assert ended.code == 0
    rows = [line.split() for line in ended.out.splitlines()]
    assert [row[:2] for row in rows[1:5]] == [
        ["air", "carriers"],
        ["air", "flights"],
        ["stats", "days"],
        ["stats", "weeks"],
    ]
    assert rows[4][-2:] == ["2", "0"]
    assert "MESH-L043 air/carriers/v1 · no product of the mesh reads it" in ended.out
    assert "4 products in 2 domains, read over 2 edges" in ended.err
    found = run("map", "--json").json
    assert len(found["edges"]) == 2
    assert {each["code"] for each in found["findings"]} == {"MESH-L043"}


def test_the_map_is_one_page(chain: Mesh, run: Run, tmp_path: Path) -> None:
    ended = run("map", "-o", str(tmp_path / "map.html"))
    assert ended.code == 0
    page = (tmp_path / "map.html").read_text()
    assert not re.search(r"(src|href)=|url\(['\"]?http", page)
    nodes = {each.get("data-id") for each in drawn(page).iter("g")}
    products = {"air/carriers/v1", "air/flights/v1", "stats/days/v1", "stats/weeks/v1"}
    assert nodes == {"air", "stats"} | products
    assert run("map", "--html").out.rstrip() == page.rstrip()


def test_a_map_that_cannot_be_written_is_told(chain: Mesh, run: Run, tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "map.html"
    ended = run("map", "-o", str(nowhere))
    assert ended.code == 2
    assert f"{nowhere} cannot be written: No such file or directory" in ended.err


def test_names_of_others_are_harmless_in_every_picture(chain: Mesh, run: Run) -> None:
    product = chain.config.root / "domains/stats/src/stats/defs/weeks/product.odps.yaml"
    document = yaml.safe_load(product.read_text())
    document["team"] = {"name": '</text><script>alert("x")</script>'}
    product.write_text(yaml.safe_dump(document))
    page = run("map", "--html").out
    assert "<script>alert" not in page
    assert drawn(page).tag == "svg"
