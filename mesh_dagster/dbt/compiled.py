"""The SQL that dbt ran, for finding out what a model's columns are made of."""

from __future__ import annotations

import csv
import re
from contextlib import suppress

from mesh_dagster.dbt.manifest import DbtGraph, DbtNode
from mesh_dagster.dbt.project import DbtProject
from mesh_dagster.lineage.columns.models import Model, Models

_PART = re.compile(r'"((?:[^"]|"")+)"|([^."]+)')
_BY_SQL = ("view", "table", "incremental", "ephemeral")


def compiled_models(project: DbtProject, graph: DbtGraph, model: DbtNode) -> Models:
    """A model and all that it is made of, as the last command of dbt compiled them."""
    models = tuple(_model(project, each) for each in graph.upstream(model))
    inputs = {graph.sources[id_]: parts(name) for id_, name in graph.tables.items() if name}
    return Models(models, inputs)


def parts(relation: str) -> tuple[str, ...]:
    """The database, schema and table of a name in quotes."""
    return tuple(quoted.replace('""', '"') or plain for quoted, plain in _PART.findall(relation))


def _model(project: DbtProject, node: DbtNode) -> Model:
    name = parts(node.relation) or (node.name,)
    if node.kind == "seed":
        return Model(name, columns=_header(project, node))
    if node.kind != "model" or not node.plain or node.materialized not in _BY_SQL:
        return Model(name)
    file = project.state / "target" / "compiled" / node.package / node.path
    sql = None
    with suppress(OSError, UnicodeDecodeError):
        sql = file.read_text(encoding="utf-8")
    return Model(name, sql, grows=node.materialized == "incremental")


def _header(project: DbtProject, node: DbtNode) -> tuple[str, ...] | None:
    """The columns of a seed; None where its file does not tell."""
    try:
        with (project.folder / node.path).open(encoding="utf-8", newline="") as file:
            return tuple(next(csv.reader(file), ())) or None
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
