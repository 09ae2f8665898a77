"""Where a domain's dbt project lies, and how dbt is called for it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mesh_dagster.errors import MissingExtra, TransformError, UsageError
from mesh_dagster.model.domain import Domain
from mesh_dagster.products.mesh import Mesh

FILE = "dbt_project.yml"
DUCKDB = "MESH_DBT_DUCKDB"
"""The variable by which profiles.yml finds the database: `{{ env_var('MESH_DBT_DUCKDB') }}`."""

_MADE_BY_DBT = {"target", "logs", "dbt_packages", ".user.yml", "__pycache__"}


@dataclass(frozen=True, slots=True)
class DbtProject:
    """A domain's dbt project. `duckdb` is its private database, `state` the folder for what dbt
    writes; neither is in the project's own folder."""

    domain: str
    folder: Path
    duckdb: Path
    state: Path

    @property
    def environment(self) -> dict[str, str]:
        """What dbt's process gets: no telemetry, and every file it writes under `state`."""
        return {
            **os.environ,
            DUCKDB: str(self.duckdb),
            "DBT_PROFILES_DIR": str(self.folder),
            "DBT_PROJECT_DIR": str(self.folder),
            "DBT_TARGET_PATH": str(self.state / "target"),
            "DBT_LOG_PATH": str(self.state / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_USE_COLORS": "false",
        }

    def fingerprint(self) -> str:
        """A hash over every file of the project, and over dbt's own version."""
        from importlib.metadata import version

        digest = hashlib.sha256(version("dbt-core").encode())
        for path in sorted(_files(self.folder)):
            digest.update(f"\0{path.relative_to(self.folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:32]


def find_project(mesh: Mesh, domain: Domain) -> DbtProject:
    """The dbt project of a domain: `dbt_projects/<domain>` in a folder above the domain's.

    Raises `MissingExtra` without dbt, and `UsageError` where there is no project.
    """
    if find_spec("dbt") is None or find_spec("dagster_dbt") is None:
        raise MissingExtra(f"the dbt project of {domain.name}", "dbt")
    looked = [above / "dbt_projects" / domain.name for above in domain.folder.parents]
    found = [folder for folder in looked if (folder / FILE).is_file()]
    if not found:
        raise UsageError(
            f"a product of {domain.name} is a dbt model, and the domain has no dbt project",
            code="MESH-M055",
            where=str(mesh.config.root / "dbt_projects" / domain.name),
            fix=f"dbt init {domain.name}, in {mesh.config.root / 'dbt_projects'}",
        )
    state = mesh.config.state
    return DbtProject(
        domain.name, found[0], state / f"{domain.name}.duckdb", state / "dbt" / domain.name
    )


def call_dbt(project: DbtProject, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a dbt command in a process of its own. Raises `TransformError` with what dbt said."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "dbt.cli.main", *arguments],
        cwd=project.folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise dbt_failure(project, arguments[0], done.stdout + done.stderr)
    return done.stdout


def dbt_failure(project: DbtProject, command: str, said: str) -> TransformError:
    return TransformError(
        f"dbt {command} failed for {project.domain}:\n{said.strip()[-4000:]}",
        code="MESH-M056",
        where=str(project.folder),
        fix=f"dbt {command} --project-dir {project.folder}",
    )


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _MADE_BY_DBT:
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
