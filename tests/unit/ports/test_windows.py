"""Keys, folders and windows agree with the model's partitioning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.transforms import DayTransform, HourTransform, MonthTransform
from pyiceberg.types import TimestampType
from pyiceberg.utils.datetime import datetime_to_micros

from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import Address
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.ports import places, windows
from mesh_dagster.ports.windows import partition_value

START = datetime(1990, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
PRODUCT = Address.parse("flights/departures/v1")


@given(st.sampled_from(Every), st.lists(MOMENTS, min_size=1, max_size=5))
def test_a_row_has_the_key_that_the_model_gives_its_moment(
    every: Every, moments: list[datetime]
) -> None:
    partitioning = Partitioning(every, "t", START)
    frame = pl.DataFrame({"t": moments}, schema={"t": pl.Datetime("us")})
    starts = frame.select(windows.start_expression(partitioning, frame.schema)).to_series()
    found = [windows.key_of(partitioning, start) for start in starts]
    assert found == [partitioning.key_of(moment.replace(tzinfo=UTC)) for moment in moments]


@given(st.sampled_from(Every), MOMENTS)
def test_a_key_is_read_back_from_its_folder(every: Every, moment: datetime) -> None:
    key = Partitioning(every, "t", START).key_of(moment.replace(tzinfo=UTC))
    path = f"{places.attempt(PRODUCT, None, 'some-attempt')}/{places.folder(key)}/0.parquet"
    assert ":" not in path
    assert places.origin(path) == ("some-attempt", key)
    assert places.attempt_of(path) == "some-attempt"


@given(MOMENTS)
def test_a_partition_is_what_icebergs_transforms_make_of_its_rows(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    micros = datetime_to_micros(moment.replace(tzinfo=None))
    for every, transform in (
        (Every.DAY, DayTransform()),
        (Every.HOUR, HourTransform()),
        (Every.MONTH, MonthTransform()),
    ):
        partitioning = Partitioning(every, "t", START)
        key = partitioning.key_of(moment)
        assert partition_value(partitioning, key) == transform.transform(TimestampType())(micros)


@given(
    st.sampled_from(Every),
    st.sets(st.integers(0, 30), min_size=1, max_size=6),
    st.integers(-5, 40),
)
def test_a_row_is_asked_for_exactly_when_its_key_is(
    every: Every, chosen: set[int], number: int
) -> None:
    partitioning = Partitioning(every, "t", START)
    base = partitioning.key_of(datetime(2013, 3, 1, tzinfo=UTC))
    keys = windows.sorted_keys(partitioning, [partitioning.shift(base, n) for n in chosen])
    moment = partitioning.window(partitioning.shift(base, number))[0] + timedelta(minutes=59)
    frame = pl.DataFrame({"t": [moment]}, schema={"t": pl.Datetime("us", "UTC")})
    asked = windows.asked_expression(partitioning, keys, frame.schema)
    found = frame.select(asked).to_series()[0]
    assert (found is not None) == (number in chosen)


def test_a_product_without_a_major_has_no_place() -> None:
    with pytest.raises(AddressError, match="no major"):
        places.pointer(Address.parse("flights/departures"))


def test_a_port_named_like_a_folder_of_the_layout_is_told_apart() -> None:
    for name in ("ports", "data", "metadata"):
        path = f"{places.attempt(PRODUCT, name, 'some-attempt')}/2013-11-01/0.parquet"
        assert places.attempt_of(path) == "some-attempt"
        assert places.attempt_of(f"{places.port(PRODUCT, name)}/metadata/x.avro") is None
