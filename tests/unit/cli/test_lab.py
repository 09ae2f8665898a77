"""A product to try out, in a session and as a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import polars as pl
import pytest

from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh

Run = Callable[..., Any]
QUERIES = "domains/air/src/air/defs/flights/queries"
HOSTILE = 'select \'"""\' as a, \'\\\' as b, "day" from air.flights -- """\\" # $(id)'


@pytest.fixture
def air(published: Mesh, tmp_path: Path) -> Mesh:
    folder = tmp_path / QUERIES
    folder.mkdir()
    (folder / "by_day.sql").write_text(
        "-- How many <b>flights</b> a day?\nselect day, count(*) as flights from air.flights\n"
        "group by day order by day"
    )
    (folder / "hostile.sql").write_text(f"-- ![x](http://x) `# head`\n{HOSTILE}")
    return published


def _piped(line: list[str], typed: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mesh_dagster.cli", *line],
        input=typed, capture_output=True, text=True, cwd=cwd, check=False,
    )  # fmt: skip


def test_a_session_has_the_rows_the_queries_and_the_mesh(air: Mesh, tmp_path: Path) -> None:
    typed = "print(flights.collect().height, queries.by_day().height, port.address)\nmesh\n"
    done = _piped(["lab", "air/flights"], typed, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "queries.by_day()   How many <b>flights</b> a day?" in done.stdout
    assert "3 2 mesh://air/flights/v1" in done.stdout
    assert "mesh['domain/product'].read()" in done.stdout


def test_a_session_can_be_as_of_then(air: Mesh, run: Run) -> None:
    ended = run("lab", "air/flights", "--as-of", "2013-10-01")
    assert ended.code == 3
    assert "MESH-M010" in ended.err


def test_rows_and_example_queries_of_a_session_are_as_of_the_same_moment(
    air: Mesh, tmp_path: Path
) -> None:
    product = Address.parse("air/carriers")
    queries = tmp_path / QUERIES.replace("flights/", "carriers/")
    queries.mkdir()
    (queries / "count_all.sql").write_text("select count(*) as n from air.carriers")
    pl.DataFrame({"code": ["AA", "UA", "DL"]}).write_parquet(queries.parent / "rows.parquet")
    materialize(air, air.load(product))
    typed = (
        "print(carriers.collect().height, queries.count_all()['n'][0])\n"
        "print(queries['count_all']()['n'][0], queries.count_all(as_of=2)['n'][0])\n"
    )
    for then, said in ((["--as-of", "1"], "2 2\n2 3\n"), ([], "3 3\n3 3\n")):
        done = _piped(["lab", "air/carriers", *then], typed, tmp_path)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout.replace(">>> ", "")


def test_on_a_terminal_it_is_ipython(air: Mesh, at_terminal: Callable[..., Any]) -> None:
    terminal = at_terminal("lab", "air/flights", term="dumb")
    assert "mesh://air/flights/v1" in terminal.sees("In [1]")
    terminal.types("flights.collect().height * 1000\r")
    assert "3000" in terminal.sees("In [2]")
    terminal.types("exit\r")
    assert terminal.ends() == 0


@pytest.mark.parametrize("then", [[], ["--as-of", "1"], ["--as-of", "2013-11-08"]])
def test_a_notebook_is_valid_and_its_cells_run(
    air: Mesh, run: Run, tmp_path: Path, then: list[str]
) -> None:
    file = tmp_path / "flights.ipynb"
    ended = run("lab", "air/flights", "--notebook", str(file), *then)
    assert (ended.code, ended.out) == (0, "")
    assert "written: " in ended.err
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    cells = [each.source for each in notebook.cells if each.cell_type == "code"]
    assert len(cells) == 4
    dated = then and not then[1].isdecimal()
    assert ("import datetime" in cells[0], "import Path" in cells[0]) == (bool(dated), False)
    script = "\n\n".join(cells) + "\nprint(flights.collect().height)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3"]


def test_texts_of_others_are_texts_in_a_notebook(air: Mesh, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "flights.ipynb"
    run("lab", "air/flights", "--notebook", str(file))
    cells = json.loads(file.read_text())["cells"]
    page = "".join(line for each in cells if each["cell_type"] == "markdown"
                   for line in each["source"])  # fmt: skip
    assert "<b>" not in page
    assert "![x]" not in page
    found: list[str] = []
    exec(
        "".join(cells[-1]["source"]),
        {"mesh": type("Asked", (), {"query": lambda self, sql: found.append(sql)})()},
    )
    assert found == [HOSTILE]


def test_a_notebook_elsewhere_finds_its_mesh(air: Mesh, run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    file = elsewhere / "carriers.ipynb"
    assert run("lab", "air/carriers", "--notebook", str(file)).code == 0
    cells = json.loads(file.read_text())["cells"]
    script = "\n".join("".join(each["source"]) for each in cells if each["cell_type"] == "code")
    subprocess.run([sys.executable, "-c", script], cwd=elsewhere, check=True)


def test_a_notebook_that_is_there_is_somebodys_work(air: Mesh, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "flights.ipynb"
    file.write_text("mine")
    ended = run("lab", "air/flights", "--notebook", str(file))
    assert ended.code == 2
    assert "is there already" in ended.err
    assert file.read_text() == "mine"


def test_what_is_not_there_is_told(air: Mesh, run: Run) -> None:
    ended = run("lab", "air/flight")
    assert ended.code == 2
    assert "did you mean `air/flights`" in ended.err
