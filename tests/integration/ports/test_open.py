"""What can be read of a port, and how little is read for it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType

import duckdb
import polars as pl
import pytest

from mesh_dagster.errors import NeverPublished, UsageError
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.open import PortData, open_port
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.storage import Storage


@pytest.fixture
def ten_days(world: ModuleType, storage: Storage) -> PortData:
    keys = [world.key(n) for n in range(10)]
    frame = pl.concat([world.rows([key], n) for n, key in enumerate(keys)])
    done = world.run(storage, frame, keys)
    return open_port(storage, world.PRODUCT, None, done.publication)


def test_all_engines_read_the_same_rows(ten_days: PortData) -> None:
    frame = ten_days.polars().sort("day", "value").collect()
    assert frame.height == ten_days.rows == 30
    assert pl.DataFrame(ten_days.arrow()).sort("day", "value").equals(frame)
    assert list(ten_days.pandas().columns) == frame.columns
    assert len(ten_days.pandas()) == 30
    relation = ten_days.duckdb().order("day, value").project("day, value, text")
    assert relation.fetchall() == frame.select("day", "value", "text").rows()


def test_nothing_is_read_before_it_is_collected(ten_days: PortData) -> None:
    frame = ten_days.polars(columns=["value"], where=pl.col("value") == 3)
    assert isinstance(frame, pl.LazyFrame)
    assert frame.collect().to_dict(as_series=False) == {"value": [3] * 3}
    assert "PROJECT 1/4" in frame.explain()


def test_columns_and_rows_are_chosen_at_the_opening(
    world: ModuleType, storage: Storage, ten_days: PortData
) -> None:
    data = open_port(
        storage,
        world.PRODUCT,
        None,
        ten_days.publication,
        columns=["text", "value"],
        where=pl.col("value") > 7,
    )
    assert data.polars().collect().columns == ["text", "value"]
    assert sorted(data.polars().collect()["value"]) == [8] * 3 + [9] * 3
    assert sorted(row[1] for row in data.duckdb().fetchall()) == [8] * 3 + [9] * 3
    chosen = open_port(storage, world.PRODUCT, None, ten_days.publication, columns=["value"])
    assert chosen.duckdb().columns == ["value"]
    with pytest.raises(UsageError, match="there is no column text; there are: value"):
        chosen.polars(columns=["text"])
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="text"):
        chosen.polars(where=pl.col("text") == "x").collect()


def test_an_unknown_column_names_those_there_are(ten_days: PortData) -> None:
    with pytest.raises(UsageError, match="no column nothing; there are: day, value, text") as none:
        ten_days.polars(columns=["nothing"])
    assert none.value.fix is None, "no name is near it"


def test_only_the_files_of_the_partitions_are_opened(
    world: ModuleType, storage: Storage, ten_days: PortData
) -> None:
    keys = [world.key(2), world.key(5), world.key(99)]
    for partitioning in (None, world.DAILY):
        data = open_port(
            storage,
            world.PRODUCT,
            None,
            ten_days.publication,
            partitions=keys,
            partitioning=partitioning,
        )
        assert len(data.files) == 2
        assert data.rows == 6
        assert set(data.polars().collect()["value"]) == {2, 5}


def test_an_event_range_selects_rows_and_prunes_files(
    world: ModuleType, storage: Storage, ten_days: PortData
) -> None:
    data = open_port(
        storage,
        world.PRODUCT,
        None,
        ten_days.publication,
        event_time="day",
        event_from=datetime(2013, 11, 3, tzinfo=UTC),
        event_to=datetime(2013, 11, 5, tzinfo=UTC),
    )
    assert len(data.files) == 2
    assert set(data.polars().collect()["value"]) == {2, 3}
    with pytest.raises(UsageError, match="no event time"):
        open_port(
            storage,
            world.PRODUCT,
            None,
            ten_days.publication,
            event_from=datetime(2013, 11, 3, tzinfo=UTC),
        )


def test_an_event_range_in_the_middle_of_a_file_selects_rows(
    world: ModuleType, folder: Storage
) -> None:
    times = [datetime(2013, 11, 1, hour, tzinfo=UTC) for hour in range(24)]
    layout = PortLayout(None, (("t", ColumnType(Kind.TIMESTAMPTZ), True),))
    done = world.run(folder, pl.DataFrame({"t": times}), None, layouts=[layout])
    data = open_port(
        folder,
        world.PRODUCT,
        None,
        done.publication,
        event_time="t",
        event_from=times[5],
        event_to=times[7],
    )
    assert data.polars().collect()["t"].to_list() == times[5:7]
    beyond = open_port(
        folder,
        world.PRODUCT,
        None,
        done.publication,
        event_time="t",
        event_from=datetime(2014, 1, 1, tzinfo=UTC),
    )
    assert beyond.files == ()


def test_a_duckdb_relation_reads_its_files_lazily_and_can_be_a_view(
    world: ModuleType, folder: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    done = world.run(folder, world.rows(keys, 4), keys)
    connection = duckdb.connect()
    data = open_port(folder, world.PRODUCT, None, done.publication)
    data.duckdb(connection).create_view("departures")
    assert connection.sql("select sum(value) from departures").fetchall() == [(24,)]
    assert "PARQUET" in str(connection.sql("explain select * from departures").fetchall()).upper()


def test_every_type_comes_back_as_it_was(world: ModuleType, storage: Storage) -> None:
    row = {
        "boolean": True,
        "int": 1,
        "long": 2**40,
        "float": 0.5,
        "double": 0.25,
        "decimal": Decimal("12.34"),
        "string": "é" * 40,
        "binary": b"\0\1",
        "date": date(2013, 11, 1),
        "time": datetime(2013, 1, 1, 12, 30, tzinfo=UTC).time(),
        "timestamp": datetime(2013, 11, 1, 12),  # noqa: DTZ001
        "timestamptz": datetime(2013, 11, 1, 12, tzinfo=UTC),
        "list": [1, 2],
        "struct": {"a": 1, "b": ["x"]},
        "map": {"k": 1},
    }
    long, text = ColumnType(Kind.LONG), ColumnType(Kind.STRING)
    nested = {
        "decimal": ColumnType(Kind.DECIMAL, precision=10, scale=2),
        "list": ColumnType(Kind.LIST, item=long),
        "struct": ColumnType(
            Kind.STRUCT, fields=(("a", long), ("b", ColumnType(Kind.LIST, item=text)))
        ),
        "map": ColumnType(Kind.MAP, key=text, item=long),
    }
    kinds = {name: nested.get(name) or ColumnType(Kind(name)) for name in row}
    from mesh_dagster.ports.types import polars_type

    schema = {name: polars_type(kind) for name, kind in kinds.items()}
    frame = pl.DataFrame([row, dict.fromkeys(row)], schema=schema, orient="row")
    layout = PortLayout(None, tuple((name, kind, False) for name, kind in kinds.items()))
    done = world.run(storage, frame, None, layouts=[layout])
    data = open_port(storage, world.PRODUCT, None, done.publication)
    found = data.polars().drop("_recorded_at").collect()
    assert found.schema == frame.schema
    assert found.to_dicts() == frame.to_dicts()
    assert data.duckdb().project("string, decimal, long").fetchall()[0] == (
        row["string"],
        row["decimal"],
        row["long"],
    )
    from pyiceberg.table import StaticTable

    plain = StaticTable.from_metadata(
        done.publication.ports[""].metadata, storage.iceberg_properties()
    )
    assert plain.scan().to_arrow().num_rows == 2


def test_a_port_that_was_never_published_says_so(
    world: ModuleType, storage: Storage, ten_days: PortData
) -> None:
    with pytest.raises(NeverPublished, match="late"):
        open_port(storage, world.PRODUCT, "late", ten_days.publication)
