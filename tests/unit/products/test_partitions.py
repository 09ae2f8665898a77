"""Which partitions exist, and which of an upstream a run reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.clock import frozen
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.product import Archetype, Product, Status
from mesh_dagster.model.wiring import TransformKind, TransformRef, Wiring
from mesh_dagster.products.making.inputs import upstream_keys
from mesh_dagster.products.making.transform import Window

START = datetime(2013, 11, 1, tzinfo=UTC)
LATER = datetime(2014, 3, 1, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(2013, 10, 1),  # noqa: DTZ001
    max_value=datetime(2013, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def _product(partitioning: Partitioning | None, window: tuple[int, int] | None) -> LoadedProduct:
    wiring = Wiring(
        TransformRef(TransformKind.PYTHON, "transform.py"),
        partitioning,
        windows={} if window is None else {"up": window},
    )
    product = Product(
        Address.parse("shop/sales/v1"), "1.0.0", Status.ACTIVE, Archetype.CONSUMER_ALIGNED
    )
    return LoadedProduct(product, {}, wiring, Path(), Domain("shop", "Shop", Path()))


def _read(
    ours: Every, upstream: Every, keys: tuple[str, ...], window: tuple[int, int] | None = None
) -> tuple[str, ...] | None:
    mine = Partitioning(ours, "at", START)
    loaded = _product(mine, window)
    with frozen(LATER):
        return upstream_keys(loaded, "up", Window(keys, mine), Partitioning(upstream, "at", START))


@given(every=st.sampled_from(Every), since=st.none() | MOMENTS, until=MOMENTS, at=MOMENTS)
def test_a_partition_exists_if_it_is_among_all(
    every: Every, since: datetime | None, until: datetime, at: datetime
) -> None:
    partitioning = Partitioning(every, "at", START)
    key = partitioning.key_of(at)
    assert partitioning.exists(key, until, since) is (key in partitioning.keys(until, since))


def test_the_same_partition_is_read_by_default() -> None:
    assert _read(Every.DAY, Every.DAY, ("2013-11-05", "2013-11-08")) == ("2013-11-05", "2013-11-08")


def test_a_day_reads_its_hours_and_an_hour_its_day() -> None:
    hours = _read(Every.DAY, Every.HOUR, ("2013-11-05",))
    assert hours is not None
    assert (len(hours), hours[0], hours[-1]) == (24, "2013-11-05-00:00", "2013-11-05-23:00")
    assert _read(Every.HOUR, Every.DAY, ("2013-11-05-07:00",)) == ("2013-11-05",)


def test_a_month_reads_the_weeks_that_it_touches() -> None:
    assert _read(Every.MONTH, Every.WEEK, ("2013-12-01",)) == (
        "2013-12-01", "2013-12-08", "2013-12-15", "2013-12-22", "2013-12-29",
    )  # fmt: skip


def test_a_window_counts_in_the_upstreams_partitions_and_each_is_read_once() -> None:
    found = _read(Every.DAY, Every.DAY, ("2013-11-10", "2013-11-11"), (-2, -1))
    assert found == ("2013-11-08", "2013-11-09", "2013-11-10")


def test_partitions_that_do_not_exist_are_not_waited_for() -> None:
    assert _read(Every.DAY, Every.DAY, ("2013-11-02",), (-7, -1)) == ("2013-11-01",)
    assert _read(Every.DAY, Every.DAY, ("2013-11-01",), (-7, -1)) == ()
    assert _read(Every.DAY, Every.DAY, ("2014-02-28",), (0, 3)) == ("2014-02-28",)


def test_everything_is_read_of_what_has_no_partitions_and_by_what_has_none() -> None:
    assert upstream_keys(_product(None, None), "up", Window(), None) is None
    daily = Partitioning(Every.DAY, "at", START)
    assert upstream_keys(_product(None, None), "up", Window(), daily) is None
    assert upstream_keys(_product(daily, None), "up", Window(("2013-11-05",), daily), None) is None


def test_a_window_has_the_bounds_of_its_partitions() -> None:
    window = Window(("2013-11-05", "2013-11-08"), Partitioning(Every.DAY, "at", START))
    assert (window.first, window.last) == ("2013-11-05", "2013-11-08")
    assert window.start == START + timedelta(days=4)
    assert window.end == START + timedelta(days=8)
    assert Window().start is Window().end is Window().first is None


@pytest.mark.parametrize("hours", [1, 24 * 365 * 12])
def test_to_know_what_exists_nothing_is_listed(hours: int) -> None:
    old = Partitioning(Every.HOUR, "at", LATER - timedelta(hours=hours))
    loaded = _product(old, None)
    key = old.key_of(LATER - timedelta(hours=1))
    with frozen(LATER), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Partitioning, "keys", None)
        assert upstream_keys(loaded, "up", Window((key,), old), old) == (key,)
