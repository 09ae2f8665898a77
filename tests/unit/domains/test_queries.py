"""The example queries of every product run, and answer something."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl
import pytest

from mesh_dagster.products.making.sandbox import only_select

ROOT = Path(__file__).parents[3]
QUERIES = sorted(ROOT.glob("domains/*/src/*/defs/*/queries/*.sql"))


@pytest.fixture(scope="module")
def database(mesh: Mapping[str, pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for name, frame in mesh.items():
        connection.register(name.replace(".", "_"), frame.to_arrow())
        connection.execute(f"create schema if not exists {name.partition('.')[0]}")
        connection.execute(f"create view {name} as from {name.replace('.', '_')}")
    return connection


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: f"{file.parents[1].name}-{file.stem}")
def test_an_example_query_has_an_answer(file: Path, database: duckdb.DuckDBPyConnection) -> None:
    statement = only_select(file.read_text())
    assert database.sql(statement.query).limit(1).fetchall()


@pytest.mark.parametrize("file", QUERIES, ids=lambda file: f"{file.parents[1].name}-{file.stem}")
def test_an_example_query_says_what_it_answers_and_reads_its_product(file: Path) -> None:
    text = file.read_text()
    folder = file.parents[1]
    assert text.startswith("-- ")
    assert f"{folder.parents[1].name}.{folder.name}" in text
