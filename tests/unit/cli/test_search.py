"""Finding a product by the command, its page, and what is told of it."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mesh_dagster.errors import StorageError
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.index import Index
from mesh_dagster.testing import write_product

Run = Callable[..., Any]


@pytest.fixture
def query(mesh: Mesh, tmp_path: Path) -> None:
    folder = tmp_path / "domains/air/src/air/defs/carriers/queries"
    folder.mkdir()
    (folder / "codes.sql").write_text("-- Which codes are there?\nselect code from air.carriers\n")


def test_a_product_is_found_and_it_is_said_why(published: Mesh, run: Run) -> None:
    ended = run("search", "delay")
    assert ended.code == 0
    first, *rest = ended.out.splitlines()
    assert first.startswith("air/flights · source-aligned · stable · ")
    assert "column delay" in ended.out
    assert max(map(len, rest)) <= 80
    told = run("search", "delay", "--json").json
    assert told["hits"][0]["why"] == {"columns": ["delay"]}


def test_a_heading_keeps_to_the_terminal(
    published: Mesh, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = run("search", "delay").out.splitlines()
    assert lines[0] == "air/flights · source-aligned · stable"
    assert lines[1].startswith("  ")
    assert "readers" in lines[1]
    assert max(map(len, lines)) <= 40


def test_a_typing_error_is_said(published: Mesh, run: Run) -> None:
    ended = run("search", "fligths")
    assert ended.code == 0
    assert "nothing begins with 'fligths'" in ended.err
    assert "air/flights" in ended.out


def test_what_is_nowhere_is_not_found(published: Mesh, run: Run) -> None:
    ended = run("search", "zyzzyva")
    assert (ended.code, ended.out) == (1, "")
    assert "nothing is found: `mesh search` alone lists" in ended.err


def test_where_no_domain_has_told_of_anything_that_is_said(mesh: Mesh, run: Run) -> None:
    ended = run("search", "delay")
    assert (ended.code, ended.out) == (1, "")
    assert "no domain has told of a product yet\n  fix: mesh registry write" in ended.err


def test_a_filter_that_nothing_meets_is_told_with_the_nearest(published: Mesh, run: Run) -> None:
    ended = run("search", "flights", "--domain", "iar", "--tag", "x")
    assert ended.code == 1
    assert "no product has the domain 'iar'; did you mean `air`?" in ended.err
    assert "no product has the tag 'x'; there are none" in ended.err


def test_filters_narrow_a_search(published: Mesh, run: Run) -> None:
    assert "air/carriers" in run("search", "--domain", "air").out
    assert run("search", "--domain", "sea").code == 1
    assert run("search", "--stage", "beta").code == 1
    ended = run("search", "--limit", "1")
    assert ended.out.count("source-aligned") == 1
    assert "the first 1 of 2" in ended.err


def test_a_product_is_found_before_it_is_made_once_its_domain_told_of_it(
    mesh: Mesh, run: Run
) -> None:
    assert run("search", "carriers").code == 1
    ended = run("registry", "write")
    assert ended.code == 0
    assert "air: 2 products, written" in ended.err
    assert "nothing new" in run("registry", "write", "air").err
    assert run("search", "carriers").code == 0


def test_a_domain_that_is_elsewhere_is_not_written(mesh: Mesh, run: Run) -> None:
    ended = run("registry", "write", "sea")
    assert ended.code == 2
    assert "there are: air" in ended.err


def test_the_schema_is_printed_and_documents_are_valid_by_it(published: Mesh, run: Run) -> None:
    schema = run("registry", "schema").json
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(published.documents.read("air/discovery.json"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    document["products"][0]["slos"] = [{"name": 7}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


def test_an_index_tells_what_is_wrong_with_documents(published: Mesh, run: Run) -> None:
    assert run("registry", "index").code == 0
    published.documents.write("sea/discovery.json", b"{")
    ended = run("registry", "index", "--anew")
    assert ended.code == 1
    assert "MESH-D040 sea" in ended.out
    assert "2 products of 1 domains, 1 findings" in ended.err
    assert run("registry", "index", "--json").json["products"] == 2


def test_a_registry_that_cannot_be_asked_leaves_what_was_known(
    published: Mesh, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise StorageError("nobody answers")

    with monkeypatch.context() as patch:
        patch.setattr(Index, "refresh", refuse)
        ended = run("search", "flights")
        assert ended.code == 3
        assert "nobody answers" in ended.err
        assert "the registry cannot be asked" in run("show", "air/flights").out
    known = run("search", "flights").out
    monkeypatch.setattr(Index, "refresh", refuse)
    ended = run("search", "flights")
    assert (ended.code, ended.out) == (0, known)
    assert "air/flights" in known
    assert "this is what was known before: nobody answers" in caplog.text


def test_a_page_tells_how_to_read_a_product(published: Mesh, query: None, run: Run) -> None:
    ended = run("show", "air/carriers")
    assert ended.code == 0
    assert "mesh query air/carriers codes" in ended.out
    assert "Which codes are there?" in ended.out
    assert 'mesh_dagster.read("air/carriers").polars()' in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    script = run("show", "air/carriers", "--read", "pandas").out
    assert 'read("mesh://air/carriers/v1").pandas()' in script
    told = run("show", "air/carriers", "--json").json
    assert sorted(told["read"]["air/carriers/v1"]) == ["duckdb", "pandas", "polars", "spark", "sql"]
    assert told["readers"] == []


def test_an_example_is_shown_with_its_rows(published: Mesh, query: None, run: Run) -> None:
    ended = run("show", "air/carriers", "--query", "codes")
    assert "it was not run yet: mesh query air/carriers codes" in ended.err
    run("registry", "write")
    ended = run("show", "air/carriers", "--query", "codes")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "-- Which codes are there?",
        "select code from air.carriers",
        "",
        "code",
        "AA",
        "UA",
    ]
    assert run("show", "air/carriers", "--query", "codes", "--json").json["rows"] == [
        ["AA"],
        ["UA"],
    ]
    ended = run("show", "air/carriers", "--query", "code")
    assert ended.code == 2
    assert "did you mean `codes`?" in ended.err


def test_a_name_in_a_document_is_no_line_to_paste(
    published: Mesh, query: None, run: Run, tmp_path: Path
) -> None:
    run("registry", "write")
    key = "air/discovery.json"
    document = json.loads(published.documents.read(key))
    for each in document["products"]:
        each["queries"] = [{"name": "top; touch pasted #", "sql": "select 1", "title": "Which?"}]
    published.documents.write(key, json.dumps(document).encode())
    shutil.rmtree(tmp_path / "domains/air")
    shown, asked = run("show", "air/carriers"), run("query", "air/carriers")
    assert (shown.code, asked.code) == (0, 0)
    assert "pasted" not in shown.out + asked.out + asked.err
    assert run("query", "air/carriers", "top; touch pasted #").code == 2


def test_a_major_that_the_short_name_does_not_mean_is_named_with_it(
    published: Mesh, query: None, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_product(published, "air/carriers/v2", {"iata": "VARCHAR"}, {"iata": ["AA"]})
    unread = run("show", "air/carriers/v1", "--query", "codes")
    assert "it was not run yet: mesh query air/carriers/v1 codes" in unread.err
    monkeypatch.setattr("sys.stdin", io.StringIO(".queries\n.queries air.carriers_v1\n.products\n"))
    lines = [line.split() for line in run("query").out.splitlines()]
    assert lines.count(["air.carriers_v1", "codes", "Which", "codes", "are", "there?"]) == 2
    assert ["air.carriers_v1", "-"] in lines
    assert ["air.carriers", "-"] in lines
    run("registry", "write")
    hits = run("search", "carriers").out.splitlines()
    names = ["air/carriers", "air/carriers/v1"]
    assert sorted(line.split(" · ")[0] for line in hits if " · stable" in line) == names
    told = run("search", "carriers", "--json").json["hits"]
    assert sorted(each["name"] for each in told) == names
    for _ in ("here", "elsewhere"):
        old, new = run("show", "air/carriers/v1").out, run("show", "air/carriers/v2").out
        assert "mesh query air/carriers/v1 codes" in old
        assert 'mesh_dagster.read("air/carriers/v1").polars()' in old
        assert "mesh show air/carriers/v1 --read spark" in old
        assert 'mesh_dagster.read("air/carriers").polars()' in new
        shutil.rmtree(tmp_path / "domains/air", ignore_errors=True)


def test_a_page_of_a_product_of_elsewhere_tells_what_its_domain_told(
    published: Mesh, query: None, run: Run, tmp_path: Path
) -> None:
    run("registry", "write")
    here = run("show", "air/carriers", "--json").json
    shutil.rmtree(tmp_path / "domains/air")
    ended = run("show", "air/carriers")
    assert ended.code == 0
    assert "mesh query air/carriers codes" in ended.out
    there = run("show", "air/carriers", "--json").json
    assert there["wiring"] is None
    for same in ("queries", "readers", "publication", "access"):
        assert there[same] == here[same]
