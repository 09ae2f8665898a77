"""A domain whose contract breaks its published major does not load; no other is touched."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.address import Address
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling import changed as comparing
from mesh_dagster.products.telling.published import refuse_breaking
from mesh_dagster.registry.entries import promise_of
from mesh_dagster.testing import write_mesh, write_product

DAY = "2013-11-01"


@pytest.fixture
def published(mesh: Any) -> Any:
    """The mesh with one published day of `shop/sales`."""
    opened = Mesh.open(mesh.root)
    materialize(opened, opened.load(Address.parse("shop/sales")), partitions=[DAY])
    return mesh


def _contract(mesh: Any) -> Path:
    return Path(mesh.folder("shop", "sales")) / "contract.odcs.yaml"


def _edit(mesh: Any, old: str, new: str) -> None:
    text = _contract(mesh).read_text()
    assert old in text
    _contract(mesh).write_text(text.replace(old, new))


def _lines(mesh: Any) -> list[str]:
    return _contract(mesh).read_text().splitlines()


def test_a_break_keeps_the_location_from_loading_and_says_what_to_do(published: Any) -> None:
    published.definitions("shop")
    at = 1 + next(at for at, line in enumerate(_lines(published)) if "name: amount" in line)
    _edit(published, "minimum: 0", "minimum: -5")
    for _ in range(2):
        with pytest.raises(DescriptorError) as caught:
            published.definitions("shop")
    told = str(caught.value)
    assert "MESH-C040 shop/sales/v1 · sales.amount.minimum: promise loosened, from 0 to -5" in told
    assert f"contract.odcs.yaml:{at}" in told
    assert "takes 2.0.0, not 1.0.0" in told
    assert "cp -r" in told
    assert published.definitions("reports")
    _edit(published, "minimum: -5", "minimum: 0")
    published.definitions("shop")


def test_every_break_of_every_product_is_told(published: Any) -> None:
    _edit(published, "minimum: 0", "minimum: -5")
    _edit(published, "name: item,", "name: thing,")
    with pytest.raises(DescriptorError) as caught:
        published.definitions("shop")
    found = [each for each in caught.value.findings if each.code == "MESH-C040"]
    assert len(found) >= 2


def test_a_compatible_change_loads(published: Any) -> None:
    _edit(published, "minimum: 0", "minimum: 0, maximum: 1000000")
    _edit(published, "version: 1.0.0", "version: 1.1.0")
    descriptor = published.folder("shop", "sales") / "product.odps.yaml"
    text = descriptor.read_text()
    descriptor.write_text(text.replace("version: 1.0.0, contractId", "version: 1.1.0, contractId"))
    published.definitions("shop")


def test_a_new_major_beside_the_old_loads(published: Any) -> None:
    old = published.folder("shop", "sales")
    new = old.with_name("sales_v2")
    new.mkdir()
    for file in old.iterdir():
        if file.is_file():
            text = file.read_bytes().replace(b"/sales/v1", b"/sales/v2")
            text = text.replace(b"version: 1.0.0", b"version: 2.0.0")
            (new / file.name).write_bytes(text.replace(b"minimum: 0", b"minimum: -5"))
    keys = published.definitions("shop").get_repository_def().asset_graph.get_all_asset_keys()
    assert {"/".join(key.path) for key in keys} >= {"shop/sales/v1", "shop/sales/v2"}


def test_a_registry_that_cannot_be_asked_stops_no_location(
    published: Any, caplog: pytest.LogCaptureFixture
) -> None:
    config = published.root / "mesh.yaml"
    config.write_text(f"{config.read_text()}registry: s3://nobody-has-this/registry\n")
    _edit(published, "minimum: 0", "minimum: -5")
    opened = Mesh.open(published.root)
    loaded = opened.load(Address.parse("shop/sales"))

    class Unreachable:
        url = "s3://nobody-has-this"

        def list(self, prefix: str) -> Any:
            from mesh_dagster.errors import StorageError

            raise StorageError("nobody answers")

    opened.__dict__["documents"] = Unreachable()
    with caplog.at_level(logging.WARNING, "mesh_dagster"):
        refuse_breaking(opened, [loaded])
    assert "nobody answers" in caplog.text


def test_what_was_compared_once_is_not_compared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))
    made = write_mesh(tmp_path / "mesh")
    for name in ("one", "two"):
        write_product(made, f"shop/{name}/v1", {"a": "BIGINT"}, {"a": [1]})
    made = Mesh.open(made.config.root)
    products = [made.load(each.address) for each in made.own()]
    for loaded in products:
        materialize(made, loaded)
    compared: list[str] = []

    def counted(described: Any) -> Any:
        compared.append(described.product.address.path)
        return promise_of(described)

    monkeypatch.setattr(comparing, "promise_of", counted)
    refuse_breaking(made, products)
    assert sorted(compared) == ["shop/one/v1", "shop/two/v1"]
    materialize(made, products[0])  # other facts, the same promise
    compared.clear()
    refuse_breaking(made, products)
    assert compared == []
    contract = products[0].folder / "contract.odcs.yaml"
    contract.write_text(f"{contract.read_text()}tags: [new]\n")
    refuse_breaking(made, [made.load(each.address) for each in made.own()])
    assert compared == ["shop/one/v1"]


def test_what_is_tried_out_may_change_as_it_likes(mesh: Any) -> None:
    descriptor = Path(mesh.folder("shop", "sales")) / "product.odps.yaml"
    tried = descriptor.read_text().replace("value: stable", "value: alpha")
    descriptor.write_text(tried)
    opened = Mesh.open(mesh.root)
    materialize(opened, opened.load(Address.parse("shop/sales")), partitions=[DAY])
    _edit(mesh, "minimum: 0", "minimum: -5")
    assert mesh.definitions("shop")
    descriptor.write_text(tried.replace("value: alpha", "value: stable"))
    assert mesh.definitions("shop"), "what readers were told until now was alpha"
