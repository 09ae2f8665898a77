"""A domain's location: what is in it, what may not be, and that dg's own way gives the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import dagster as dg
import pytest

from mesh_dagster.errors import DescriptorError

SALES = dg.AssetKey(["shop", "sales", "v1"])
TOTALS = dg.AssetKey(["reports", "totals", "v1"])


def _shape(defs: dg.Definitions) -> dict[str, object]:
    """What Dagster serves of a location, as data."""
    repository = defs.get_repository_def()
    graph = repository.asset_graph
    shape: dict[str, object] = {}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        spec = node.to_asset_spec() if hasattr(node, "to_asset_spec") else node
        shape[key.to_user_string()] = {
            "description": spec.description,
            "owners": list(spec.owners),
            "tags": dict(spec.tags),
            "kinds": sorted(spec.kinds),
            "group": spec.group_name,
            "made": node.is_materializable,
            "parents": sorted(each.to_user_string() for each in node.parent_keys),
            "mappings": str(sorted(map(str, node.partition_mappings.items()))),
            "partitions": str(node.partitions_def),
            "checks": sorted(each.name for each in node.check_keys),
            "condition": node.automation_condition and node.automation_condition.get_unique_id(),
            "backfill": str(node.backfill_policy),
            "references": str(spec.metadata.get("dagster/code_references")),
            "columns": str(spec.metadata.get("dagster/column_schema")),
        }
    shape["schedules"] = sorted(
        (each.name, each.cron_schedule) for each in repository.schedule_defs
    )
    shape["sensors"] = sorted(each.name for each in repository.sensor_defs)
    return shape


def test_a_port_shows_owner_tags_columns_checks_and_files(mesh) -> None:
    graph = mesh.definitions("shop").get_repository_def().asset_graph
    node = graph.get(SALES)
    assert node.owners == ["team:The Team", "owner@example.org"]
    assert node.tags["mesh/archetype"] == "source-aligned"
    assert node.tags["mesh/visibility"] == "public"
    assert "a-tag" in node.tags
    assert node.kinds == {"iceberg", "python"}
    columns = node.metadata["dagster/column_schema"].columns
    assert [(each.name, each.type, each.constraints.nullable) for each in columns] == [
        ("day", "date", False),
        ("item", "string", False),
        ("amount", "long", False),
    ]
    files = node.metadata["dagster/code_references"].code_references
    assert {Path(each.file_path).name for each in files} == {
        "product.odps.yaml",
        "contract.odcs.yaml",
        "defs.yaml",
        "transform.py",
    }
    assert {"schema", "day_required"} <= {each.name for each in node.check_keys}


def test_an_input_port_is_an_external_asset_with_its_own_partitions(mesh) -> None:
    graph = mesh.definitions("reports").get_repository_def().asset_graph
    sales = graph.get(SALES)
    assert not sales.is_materializable
    assert list(sales.partitions_def.get_partition_keys()) == [
        "2013-11-01",
        "2013-11-02",
        "2013-11-03",
    ]
    assert sales.group_name == "shop_sales"
    assert graph.get(TOTALS).parent_keys == {SALES}


def test_nothing_of_a_location_can_make_another_domains_asset(mesh) -> None:
    for domain in ("shop", "reports"):
        repository = mesh.definitions(domain).get_repository_def()
        for job in repository.get_all_jobs():
            made = job.asset_layer.executable_asset_keys
            # By one job owners decide on what was made: it makes nothing.
            assert {key.path[0] for key in made} == (set() if job.name == "review" else {domain})
        for schedule in repository.schedule_defs:
            assert schedule.job_name in {job.name for job in repository.get_all_jobs()}


def test_dgs_own_way_gives_the_same_definitions(mesh, monkeypatch) -> None:
    from mesh_dagster.descriptors.domain import read_domain
    from mesh_dagster.descriptors.product import load_products
    from mesh_dagster.orchestrate.domain import domain_wide
    from mesh_dagster.orchestrate.upstreams import Upstreams
    from mesh_dagster.products.mesh import Mesh

    _forget(monkeypatch)
    for domain in ("shop", "reports"):
        home = mesh.root / "domains" / domain
        monkeypatch.syspath_prepend(str(home / "src"))
        folder = home / "src" / domain
        found = Mesh.open(folder)
        read = read_domain(folder)
        products = load_products(sorted((folder / "defs").glob("*/")), read)
        by_dg = dg.load_from_defs_folder(path_within_project=home)
        shared = domain_wide(found, read, products, Upstreams(found, products))
        ours = mesh.definitions(domain)
        assert _shape(ours) == _shape(dg.Definitions.merge(by_dg, shared))
        for name in [each for each in sys.modules if each.split(".")[0] == domain]:
            del sys.modules[name]


def test_an_asset_of_the_domain_is_private_and_keeps_its_prefix(mesh, monkeypatch) -> None:
    _python(mesh, monkeypatch, "@dg.asset(key_prefix='shop')\ndef tills(): ...\n")
    graph = mesh.definitions("shop").get_repository_def().asset_graph
    assert graph.get(dg.AssetKey(["shop", "tills"])).tags["mesh/visibility"] == "private"
    assert graph.get(SALES).tags["mesh/visibility"] == "public"


@pytest.mark.parametrize(
    ("code", "error", "fix"),
    [
        ("@dg.asset\ndef tills(): ...\n", "MESH-M050", "shop/tills"),
        ("@dg.asset(key=['shop', 'tills', 'v1'])\ndef tills(): ...\n", "MESH-M051", "scaffold"),
        (
            "@dg.asset(key_prefix='shop', deps=[dg.AssetKey(['reports', 'secret'])])\n"
            "def tills(): ...\n",
            "MESH-M052",
            "mesh products",
        ),
        (
            "@dg.asset(key_prefix='shop', deps=[dg.AssetKey(['reports', 'totals', 'v1'])])\n"
            "def tills(): ...\n",
            "MESH-M052",
            "inputPorts",
        ),
    ],
)
def test_what_crosses_the_border_does_not_load(
    mesh, monkeypatch, code: str, error: str, fix: str
) -> None:
    _python(mesh, monkeypatch, code)
    with pytest.raises(DescriptorError) as caught:
        mesh.definitions("shop")
    (finding,) = caught.value.findings
    assert finding.code == error
    assert fix in (finding.fix or "")


def test_a_broken_file_is_named_with_its_line_and_takes_no_other_domain_down(mesh) -> None:
    (mesh.folder("shop", "sales") / "product.odps.yaml").write_text(
        "apiVersion: v1.0.0\nkind: DataProduct\nid: mesh://shop/sales\nstatus: activ\n"
    )
    (mesh.folder("shop", "sales") / "contract.odcs.yaml").write_text("kind: [\n")
    with pytest.raises(DescriptorError) as caught:
        mesh.definitions("shop")
    text = str(caught.value)
    assert "product.odps.yaml:4" in text
    assert "contract.odcs.yaml" in text
    graph = mesh.definitions("reports").get_repository_def().asset_graph
    assert not graph.get(SALES).is_materializable


def test_a_domain_loads_with_no_other_domains_files(mesh) -> None:
    import shutil

    shutil.rmtree(mesh.root / "domains" / "shop")
    graph = mesh.definitions("reports").get_repository_def().asset_graph
    assert graph.get(TOTALS).parent_keys == {SALES}


def test_a_subclass_of_the_component_is_a_product_too(mesh, monkeypatch) -> None:
    package = mesh.root / "domains" / "shop" / "src" / "shop"
    (package / "lib.py").write_text(
        dedent(
            """
            from mesh_dagster import DataProduct

            class Priced(DataProduct):
                def get_asset_spec(self, loaded, output):
                    return super().get_asset_spec(loaded, output).merge_attributes(
                        tags={"priced": "yes"}
                    )
            """
        )
    )
    wiring = mesh.folder("shop", "sales") / "defs.yaml"
    wiring.write_text(wiring.read_text().replace("mesh_dagster.DataProduct", "shop.lib.Priced"))
    monkeypatch.syspath_prepend(str(package.parent))
    _forget(monkeypatch)
    node = mesh.definitions("shop").get_repository_def().asset_graph.get(SALES)
    assert node.tags["priced"] == "yes"
    assert node.tags["mesh/visibility"] == "public"
    assert node.is_materializable


def test_loading_imports_nothing_that_only_a_run_needs(mesh) -> None:
    heavy = "polars pyarrow pandas numpy duckdb pyiceberg sqlalchemy narwhals dagster_dbt alembic"
    code = (
        "import sys\n"
        "import dagster\n"
        "plain = set(sys.modules)\n"
        "from mesh_dagster import domain_definitions\n"
        f"defs = domain_definitions({str(mesh.root)!r} + '/domains/reports/src/reports/x.py')\n"
        "defs.get_repository_def().load_all_definitions()\n"
        f"print(sorted(set({heavy.split()!r}) & (set(sys.modules) - plain)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _python(mesh, monkeypatch, code: str) -> None:
    """A Python file beside the products of `shop`."""
    package = mesh.root / "domains" / "shop" / "src" / "shop"
    (package / "defs" / "inner.py").write_text("import dagster as dg\n\n" + code)
    monkeypatch.syspath_prepend(str(package.parent))
    _forget(monkeypatch)


def _forget(monkeypatch) -> None:
    """Each test has its own package `shop`."""
    for name in [each for each in sys.modules if each.split(".")[0] in ("shop", "reports")]:
        monkeypatch.delitem(sys.modules, name)
