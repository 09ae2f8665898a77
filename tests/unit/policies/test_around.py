"""The mesh around a product: who reads it, what lies above it, and how deep."""

from __future__ import annotations

from mesh_dagster.model.address import Address
from mesh_dagster.model.product import Status
from mesh_dagster.policies.around import MeshView
from mesh_dagster.policies.examples import described, product, reads
from mesh_dagster.registry.described import Described


def one(path: str, *above: str, status: Status = Status.ACTIVE) -> Described:
    inputs = tuple(reads(f"port_{at}", Address.parse(each)) for at, each in enumerate(above))
    return described(product(Address.parse(path), inputs=inputs, status=status))


def paths(found: object) -> list[str]:
    return [each.product.address.path for each in found]  # type: ignore[attr-defined]


def test_the_lineage_of_a_product_is_all_that_lies_above_it_the_nearest_first() -> None:
    low = one("shop/report/v1", "shop/sales/v1", "stock/items")
    mesh = MeshView.of(
        [low, one("shop/sales/v1", "shop/orders/v1"), one("shop/orders/v1"), one("stock/items/v2")]
    )
    assert paths(mesh.upstream(low)) == ["shop/sales/v1", "stock/items/v2"]
    assert paths(mesh.lineage(low)) == ["shop/sales/v1", "stock/items/v2", "shop/orders/v1"]
    assert mesh.depth(low) == 2


def test_a_chain_of_thousands_and_a_circle_have_a_depth() -> None:
    chain = [one(f"shop/p{at}/v1", f"shop/p{at + 1}/v1") for at in range(5_000)]
    mesh = MeshView.of([*chain, one("shop/p5000/v1")])
    assert mesh.depth(chain[0]) == 5_000
    circle = [one("shop/a/v1", "shop/b/v1"), one("shop/b/v1", "shop/a/v1")]
    assert MeshView.of(circle).depth(circle[0]) == 2
    assert paths(MeshView.of(circle).lineage(circle[0])) == ["shop/b/v1"]


def test_an_address_without_a_major_is_the_newest_active_one() -> None:
    old, new = one("shop/orders/v1"), one("shop/orders/v2")
    draft = one("shop/orders/v3", status=Status.DRAFT)
    reader, tied = one("shop/sales/v1", "shop/orders"), one("shop/report/v1", "shop/orders/v1")
    mesh = MeshView.of([old, new, draft, reader, tied])
    assert mesh.find(Address.parse("shop/orders/late")) is new
    assert mesh.find(Address.parse("shop/orders/v3")) is draft
    assert mesh.find(Address.parse("shop/nothing")) is None
    assert paths([mesh.find(each) for each in mesh.readers(new.product.address)]) == [
        "shop/sales/v1"
    ]
    assert paths([mesh.find(each) for each in mesh.readers(old.product.address)]) == [
        "shop/report/v1"
    ]


def test_the_mesh_is_asked_for_all_of_its_products_only_when_a_policy_needs_them() -> None:
    asked = []

    def every() -> list[Described]:
        asked.append(1)
        return [one("shop/orders/v1")]

    mesh = MeshView(every, lambda name: None, lambda address: None)
    assert mesh.find(Address.parse("shop/orders/v1")) is None
    assert asked == []
    assert [each.port.path for each in mesh.entities["order"]] == ["shop/orders/v1"]
    assert mesh.products
    assert asked == [1]
