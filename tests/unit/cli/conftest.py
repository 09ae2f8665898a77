"""A small mesh of real files, and the command in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.cli import root
from mesh_dagster.model.address import Address
from mesh_dagster.products.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_mesh, write_product

DAYS = {"every": "day", "column": "day", "start": "2013-11-01"}
KEY = {"id": "BIGINT", "day": "DATE", "delay": "INTEGER"}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mesher = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command sets in the environment, for its replay, ends with the test."""
    for name in (clock.NOW, clock.SINCE):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """`air/flights`, by day, whose second day breaks its key, and `air/carriers`, whole."""
    made = write_mesh(tmp_path, replay={"now": "2013-11-04T12:00:00Z", "since": "2013-11-01"})
    days = [date(2013, 11, day) for day in (1, 1, 2, 2, 3)]
    flights = pl.DataFrame(
        {"id": [1, 2, 3, 3, 4], "day": days, "delay": [5, None, 7, 8, 9]},
        schema_overrides={"delay": pl.Int32},
    )
    write_product(made, "air/flights/v1", KEY, flights, key=["id", "day"], partitions=DAYS)
    write_product(
        made, "air/carriers/v1", {"code": "VARCHAR"}, {"code": ["AA", "UA"]}, key=["code"]
    )
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def published(mesh: Mesh) -> Mesh:
    """The same, materialized: 2013-11-02 waits in quarantine."""
    for path, partitions in (
        ("air/flights", ["2013-11-01", "2013-11-02", "2013-11-03"]),
        ("air/carriers", None),
    ):
        materialize(mesh, mesh.load(Address.parse(path)), partitions=partitions)
    return mesh


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Mesher:
    """Run a command line; 80 columns wide, as there is no terminal."""

    def call(*arguments: str) -> Ended:
        capsys.readouterr()
        code = root.run(arguments)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return call
