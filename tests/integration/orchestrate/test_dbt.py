"""A product whose rows are a dbt model: built from its input ports, gated like any other."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import dagster as dg
import pytest

from mesh_dagster.dbt.manifest import load_graph
from mesh_dagster.dbt.project import find_project
from mesh_dagster.descriptors.product import load_product
from mesh_dagster.errors import DescriptorError, MeshError, MissingExtra
from mesh_dagster.model.address import Address
from mesh_dagster.model.lineage import Evidence, InputColumn, Use
from mesh_dagster.orchestrate.execute import run as run_outside
from mesh_dagster.products.making.column_lineage import column_lineage
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import read

pytestmark = [
    # dagster-dbt imports a package that tells of its own end.
    pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning"),
]

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])
TOTALS = dg.AssetKey(["reports", "totals", "v1"])
MODEL = dg.AssetKey(["reports", "dbt", "totals"])
STAGING = dg.AssetKey(["reports", "dbt", "stg_sales"])


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dbt has parsed in this module already: each time takes it seconds."""
    return tmp_path_factory.mktemp("manifests")


@pytest.fixture
def project(mesh, parsed: Path) -> Iterator[Path]:
    """The mesh with `reports/totals` made by dbt."""
    kept = mesh.root / ".mesh" / "dbt" / "reports" / "manifests"
    shutil.copytree(parsed, kept, dirs_exist_ok=True)
    yield _written(mesh)
    shutil.copytree(kept, parsed, dirs_exist_ok=True)


def _written(mesh) -> Path:
    folder = mesh.root / "dbt_projects" / "reports"
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "name: reports\nversion: '1.0'\nprofile: reports\nmodel-paths: [models]\n"
        "test-paths: [tests]\nvars: {first_partition: '', last_partition: ''}\n"
    )
    (folder / "profiles.yml").write_text(
        "reports:\n  target: mesh\n  outputs:\n    mesh:\n      type: duckdb\n"
        "      path: \"{{ env_var('MESH_DBT_DUCKDB') }}\"\n      threads: 1\n"
    )
    (models / "sources.yml").write_text(
        "sources: [{name: inputs, schema: inputs, tables: [{name: sales}]}]\n"
    )
    (models / "stg_sales.sql").write_text("select day, amount from {{ source('inputs', 'sales') }}")
    (models / "totals.sql").write_text(
        "select day, sum(amount)::bigint as amount from {{ ref('stg_sales') }} "
        "where day between '{{ var(\"first_partition\") }}' and '{{ var(\"last_partition\") }}' "
        "group by day"
    )
    (models / "models.yml").write_text(
        dedent(
            """
            models:
              - name: totals
                description: The takings of each day.
                columns:
                  - {name: day, data_type: date, data_tests: [not_null, unique]}
              - name: stg_sales
                columns:
                  - name: amount
                    data_tests:
                      - accepted_values:
                          arguments: {values: [3, 4], quote: false}
                          config: {severity: warn}
            """
        )
    )
    (folder / "tests").mkdir()
    (folder / "tests" / "nothing_is_lost.sql").write_text(
        "select 1 where (select sum(amount) from {{ ref('totals') }}) "
        "is distinct from (select sum(amount) from {{ ref('stg_sales') }})"
    )
    wiring = mesh.folder("reports", "totals") / "defs.yaml"
    wiring.write_text(wiring.read_text().replace("transform.sql", "{dbt: totals}"))
    (mesh.folder("reports", "totals") / "transform.sql").unlink()
    return folder


@pytest.fixture
def sold(mesh, project, run) -> None:
    run(mesh.definitions("shop"), SALES, partitions=DAYS[:2])


def test_models_are_private_assets_between_the_input_ports_and_the_product(mesh, project) -> None:
    graph = mesh.definitions("reports").get_repository_def().asset_graph
    assert graph.get(STAGING).parent_keys == {SALES}
    assert graph.get(MODEL).parent_keys == {STAGING}
    assert MODEL in graph.get(TOTALS).parent_keys
    assert graph.get(MODEL).tags["mesh/visibility"] == "private"
    assert graph.get(MODEL).description == "The takings of each day."
    assert {each.name for each in graph.get(MODEL).check_keys} == {
        "not_null_totals_day",
        "unique_totals_day",
        "nothing_is_lost",
    }


