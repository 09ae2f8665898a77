"""A dbt model as the transform of a product.

The input ports are put into the domain's private DuckDB file as the tables `inputs.<port>`, dbt
builds the model and all that it is made of, and the model's rows are staged, audited and
published like any other product's.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mesh_dagster.dbt.compiled import compiled_models
from mesh_dagster.dbt.manifest import DbtNode, load_graph
from mesh_dagster.dbt.project import DbtProject, call_dbt, find_project
from mesh_dagster.lineage.columns.models import Models
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.products.making.transform import Input, Transform, Window
from mesh_dagster.products.mesh import Mesh

Runner = Callable[[DbtProject, Sequence[str]], None]
"""Runs a dbt command; Dagster's tells its events on the way."""


class ParquetFiles(list[str]):
    """Paths of the files of a folder that is there for as long as the list is.

    `columns` are those in the files, `models` what made them.
    """

    def __init__(self, folder: Path, columns: Sequence[str], models: Models) -> None:
        super().__init__(str(path) for path in sorted(folder.glob("*.parquet")))
        self.columns = tuple(columns)
        self.models = models
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)


def run_dbt(project: DbtProject, arguments: Sequence[str]) -> None:
    """dbt's own command line, for whoever runs a product without Dagster."""
    call_dbt(project, arguments, project.environment)


def dbt_transform(mesh: Mesh, loaded: LoadedProduct, runner: Runner = run_dbt) -> Transform:
    """The transform of a product whose rows are a dbt model.

    Raises `MissingExtra`, and `UsageError` for a project or a model that is not there; running
    it raises `TransformError` when dbt fails, a test of severity error included.
    """
    project = find_project(mesh, loaded.domain)
    graph = load_graph(project)
    model = graph.node(loaded.wiring.transform.name, project)

    def run(inputs: Mapping[str, Input], window: Window) -> ParquetFiles:
        with _alone(project):
            _put(project, inputs)
            runner(project, _build(model, window))
            return _rows(project, model, compiled_models(project, graph, model))

    return run


def _build(model: DbtNode, window: Window) -> list[str]:
    partitions = {"first_partition": window.first, "last_partition": window.last}
    given = {name: key for name, key in partitions.items() if key is not None}
    variables = ["--vars", json.dumps(given)] if given else []
    return ["build", "--select", f"+{model.name}", *variables]


@contextmanager
def _alone(project: DbtProject) -> Iterator[None]:
    """DuckDB lets one process write a file: runs of the domain's dbt products take turns."""
    project.duckdb.parent.mkdir(parents=True, exist_ok=True)
    with project.duckdb.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _put(project: DbtProject, inputs: Mapping[str, Input]) -> None:
    import duckdb

    with duckdb.connect(str(project.duckdb)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema if not exists inputs")
        for name, each in inputs.items():
            table = f'inputs."{name}"'
            connection.execute(f"drop table if exists {table}")
            each.duckdb(connection).create(table)


def _rows(project: DbtProject, model: DbtNode, models: Models) -> ParquetFiles:
    import duckdb

    folder = Path(tempfile.mkdtemp(prefix="mesh-dbt-"))
    with duckdb.connect(str(project.duckdb), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.sql(f"from {model.relation}")
        columns = rows.columns
        rows.write_parquet(str(folder / f"{model.name}.parquet"))
    return ParquetFiles(folder, columns, models)
