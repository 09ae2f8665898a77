"""Small contracts, and every engine that an audit runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent
from typing import Any

import duckdb
import polars as pl
import pytest

from mesh_dagster.descriptors import odcs
from mesh_dagster.model.contract import (
    Contract,
    Property,
    Quality,
    Relationship,
    SchemaObject,
)
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

Open = Callable[[pl.DataFrame], Any]
Promise = Callable[..., Contract]


@pytest.fixture(scope="session")
def promise() -> Promise:
    """`promise(column, ..., quality=[...], relationships=[...])` makes a contract of a table t."""

    def make(
        *columns: Property,
        quality: Sequence[Quality] = (),
        relationships: Sequence[Relationship] = (),
    ) -> Contract:
        table = SchemaObject(
            "t",
            columns,
            quality=tuple(quality),
            relationships=tuple(relationships),
            where="contract.odcs.yaml:10",
        )
        return Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,))

    return make


@pytest.fixture(scope="session")
def contract_text() -> Callable[[str], Contract]:
    """`contract_text("- name: a\n  logicalType: string")` reads a contract of a table t."""

    def read_properties(properties: str, more: str = "") -> Contract:
        head = "apiVersion: v3.2.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\n"
        table = "schema:\n- name: t\n  properties:\n"
        return odcs.read(head + table + indent(properties, "  ") + "\n" + more)

    return read_properties


@pytest.fixture(scope="session")
def read_contract() -> Callable[[str], Contract]:
    """Reads a whole contract, past its warnings."""
    return odcs.read


@pytest.fixture(scope="session")
def column() -> Callable[..., Property]:
    """`column("amount", "double", options=...)` makes a property of a simple type."""

    def make(name: str, kind: str = "long", **more: Any) -> Property:
        return Property(name, type=ColumnType(Kind(kind)), where=f"contract:{name}", **more)

    return make


@pytest.fixture(params=["polars", "duckdb"])
def opened(request: pytest.FixtureRequest) -> Open:
    """Opens a frame in each engine, lazily."""

    def in_polars(frame: pl.DataFrame) -> pl.LazyFrame:
        return frame.lazy()

    def in_duckdb(frame: pl.DataFrame) -> duckdb.DuckDBPyRelation:
        relation = duckdb.connect().from_arrow(frame.to_arrow())
        times = [name for name, dtype in frame.schema.items() if dtype == pl.Time]
        # Arrow hands times over in nanoseconds, a type that narwhals has no word for.
        casts = ", ".join(f'"{name}"::TIME AS "{name}"' for name in times)
        return relation.project(f"* REPLACE ({casts})") if times else relation

    return {"polars": in_polars, "duckdb": in_duckdb}[request.param]