def test_a_run_builds_models_tells_tests_and_publishes_what_passed(
    mesh, sold, run, instance
) -> None:
    result = run(mesh.definitions("reports"), TOTALS, partitions=DAYS[:2])
    assert result.success
    for key in (STAGING, MODEL, TOTALS):
        assert instance.get_materialized_partitions(key) == set(DAYS[:2])
    told = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert told["nothing_is_lost"].passed
    warned = next(each for name, each in told.items() if name.startswith("accepted_values"))
    assert not warned.passed
    assert warned.severity is dg.AssetCheckSeverity.WARN
    rows = read("reports/totals/v1", mesh=Mesh.open(mesh.root)).polars().sort("day").collect()
    assert rows["amount"].to_list() == [7, 5]


def test_it_runs_without_dagster_too_and_columns_are_followed_through_the_models(
    mesh, sold
) -> None:
    opened = Mesh.open(mesh.root)
    loaded = load_product(mesh.folder("reports", "totals"))
    attempt = run_outside(opened, loaded, DAYS[:1])
    assert [(each.partition, each.rows) for each in attempt.decisions] == [(DAYS[0], 1)]
    found = column_lineage(opened, Address.parse("reports/totals"))
    sales = Address.parse("shop/sales/v1")
    assert found.evidence is Evidence.DBT
    assert found.columns == {
        "day": (InputColumn(sales, "day", Use.IDENTITY),),
        "amount": (InputColumn(sales, "amount", Use.AGGREGATION),),
    }
    assert {(each.column, each.use) for each in found.rows or ()} == {
        ("day", Use.FILTER),
        ("day", Use.GROUP_BY),
    }


def test_a_failed_dbt_test_publishes_nothing_and_is_told(
    mesh, project, sold, run, instance
) -> None:
    (project / "tests" / "nothing_is_lost.sql").write_text("select 1 from {{ ref('totals') }}")
    result = run(mesh.definitions("reports"), TOTALS, partitions=DAYS[:1])
    assert not result.success
    check = dg.AssetCheckKey(MODEL, "nothing_is_lost")
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])
    assert found[check].status.value == "FAILED"
    assert instance.get_materialized_partitions(TOTALS) == set()
    failure = next(e for e in result.all_events if e.event_type_value == "STEP_FAILURE")
    message = failure.event_specific_data.error.message
    assert "MESH-M056" in message
    assert "nothing_is_lost" in message


def test_a_source_that_is_no_input_port_does_not_load(mesh, project) -> None:
    sources = project / "models" / "sources.yml"
    sources.write_text(sources.read_text().replace("name: sales", "name: receipts"))
    model = project / "models" / "stg_sales.sql"
    model.write_text(model.read_text().replace("'sales'", "'receipts'"))
    with pytest.raises(DescriptorError, match="MESH-M058"):
        mesh.definitions("reports")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("defs.yaml", "totals}", "takings}"), "MESH-M057"),
        (("models/totals.sql", "ref('stg_sales')", "ref('nothing')"), "MESH-M056"),
    ],
)
def test_what_is_wrong_with_the_project_is_told_at_load(mesh, project, change, code) -> None:
    name, old, new = change
    home = mesh.folder("reports", "totals") if name == "defs.yaml" else project
    (home / name).write_text((home / name).read_text().replace(old, new))
    with pytest.raises(MeshError, match=code):
        mesh.definitions("reports")


def test_a_project_that_did_not_change_is_not_parsed_again(mesh, project, monkeypatch) -> None:
    loaded = load_product(mesh.folder("reports", "totals"))
    found = find_project(Mesh.open(mesh.root), loaded.domain)
    first = load_graph(found)

    (project / "target").mkdir()
    (project / "target" / "left_by_somebody").touch()

    def refuse(*arguments: object, **_: object) -> None:
        raise AssertionError(f"dbt was called: {arguments}")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert load_graph(found) == first


def test_a_location_lists_its_models_without_importing_dbt(mesh, project) -> None:
    mesh.definitions("reports")
    code = (
        "import sys\n"
        "from mesh_dagster import domain_definitions\n"
        f"domain_definitions({str(mesh.root)!r} + '/domains/reports/src/reports/x.py')\n"
        "print([m for m in ('dbt', 'dagster_dbt', 'duckdb') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_extra_it_says_how_to_install_it(mesh, project, monkeypatch) -> None:
    monkeypatch.setattr("mesh_dagster.dbt.project.find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as caught:
        mesh.definitions("reports")
    assert caught.value.fix == "pip install 'mesh-dagster[dbt]'"
