"""What a small product costs must not grow with the mesh around it, or with its history."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mesh_dagster.ports import pointer
from mesh_dagster.products.reading.read import read
from mesh_dagster.registry import documents

DAYS = [(date(2013, 1, 1) + timedelta(days=n)).isoformat() for n in range(365)]
YEAR = {"every": "day", "column": "day", "start": "2013-01-01"}


@pytest.fixture
def year(shop: Any, world: ModuleType) -> Any:
    """`shop/sales` with 365 partitions, and `shop/totals` that reads it day by day."""
    return _sold(shop, world, DAYS)


@pytest.fixture
def week(world: ModuleType, tmp_path: Path) -> Any:
    """The same of seven days."""
    return _sold(world.Shop.new(tmp_path / "week"), world, DAYS[:7])


def _sold(shop: Any, world: ModuleType, days: Sequence[str]) -> Any:
    rows = world.sold({day: [n] for n, day in enumerate(days)})
    shop.product("shop/sales/v1", world.COLUMNS, rows, partitions=YEAR)
    shop.make(*days)
    shop.product(
        "shop/totals/v1",
        {"day": "DATE", "amount": "BIGINT"},
        inputs={"sales": "mesh://shop/sales/v1"},
        partitions=YEAR,
        sql="select day, sum(amount)::bigint as amount from sales group by day",
    )
    shop.make(DAYS[0], address="shop/totals")
    return shop


def _best(work: Callable[[], object], times: int = 5) -> float:
    """Seconds of this thread's work: what other processes do at the time is none of it."""
    best = float("inf")
    for _ in range(times):
        start = time.thread_time()
        work()
        best = min(best, time.thread_time() - start)
    return best


@pytest.mark.parametrize(
    ("work", "times"),
    [
        (lambda shop: shop.make(DAYS[6], address="shop/totals"), 5),
        (lambda shop: shop.make(DAYS[6]), 5),
        # Its files are listed, and that is most of what is done.
        (lambda shop: read("shop/sales", mesh=shop.mesh), 26),
    ],
    ids=["one that reads it", "itself", "to open it"],
)
def test_of_52_times_as_much_one_partition_costs_no_such_multiple(
    year: Any, week: Any, work: Callable[[Any], object], times: float
) -> None:
    assert _best(lambda: work(year)) < times * _best(lambda: work(week))


def test_an_input_is_planned_from_the_manifests_of_its_partitions_only(
    year: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    storage = type(year.mesh.storage)
    real = storage.read

    def counted(self: Any, key: str) -> bytes:
        opened.append(key)
        return real(self, key)

    monkeypatch.setattr(storage, "read", counted)
    year.make(DAYS[100], address="shop/totals")
    leaves = [key for key in opened if "/sales/v1/" in key and key.endswith(".avro")]
    every = [*Path(year.mesh.storage.path("shop/sales/v1/ports/_/metadata")).glob("*.avro")]
    assert 0 < len(leaves) < len(every) / 2


def test_the_rest_of_a_port_is_read_only_where_a_rule_asks_for_it(
    year: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(
        "mesh_dagster.products.auditing.rest.open_port", lambda *a, **k: opened.append(a)
    )
    year.make(DAYS[3])
    assert opened == []


def test_a_foreign_product_is_found_without_reading_the_whole_registry(
    year: Any, world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = year.mesh.config
    other = world.Shop.new(tmp_path / "other", storage=config.storage, registry=config.registry)
    decoded: list[str] = []
    real = documents.decode_entry

    def counted(data: bytes, path: str, source: Any) -> Any:
        decoded.append(path)
        return real(data, path, source)

    year.product("shop/items/v1", {"item": "VARCHAR"}, {"item": ["tea"]})
    year.make(address="shop/items")
    monkeypatch.setattr(documents, "decode_entry", counted)
    assert len(other.amounts("shop/sales/v1")) == 365
    assert decoded == ["shop/sales/v1"]


def test_a_run_looks_at_the_newest_publications_only(
    shop: Any, world: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.product(rows=world.sold({"2013-11-01": [1]}))
    for _ in range(12):
        shop.make("2013-11-01")
    walked: list[int] = []
    real = pointer.publications

    def counted(*arguments: Any) -> Any:
        for found in real(*arguments):
            walked.append(found.number)
            yield found

    monkeypatch.setattr(pointer, "publications", counted)
    shop.make("2013-11-01")
    assert min(walked) >= 12
