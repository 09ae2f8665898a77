"""The reference mesh computed from the real data, with plain Polars, DuckDB and dbt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.products.making.transform import Window

Frames = Mapping[str, pl.DataFrame]

ROOT = Path(__file__).parents[3]
DOMAINS = ("network", "fleet", "weather", "flights", "crew", "punctuality", "journeys")
DBT = "from dbt.cli.main import cli; cli()"


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of mesh.yaml."""
    return ROOT


@pytest.fixture(scope="session")
def folders() -> dict[str, Path]:
    """The folder of each product, by its SQL name."""
    found = sorted(ROOT.glob("domains/*/src/*/defs/*/product.odps.yaml"))
    return {f"{file.parents[2].name}.{file.parent.name}": file.parent for file in found}


@pytest.fixture(scope="session")
def year() -> Window:
    return days("2013-01-01", "2013-12-31")


@pytest.fixture(scope="session")
def week() -> Window:
    return days("2013-11-01", "2013-11-07")


@pytest.fixture(scope="session")
def sources(folders: dict[str, Path]) -> Frames:
    """Every source file that a defs.yaml names, whole, by input port."""
    frames = {}
    for folder in folders.values():
        wiring = yaml.safe_load((folder / "defs.yaml").read_text())["attributes"]
        for port, source in wiring.get("sources", {}).items():
            frames[port] = _read(source)
    return frames


@pytest.fixture(scope="session")
def made(folders: dict[str, Path], sources: Frames, year: Window) -> Frames:
    """What every `transform.py` makes of the whole year, by SQL name."""
    frames = {}
    for name, folder in folders.items():
        if (folder / "transform.py").exists():
            transform = load_transform(folder)
            wanted = transform.__code__.co_varnames[: transform.__code__.co_argcount]
            offered = {port: frame.lazy() for port, frame in sources.items()} | {"window": year}
            frames[name] = transform(**{each: offered[each] for each in wanted}).collect()
    return frames


@pytest.fixture(scope="session")
def dbt_build(made: Frames, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Run the dbt project for a window on input ports; gives route_delays, or raises."""

    def build(window: Window, inputs: Frames | None = None) -> pl.DataFrame:
        place = tmp_path_factory.mktemp("dbt")
        ports = {"departures": made["flights.departures"]}
        ports |= {"airports": made["network.airports"], "carriers": made["fleet.carriers"]}
        return run_dbt(ROOT / "dbt_projects/punctuality", place, ports | dict(inputs or {}), window)

    return build


@pytest.fixture(scope="session")
def delay_risk(folders: dict[str, Path]) -> Callable[..., pl.DataFrame]:
    """Run the SQL transform of journeys/delay_risk for a window on input ports."""
    sql = (folders["journeys.delay_risk"] / "transform.sql").read_text()

    def run(inputs: Frames, window: Window) -> pl.DataFrame:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for name, frame in inputs.items():
                connection.register(name, frame.to_arrow())
            bounds = {"first_partition": window.first, "last_partition": window.last}
            return connection.sql(sql, params=bounds).pl()

    return run


@pytest.fixture(scope="session")
def mesh(made: Frames, dbt_build: Any, delay_risk: Any, year: Window) -> Frames:
    """Every product for the whole year, by SQL name."""
    route_delays = dbt_build(year)
    inputs = {"departures": made["flights.departures"], "route_delays": route_delays}
    inputs["observations"] = made["weather.observations"]
    risk = delay_risk(inputs, year)
    aggregates = {"punctuality.route_delays": route_delays, "journeys.delay_risk": risk}
    return {**made, **aggregates}


def days(first: str, last: str) -> Window:
    start = datetime.fromisoformat("2013-01-01T00:00:00Z")
    partitioning = Partitioning(Every.DAY, "flight_date", start)
    return Window(tuple(partitioning.between(first, last)), partitioning)


def load_transform(folder: Path) -> Callable[..., pl.LazyFrame]:
    spec = spec_from_file_location(f"transform_of_{folder.name}", folder / "transform.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.transform


def run_dbt(project: Path, place: Path, inputs: Frames, window: Window) -> pl.DataFrame:
    database = place / "private.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema inputs")
        for name, frame in inputs.items():
            frame.write_parquet(place / f"{name}.parquet")
            files = f"read_parquet('{place / name}.parquet')"
            connection.execute(f"create view inputs.{name} as select * from {files}")
    bounds = {"first_partition": window.first, "last_partition": window.last}
    folders = ["--project-dir", project, "--profiles-dir", project, "--log-path", place / "logs"]
    folders += ["--target-path", place / "target", "--vars", json.dumps(bounds)]
    done = subprocess.run(
        [sys.executable, "-c", DBT, "--no-use-colors", "build", *map(str, folders)],
        env={**os.environ, "MESH_DBT_DUCKDB": str(database)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.sql("from route_delays").pl()


def _read(source: Mapping[str, Any]) -> pl.DataFrame:
    spec = find_spec(source["package"])
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / source["path"]
    text = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0])
    return pl.read_csv(text, null_values=source["null_values"], infer_schema_length=None)
