"""A small mesh on disk: `shop/sales` by day from a source, `reports/totals` that reads it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import dagster as dg
import pytest

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
TOTALS = dg.AssetKey(["reports", "totals", "v1"])


@dataclass
class MeshOnDisk:
    """Writes the files of a mesh, and loads its locations."""

    root: Path
    loaded: dict[str, dg.Definitions] = field(default_factory=dict)

    def folder(self, domain: str, product: str) -> Path:
        return self.root / "domains" / domain / "src" / domain / "defs" / product

    def domain(self, name: str, team: str = "The Team") -> Path:
        home = self.root / "domains" / name
        package = home / "src" / name
        (package / "defs").mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
        (package / "defs" / "__init__.py").touch()
        (package / "domain.yaml").write_text(f"name: {name}\nteam: {team}\n")
        (package / "definitions.py").write_text(
            "from mesh_dagster import domain_definitions\n\ndefs = domain_definitions(__file__)\n"
        )
        (home / "pyproject.toml").write_text(
            dedent(
                f"""
                [tool.dg]
                directory_type = "project"
                [tool.dg.project]
                root_module = "{name}"
                code_location_target_module = "{name}.definitions"
                """
            )
        )
        return package

    def product(
        self,
        path: str,
        *,
        columns: dict[str, str],
        wiring: str,
        transform: str = "",
        inputs: dict[str, str] | None = None,
        quality: str = "",
        file: str = "transform.py",
    ) -> Path:
        """Write a product; a column is given as `TYPE [options of the property]`."""
        domain, name = path.split("/")
        folder = self.folder(domain, name)
        folder.mkdir(parents=True, exist_ok=True)
        self.descriptor(path, inputs or {})
        self.contract(path, columns, quality)
        (folder / "defs.yaml").write_text(
            "type: mesh_dagster.DataProduct\nattributes:\n" + _indented(wiring, 2)
        )
        if transform:
            (folder / file).write_text(dedent(transform))
        return folder

    def descriptor(self, path: str, inputs: dict[str, str]) -> None:
        domain, name = path.split("/")
        lines = [f"  - {{name: {n}, version: 1.0.0, contractId: '{i}'}}" for n, i in inputs.items()]
        ports = "\n".join(["inputPorts:", *lines]) if inputs else ""
        (self.folder(domain, name) / "product.odps.yaml").write_text(
            f"""\
apiVersion: v1.0.0
kind: DataProduct
id: mesh://{path}
name: {name}
domain: {domain}
version: 1.0.0
status: active
description: {{purpose: To be tested., limitations: None., usage: Read it.}}
{ports}
outputPorts:
  - {{name: {name}, version: 1.0.0, contractId: 'mesh://{path}/v1', description: Rows.}}
team:
  name: The Team
  members: [{{username: owner@example.org, role: owner}}]
tags: [a tag, other]
customProperties:
  - {{property: archetype, value: source-aligned}}
  - {{property: stage, value: stable}}
""".replace("\n\n", "\n")
        )

    def contract(self, path: str, columns: dict[str, str], quality: str = "") -> None:
        domain, name = path.split("/")
        properties = "\n".join(
            f"      - {{name: {column}, {kind}}}" for column, kind in columns.items()
        )
        (self.folder(domain, name) / "contract.odcs.yaml").write_text(
            f"""\
apiVersion: v3.1.0
kind: DataContract
id: mesh://{path}/v1
name: {name}
version: 1.0.0
status: active
domain: {domain}
dataProduct: {name}
schema:
  - name: {name}
    logicalType: object
    physicalType: table
    properties:
{properties}
"""
            + _indented(quality, 4)
        )

    def definitions(self, domain: str) -> dg.Definitions:
        """The location of a domain, loaded anew."""
        from mesh_dagster import domain_definitions

        return domain_definitions(
            self.root / "domains" / domain / "src" / domain / "definitions.py"
        )


def _indented(text: str, by: int) -> str:
    lines = dedent(text).strip("\n").splitlines()
    return "".join(f"{' ' * by}{line}\n" for line in lines)


DATE = "logicalType: date, physicalType: DATE, required: true"
LONG = "logicalType: integer, physicalType: BIGINT, required: true"
TEXT = "logicalType: string, physicalType: VARCHAR, required: true"

SALES_CODE = """
    import polars as pl

    def transform(till, window):
        return till.select(pl.col("day").str.to_date(), pl.col("item"), pl.col("amount")).filter(
            pl.col("day").is_between(window.start.date(), window.end.date(), closed="left")
        )
