"""The join of two products on the screen: SQL alone on stdout, what it is worth on stderr."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_product

Run = Callable[..., Any]


@pytest.fixture
def crews(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """`air/crews`, whose people have a home and a carrier, and what those are."""

    def of(entity: str) -> dict[str, Any]:
        custom = [{"property": "entity", "value": entity}]
        return {"physicalType": "VARCHAR", "customProperties": custom}

    people = {"who": ["Ada", "Bob", "Eve"], "code": ["AA", "AA", None], "flies": ["UA", "AA", "UA"]}
    columns = {"who": "VARCHAR", "code": of("carrier"), "flies": of("carrier")}
    write_product(mesh, "air/crews/v1", columns, people, key=["who"])
    write_product(mesh, "air/lines/v1", {"code": of("carrier")}, {"code": ["AA", "UA"]},
                  key=["code"])  # fmt: skip
    fresh = Mesh.open(mesh.config.root)
    for path in ("air/crews", "air/lines"):
        materialize(fresh, fresh.load(Address.parse(path)))
    return fresh


def test_the_sql_on_stdout_is_pasted_into_a_query(
    crews: Mesh, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run("compose", "air/crews", "air/lines")
    assert ended.code == 0
    assert "air/crews with air/lines, 2 ways, the best first" in ended.err
    assert "1. flies = code · carrier · 100 % match 100 % of the other · 1.0 for each" in ended.err
    assert "3 of 3 rows of air/crews meet 2 of 2 of air/lines" in ended.err
    monkeypatch.setattr("sys.stdin", io.StringIO(ended.out))
    assert len(run("query", "-", "--json").json) == 3


def test_what_is_not_as_one_would_like_is_said(crews: Mesh, run: Run) -> None:
    ended = run("compose", "air/lines", "air/crews")
    assert "a row of air/lines meets up to 2 of air/crews" in ended.err
    assert "its key has who as well" in ended.err


def test_as_json_every_way_has_its_condition_and_numbers(crews: Mesh, run: Run) -> None:
    found = run("compose", "air/crews", "air/lines", "--json").json
    best, other = found["steps"][0]["ways"]
    assert best["on"] == "crews.flies = lines.code"
    assert other["tested"] == {
        "left_rows": 3, "left_nulls": 1, "left_matched": 2, "left_share": 2 / 3,
        "right_rows": 2, "right_nulls": 0, "right_matched": 1, "right_share": 0.5,
        "joined": 2, "fan_out": 1.0, "most": 1,
    }  # fmt: skip
    assert found["sql"].startswith("select\n")
    assert found["apart"] == []


def test_what_joins_with_nothing_ends_with_findings(crews: Mesh, run: Run) -> None:
    ended = run("compose", "air/crews", "air/flights")
    assert (ended.code, ended.out) == (1, "")
    assert "air/flights joins with nothing before it" in ended.err
    assert "air/flights identifies no entity" in ended.err
    assert run("compose", "air/crews").code == 2
