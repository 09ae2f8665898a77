"""What a query reads of object storage is written for it first, and bounded as the query is."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from polars.io.plugins import register_io_source

from mesh_dagster.errors import EvaluationError
from mesh_dagster.products.reading.query import query
from mesh_dagster.products.reading.sql import process
from mesh_dagster.products.reading.sql.process import Ended, Limits, Process


def _endless(columns: Any, condition: Any, rows: Any, size: Any) -> Iterator[pl.DataFrame]:
    while True:
        yield pl.DataFrame({"x": pl.int_range(100_000, eager=True).shuffle()})


@pytest.fixture
def endless() -> pl.LazyFrame:
    return register_io_source(_endless, schema={"x": pl.Int64})


def _ends(rows: pl.LazyFrame, limits: Limits) -> Ended:
    """How writing it ends, with nothing left."""
    with Process("select 1", limits) as asked, pytest.raises(Ended) as ended:
        asked.write(rows, "x")
    assert not asked.folder.exists()
    return ended.value


def test_writing_ends_with_the_seconds_of_the_query(endless: pl.LazyFrame) -> None:
    ended = _ends(endless, Limits(seconds=0.0))
    assert ended.kind == "time"
    assert "longer than 0 seconds" in ended.message


def test_writing_ends_where_it_is_four_times_the_memory_of_the_query(endless: pl.LazyFrame) -> None:
    ended = _ends(endless, Limits(seconds=None, megabytes=1))
    assert ended.kind == "memory"
    assert "more than the 4 MB" in ended.message


def test_writing_ends_with_the_disk(endless: pl.LazyFrame) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        ended = _ends(endless, Limits(seconds=None))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert ended.kind == "disk"
    assert "too large" in ended.message


def test_tables_in_object_storage_count_as_what_the_query_takes(
    world: ModuleType, tmp_path: Any, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = world.Shop.new(tmp_path / "mesh", storage=s3_url)
    shop.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    shop.make(address="shop/items")
    sql = "select item from shop.items"
    assert query(sql, mesh=shop.mesh).to_pylist() == [{"item": "tea"}]
    monkeypatch.setattr(process, "MEMORIES", 0)
    with pytest.raises(EvaluationError, match="more than the 0 MB") as caught:
        query(sql, mesh=shop.mesh)
    assert caught.value.code == "MESH-M067"
    assert "--memory" in (caught.value.fix or "")
