"""The example queries of every product run, and answer something."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl
import pytest

from mesh_dagster.access.masks import masked_frame
from mesh_dagster.descriptors.mesh import read_mesh
from mesh_dagster.descriptors.product import load_product
from mesh_dagster.products.making.sandbox import only_select

ROOT = Path(__file__).parents[3]
QUERIES = sorted(ROOT.glob("domains/*/src/*/defs/*/queries/*.sql"))


@pytest.fixture(scope="module")
def database(
    mesh: Mapping[str, pl.DataFrame], folders: dict[str, Path]
) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for name, frame in {**mesh, **masked(mesh, folders)}.items():
        connection.register(name.replace(".", "_"), frame.to_arrow())
        connection.execute(f"create schema if not exists {name.partition('.')[0]}")
        for view in (name, f"{name}_v1"):
            connection.execute(f"create view {view} as from {name.replace('.', '_')}")
    return connection


def masked(mesh: Mapping[str, pl.DataFrame], folders: dict[str, Path]) -> dict[str, pl.DataFrame]:
    """The derived port of each product that has one, by SQL name."""
    masks = read_mesh(ROOT / "mesh.yaml").masks
    loaded = {name: load_product(folder, masks=masks) for name, folder in folders.items()}
    return {
        f"{name}__masked": masked_frame(
            mesh[name].lazy(), mesh[name].columns, product.masks, b"a key of the tests"
        ).collect()
        for name, product in loaded.items()
        if product.masks
    }


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