"""
TOTALS_CODE = """
    select day, sum(amount)::bigint as amount from sales group by day
"""


@pytest.fixture
def empty_mesh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MeshOnDisk:
    """A mesh without domains, replayed at 2013-11-04 for the three days before."""
    for name in ("MESH_CONFIG", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MESH_NOW", "2013-11-04T12:00:00Z")
    monkeypatch.setenv("MESH_SINCE", "2013-11-01T00:00:00Z")
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mesh.yaml").write_text("schemaVersion: 1\nname: test\nstorage: storage\n")
    return MeshOnDisk(tmp_path)


@pytest.fixture
def mesh(empty_mesh: MeshOnDisk) -> MeshOnDisk:
    """`shop/sales` and `reports/totals`. The third day's till holds an amount below zero."""
    made = empty_mesh
    made.domain("shop")
    made.domain("reports")
    folder = made.product(
        "shop/sales",
        columns={
            "day": DATE,
            "item": TEXT,
            "amount": LONG + ", logicalTypeOptions: {minimum: 0}",
        },
        wiring="""
            transform: transform.py
            partitions: {every: day, column: day, start: 2013-01-01}
            sources: {till: {path: till.csv}}
        """,
        transform=SALES_CODE,
        inputs={"till": "source:till/receipts"},
        quality="""
            quality:
              - {name: some, metric: rowCount, mustBeGreaterThan: 1, severity: warning}
        """,
    )
    (folder / "till.csv").write_text(
        "day,item,amount\n2013-11-01,tea,3\n2013-11-01,jam,4\n2013-11-02,tea,5\n2013-11-03,tea,-1\n"
    )
    made.product(
        "reports/totals",
        columns={"day": DATE, "amount": LONG},
        wiring="""
            transform: transform.sql
            partitions: {every: day, column: day, start: 2013-01-01}
        """,
        transform=TOTALS_CODE,
        file="transform.sql",
        inputs={"sales": "mesh://shop/sales/v1"},
    )
    return made


@pytest.fixture(scope="session")
def unused_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DAGSTER_HOME whose tables are made: that takes longer than most of what is done there."""
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs()
        instance.get_latest_materialization_event(SALES)
        instance.all_instigator_state()
    return home


@pytest.fixture
def instance(unused_home: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = Path(shutil.copytree(unused_home, tmp_path / "dagster_home"))
    with dg.DagsterInstance.from_config(str(home)) as found:
        yield found


Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def run(instance: dg.DagsterInstance) -> Run:
    """Run assets, or checks alone, of a location as Dagster's daemon would: by the asset job."""

    def execute(
        defs: dg.Definitions,
        *keys: dg.AssetKey,
        partitions: tuple[str, ...] = (),
        checks: set[dg.AssetCheckKey] | None = None,
    ) -> dg.ExecuteInProcessResult:
        job = defs.resolve_implicit_global_asset_job_def()
        selected = job.get_subset(asset_selection=set(keys), asset_check_selection=checks)
        tags: dict[str, Any] = {}
        if len(partitions) > 1:
            tags["dagster/asset_partition_range_start"] = partitions[0]
            tags["dagster/asset_partition_range_end"] = partitions[-1]
        return selected.execute_in_process(
            instance=instance,
            partition_key=partitions[0] if len(partitions) == 1 else None,
            tags=tags,
            raise_on_error=False,
        )

    return execute


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
