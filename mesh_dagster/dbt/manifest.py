"""What a dbt project consists of, from the manifest that dbt parses it to.

Parsing takes seconds, so its result is kept under a hash of the project's files, and what a
location needs to load is kept beside it in a small file of its own.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mesh_dagster.dbt.project import DbtProject, call_dbt
from mesh_dagster.errors import UsageError

_MADE = ("model", "seed", "snapshot")
_FULL, _SHORT = "manifest.json", "nodes.json"


@dataclass(frozen=True, slots=True)
class DbtNode:
    """A model, seed or snapshot. `reads` are ids of other nodes and of sources."""

    id: str
    name: str
    kind: str
    relation: str
    reads: tuple[str, ...]
    description: str
    path: str
    columns: tuple[tuple[str, str, str], ...]
    """Name, type and description."""
    package: str = ""
    materialized: str = ""
    plain: bool = True
    """Whether its SQL is all that makes it: no Python, no hooks."""


@dataclass(frozen=True, slots=True)
class DbtTest:
    """A test, and the node it is shown at: of several that it reads, the last one downstream."""

    id: str
    name: str
    node: str
    severity: str
    description: str


@dataclass(frozen=True, slots=True)
class DbtGraph:
    """The nodes, tests and sources of a project.

    `sources` maps an id to its table's name, `tables` to that with its database and schema.
    """

    nodes: Mapping[str, DbtNode]
    tests: tuple[DbtTest, ...]
    sources: Mapping[str, str]
    manifest: Path
    tables: Mapping[str, str] = field(default_factory=dict)

    def node(self, name: str, project: DbtProject) -> DbtNode:
        """The node of a name. Raises `UsageError` where there is none."""
        found = [node for node in self.nodes.values() if node.name == name]
        if not found:
            raise UsageError(
                f"the dbt project of {project.domain} has no model {name!r}; it has: "
                + ", ".join(sorted(node.name for node in self.nodes.values())),
                code="MESH-M057",
                where=str(project.folder),
                fix=f"add models/{name}.sql, or name another in defs.yaml",
            )
        return found[0]

    def upstream(self, node: DbtNode) -> list[DbtNode]:
        """A node and all that it is made of, in the order in which dbt builds them."""
        ordered: dict[str, DbtNode] = {}

        def visit(each: DbtNode) -> None:
            for read in each.reads:
                if read in self.nodes and read not in ordered:
                    visit(self.nodes[read])
            ordered[each.id] = each

        visit(node)
        return list(ordered.values())

    def inputs(self, nodes: Iterable[DbtNode]) -> set[str]:
        """The names of the source tables that these nodes read directly."""
        return {self.sources[read] for node in nodes for read in node.reads if read in self.sources}


def load_graph(project: DbtProject) -> DbtGraph:
    """The graph of a project, parsed by dbt if its files have changed.

    Raises `TransformError` with what dbt says of a project that it cannot parse.
    """
    kept = project.state / "manifests" / project.fingerprint()
    if not (kept / _SHORT).is_file():
        _parse(project, kept)
    content = json.loads((kept / _SHORT).read_text(encoding="utf-8"))
    return DbtGraph(
        nodes={each["id"]: _node(each) for each in content["nodes"]},
        tests=tuple(DbtTest(**each) for each in content["tests"]),
        sources=content["sources"],
        manifest=kept / _FULL,
        tables=content["tables"],
    )


def _parse(project: DbtProject, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        # dbt's own cache of parsed files is shared by nobody: two locations may parse at once.
        environment = {**project.environment, "DBT_TARGET_PATH": folder}
        call_dbt(project, ["parse", "--quiet", "--no-partial-parse"], environment)
        manifest = json.loads((Path(folder) / _FULL).read_text(encoding="utf-8"))
        draft = Path(folder) / "kept"
        draft.mkdir()
        shutil.copyfile(Path(folder) / _FULL, draft / _FULL)
        (draft / _SHORT).write_text(json.dumps(_short(manifest)), encoding="utf-8")
        try:
            draft.replace(kept)
        except OSError:
            if not (kept / _SHORT).is_file():
                raise
    for old in kept.parent.iterdir():
        if old != kept and (old / _SHORT).is_file():
            shutil.rmtree(old, ignore_errors=True)


def _short(manifest: Mapping[str, Any]) -> dict[str, Any]:
    nodes = manifest["nodes"]
    made = {id_: _node_of(each) for id_, each in nodes.items() if each["resource_type"] in _MADE}
    tests = [each for each in nodes.values() if each["resource_type"] == "test"]
    shown = [_test_of(each, made) for each in tests if _shown_at(each, made)]
    return {
        "nodes": [asdict(each) for each in made.values()],
        "tests": [asdict(each) for each in shown],
        "sources": {id_: each["name"] for id_, each in manifest["sources"].items()},
        "tables": {id_: each["relation_name"] for id_, each in manifest["sources"].items()},
    }


def _node_of(each: Mapping[str, Any]) -> DbtNode:
    config = each.get("config", {})
    return DbtNode(
        id=each["unique_id"],
        name=each["name"],
        kind=each["resource_type"],
        relation=each["relation_name"] or "",
        reads=tuple(each.get("depends_on", {}).get("nodes", ())),
        description=each.get("description") or "",
        path=each["original_file_path"],
        columns=tuple(
            (name, column.get("data_type") or "", column.get("description") or "")
            for name, column in each.get("columns", {}).items()
        ),
        package=each["package_name"],
        materialized=config.get("materialized") or "",
        plain=(each.get("language") or "sql") == "sql"
        and not (config.get("pre-hook") or config.get("post-hook")),
    )


def _test_of(each: Mapping[str, Any], made: Mapping[str, DbtNode]) -> DbtTest:
    return DbtTest(
        id=each["unique_id"],
        name=each["name"],
        node=_shown_at(each, made),
        severity=(each.get("config", {}).get("severity") or "error").lower(),
        description=each.get("description") or "",
    )


def _shown_at(test: Mapping[str, Any], made: Mapping[str, DbtNode]) -> str:
    """A test of a column is its model's; any other belongs where all that it reads is made."""
    if attached := test.get("attached_node"):
        return str(attached) if attached in made else ""
    read = [made[id_] for id_ in test["depends_on"]["nodes"] if id_ in made]
    graph = DbtGraph(made, (), {}, Path())
    deepest = max(read, key=lambda node: (len(graph.upstream(node)), node.id), default=None)
    return deepest.id if deepest else ""


def _node(each: Mapping[str, Any]) -> DbtNode:
    columns = tuple((name, kind, text) for name, kind, text in each["columns"])
    return DbtNode(**{**each, "reads": tuple(each["reads"]), "columns": columns})
