"""The rows of a query in every format, on the screen and in files."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from mesh_dagster.products.mesh import Mesh

Run = Callable[..., Any]
SQL = "select id, day, delay from air.flights order by id"
ROWS = [
    {"id": 1, "day": "2013-11-01", "delay": 5},
    {"id": 2, "day": "2013-11-01", "delay": None},
    {"id": 4, "day": "2013-11-03", "delay": 9},
]
ODD = """select
    1.5::decimal(5, 2) as decimal, sum(2) as sum, [1, 2] as list, {'a': 'x', 'b': null} as struct,
    map {'k': 1} as map, 'ä;"q"' as text, '' as empty, null as nothing, 'nan'::double as nan,
    timestamptz '2013-11-01 05:00:00+00' as at, time '05:00' as clock, interval 1 day as span,
    'x'::blob as blob, 'b'::enum('a', 'b') as enum,
    uuid '00000000-0000-0000-0000-000000000001' as uuid
"""


def _read(file: Path) -> list[dict[str, Any]]:
    match file.suffix:
        case ".csv":
            return pl.read_csv(file).to_dicts()
        case ".json":
            return json.loads(file.read_text())
        case ".ndjson" | ".jsonl":
            return [json.loads(line) for line in file.read_text().splitlines()]
        case ".parquet":
            return pl.read_parquet(file).with_columns(pl.col("day").dt.to_string()).to_dicts()
        case _:
            with pa.ipc.open_file(file) as opened:
                table = opened.read_all()
            return [row | {"day": str(row["day"])} for row in table.to_pylist()]


@pytest.mark.parametrize(
    "suffix", ["csv", "json", "ndjson", "jsonl", "parquet", "arrow", "feather"]
)
def test_a_file_has_the_format_that_its_name_says(
    published: Mesh, run: Run, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"rows.{suffix}"
    ended = run("query", SQL, "--output", str(file))
    assert (ended.code, ended.out) == (0, "")
    assert f"3 rows in {file}" in ended.err
    assert _read(file) == ROWS


def test_what_is_written_to_stdout_is_the_same(published: Mesh, run: Run, tmp_path: Path) -> None:
    for kind in ("csv", "json", "ndjson"):
        (tmp_path / f"x.{kind}").write_text(run("query", SQL, "--format", kind).out)
        assert _read(tmp_path / f"x.{kind}") == ROWS
    for kind in ("parquet", "arrow"):
        done = subprocess.run(
            [sys.executable, "-m", "mesh_dagster.cli", "query", SQL, "--format", kind],
            capture_output=True, check=True, cwd=tmp_path,
        )  # fmt: skip
        if kind == "parquet":
            assert pl.read_parquet(io.BytesIO(done.stdout)).height == 3
        else:
            assert pa.ipc.open_stream(done.stdout).read_all().num_rows == 3


def test_no_rows_are_a_whole_file_too(published: Mesh, run: Run, tmp_path: Path) -> None:
    sql = "select id, day from air.flights where id > 100"
    assert run("query", sql, "--format", "json").json == []
    assert run("query", sql, "--format", "ndjson").out == ""
    assert run("query", sql, "--format", "csv").out == '"id","day"\n'
    file = tmp_path / "none.parquet"
    assert run("query", sql, "--output", str(file)).code == 0
    assert pl.read_parquet(file).columns == ["id", "day"]


def test_every_type_has_its_place_in_every_format(mesh: Mesh, run: Run, tmp_path: Path) -> None:
    (row,) = run("query", ODD, "--json").json
    assert (row["sum"], row["list"], row["nan"], row["empty"]) == (2, [1, 2], None, "")
    (found,) = csv.DictReader(io.StringIO(run("query", ODD, "--format", "csv").out))
    assert (found["list"], found["text"], found["nothing"]) == ("[1, 2]", 'ä;"q"', "")
    for kind in ("parquet", "arrow", "ndjson"):
        file = tmp_path / f"odd.{kind}"
        assert run("query", ODD, "--output", str(file)).code == 0, kind
    assert run("query", ODD).code == 0
    assert pl.read_parquet(tmp_path / "odd.parquet")["span"].dtype == pl.String


def test_a_limit_holds_for_every_format_and_is_said(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    for kind in ("csv", "json", "ndjson", "parquet", "arrow"):
        file = tmp_path / f"rows.{kind}"
        ended = run("query", SQL, "--limit", "2", "--output", str(file))
        assert "only the first 2 rows" in ended.err
        assert _read(file) == ROWS[:2]
    assert "only" not in run("query", SQL, "--limit", "3").err
    assert len(run("query", "from range(250)").out.splitlines()) == 101
    assert len(run("query", "from range(250)", "--limit", "0").out.splitlines()) == 251
    assert len(run("query", "from range(250)", "--format", "csv").out.splitlines()) == 251


def test_a_result_that_fails_leaves_what_was_there(
    published: Mesh, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("before")
    sql = "select case when range = 300000 then error('no') else range end as n from range(400000)"
    ended = run("query", sql, "--output", str(file))
    assert ended.code == 3
    assert "MESH-M043" in ended.err
    assert file.read_text() == "before"
    slow = "select count(*) from range(1000000000) a, range(1000000) b"
    assert run("query", slow, "--timeout", "3", "--output", str(file)).code == 3
    assert file.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".tmp")] == []


def test_who_is_killed_while_writing_leaves_nothing_under_the_name(
    published: Mesh, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    sql = "select range, repeat('x', 100) as text from range(100000000)"
    command = [sys.executable, "-m", "mesh_dagster.cli", "query", sql, "--output", str(file)]
    with subprocess.Popen(command, cwd=tmp_path) as process:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and not list(tmp_path.glob(".rows.csv.*.tmp")):
            time.sleep(0.05)
        time.sleep(0.3)
        process.kill()
    assert list(tmp_path.glob(".rows.csv.*.tmp"))
    assert not file.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--output", "rows.xyz"], "says no format"),
        (["--output", "nowhere/rows.csv"], "cannot be written"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--memory", "1"], "--memory"),
        (["--limit", "-1"], "--limit"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    published: Mesh, run: Run, options: list[str], said: str
) -> None:
    ended = run("query", SQL, *options)
    assert ended.code in (2, 3)
    assert said in ended.err
    assert ended.out == ""
