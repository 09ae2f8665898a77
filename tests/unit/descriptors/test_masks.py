"""Masks in files: what can be stated, what cannot be, and the port that follows from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mesh_dagster.descriptors.masked import masked_from
from mesh_dagster.descriptors.odcs import read, write
from mesh_dagster.descriptors.product import list_products, load_product, load_products
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.mask import Mask, MaskKind
from mesh_dagster.model.types import Kind
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.testing import write_mesh, write_product

PEOPLE = "shop/people/v1"


def stated(kind: str, mask: Any, **rest: Any) -> dict[str, Any]:
    custom = [{"property": "mask", "value": mask}]
    return {"physicalType": kind, "customProperties": custom, **rest}


def people(root: Path, columns: dict[str, Any], access: Any = None, **rest: Any) -> Mesh:
    settings = {} if access is None else {"access": access}
    mesh = write_mesh(root, **settings)
    write_product(mesh, PEOPLE, {"id": "BIGINT", **columns}, **rest)
    return Mesh.open(root)


def loaded(mesh: Mesh) -> LoadedProduct:
    return mesh.load(mesh.listing.products[0].product.address)


@pytest.mark.parametrize(
    ("value", "mask"),
    [
        ("drop", Mask(MaskKind.DROP)),
        ("null", Mask(MaskKind.NULL)),
        (None, Mask(MaskKind.NULL)),
        ("hash", Mask(MaskKind.HASH)),
        ({"truncate": 3}, Mask(MaskKind.TRUNCATE, 3)),
    ],
)
def test_a_column_states_its_mask(tmp_path: Path, value: Any, mask: Mask) -> None:
    product = loaded(people(tmp_path, {"name": stated("VARCHAR", value)}))
    assert product.masks == {"name": mask}
    column = product.contracts[""].table.find("name")
    assert column is not None
    assert column.confidential


def test_a_contract_with_masks_reads_back_as_it_was_written(tmp_path: Path) -> None:
    columns = {"a": stated("VARCHAR", "hash"), "b": stated("DATE", {"generalise": "year"})}
    contract = loaded(people(tmp_path, columns)).contracts[""]
    assert read(write(contract)) == contract


def test_the_mesh_masks_what_is_of_a_classification_in_whatever_letters(tmp_path: Path) -> None:
    columns = {
        "name": {"physicalType": "VARCHAR", "classification": "PII"},
        "born": stated("DATE", {"generalise": "year"}, classification="pii"),
        "shop": {"physicalType": "VARCHAR", "classification": "internal"},
    }
    product = loaded(people(tmp_path, columns, {"masks": {"pii": "hash"}}))
    assert {name: str(mask) for name, mask in product.masks.items()} == {
        "name": "hash",
        "born": "generalise to year",
    }


def test_the_derived_contract_promises_what_is_left(tmp_path: Path) -> None:
    columns = {
        "name": stated("VARCHAR", "hash", required=True, unique=True),
        "born": stated("DATE", {"generalise": "year"}, required=True),
        "pay": stated("DOUBLE", {"generalise": 1000}, required=True),
        "mail": stated("VARCHAR", "null", required=True),
        "note": stated("VARCHAR", "drop"),
        "shop": {"physicalType": "VARCHAR", "classification": "internal"},
    }
    product = loaded(people(tmp_path, columns, key=["id", "name"]))
    contract = product.contracts["masked"]
    assert contract.id == "mesh://shop/people/v1/masked"
    assert masked_from(contract) == "mesh://shop/people/v1"
    assert masked_from(product.contracts[""]) is None
    left = {each.name: each for each in contract.table.properties}
    assert list(left) == ["id", "name", "born", "pay", "mail", "shop"]
    kinds = {name: each.type and each.type.kind for name, each in left.items()}
    assert kinds == {"id": Kind.LONG, **dict.fromkeys([*left][1:], Kind.STRING)}
    assert {name for name, each in left.items() if each.required} == {"id", "name", "born"}
    assert contract.table.key == ("id", "name")
    assert {name for name, each in left.items() if each.confidential} == {"shop"}


def test_a_key_of_which_a_part_is_no_more_told_apart_is_none(tmp_path: Path) -> None:
    columns = {"name": stated("VARCHAR", {"truncate": 1})}
    product = loaded(people(tmp_path, columns, key=["id", "name"]))
    assert product.contracts["masked"].table.key == ()


def test_what_lies_within_a_column_takes_the_column_with_it(tmp_path: Path) -> None:
    inner = [{"name": "street", "physicalType": "VARCHAR", "classification": "pii"}]
    home = {"logicalType": "object", "physicalType": "STRUCT", "properties": inner}
    product = loaded(people(tmp_path, {"home": home}, {"masks": {"pii": "hash"}}))
    assert [each.name for each in product.contracts["masked"].table.properties] == ["id"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"born": stated("DATE", {"truncate": 3})}, "only text is truncated"),
        ({"born": stated("DATE", {"generalise": "day"})}, "the day of a date is the date"),
        ({"born": stated("DATE", {"generalise": 10})}, "only numbers lie in intervals"),
        ({"name": stated("VARCHAR", {"generalise": "year"})}, "has no year"),
        ({"age": stated("INTEGER", {"generalise": 1})}, "a whole number above 1"),
        ({"age": stated("INTEGER", {"generalise": 2.5})}, "a whole number above 1"),
        ({"ill": stated("BOOLEAN", "hash")}, "of two values a hash hides nothing"),
        ({"id": stated("BIGINT", "drop")}, "every column is dropped"),
    ],
)
def test_a_mask_that_cannot_be_is_refused(
    tmp_path: Path, columns: dict[str, Any], said: str
) -> None:
    mesh = people(tmp_path, columns)
    with pytest.raises(DescriptorError) as refused:
        loaded(mesh)
    (finding,) = refused.value.findings
    assert finding.code == "MESH-D071"
    assert said in finding.message
    assert "contract.odcs.yaml:" in str(finding.where)
    assert finding.fix


@pytest.mark.parametrize(
    "value", ["encrypt", {"truncate": 0}, {"truncate": True}, {"generalise": "week"}, 3, [], {}]
)
def test_a_mask_that_means_nothing_is_refused(tmp_path: Path, value: Any) -> None:
    mesh = people(tmp_path, {"name": stated("VARCHAR", value)})
    with pytest.raises(DescriptorError) as refused:
        loaded(mesh)
    assert [each.code for each in refused.value.findings] == ["MESH-D070"]


def test_the_column_of_the_partitions_cannot_be_masked(tmp_path: Path) -> None:
    daily = {"every": "day", "column": "day", "start": "2013-11-01"}
    columns = {"day": {"physicalType": "DATE", "classification": "pii"}}
    mesh = people(tmp_path, columns, {"masks": {"pii": "drop"}}, partitions=daily)
    with pytest.raises(DescriptorError, match="cut into partitions"):
        loaded(mesh)


def test_a_class_masked_in_a_way_that_a_column_cannot_be_is_dropped_and_told(
    tmp_path: Path,
) -> None:
    columns = {"ill": {"physicalType": "BOOLEAN", "classification": "pii"}}
    mesh = people(tmp_path, columns, {"masks": {"pii": "hash"}})
    assert str(loaded(mesh).masks["ill"]) == "drop"
    from mesh_dagster.products.check import check

    assert [(each.code, each.severity.value) for each in check(mesh)] == [("MESH-D072", "warning")]


def test_two_ports_of_one_name_are_refused(tmp_path: Path) -> None:
    columns = {"name": stated("VARCHAR", "hash")}
    mesh = people(tmp_path, columns, ports={"masked": {"id": "BIGINT"}})
    with pytest.raises(DescriptorError) as refused:
        loaded(mesh)
    assert [each.code for each in refused.value.findings] == ["MESH-D073"]


def test_a_mask_at_another_port_is_refused_because_nobody_would_heed_it(tmp_path: Path) -> None:
    mesh = people(tmp_path, {}, ports={"late": {"name": stated("VARCHAR", "hash")}})
    with pytest.raises(DescriptorError, match="only the first port is masked"):
        loaded(mesh)


@pytest.mark.parametrize("masks", [{"public": "hash"}, {"pii": "scramble"}])
def test_masks_of_the_mesh_that_mean_nothing_are_refused(tmp_path: Path, masks: Any) -> None:
    with pytest.raises(DescriptorError) as refused:
        people(tmp_path, {}, {"masks": masks})
    assert [each.code for each in refused.value.findings] == ["MESH-D070"]


def test_a_listing_has_the_port_that_loading_derives(tmp_path: Path) -> None:
    columns = {"name": {"physicalType": "VARCHAR", "classification": "pii"}}
    mesh = people(tmp_path, columns, {"masks": {"pii": "hash"}})
    for _ in range(2):  # parsed, then from the cache
        (listed,) = list_products(mesh.config).products
        assert [str(each.address) for each in listed.product.outputs] == [
            "mesh://shop/people/v1",
            "mesh://shop/people/v1/masked",
        ]
        found = load_products([listed.folder], listed.domain, mesh.config.masks)
        assert found == (load_product(listed.folder, listed.domain, mesh.config.masks),)
    assert len(list_products(people(tmp_path, columns).config).products[0].product.outputs) == 1


def test_a_product_without_anything_to_hide_has_no_such_port(tmp_path: Path) -> None:
    columns = {"name": {"physicalType": "VARCHAR", "classification": "internal"}}
    product = loaded(people(tmp_path, columns, {"masks": {"pii": "hash"}}))
    assert product.masks == {}
    assert [each.name for each in product.product.outputs] == ["people"]
    assert list(product.contracts) == [""]
