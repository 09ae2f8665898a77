"""What can be staged, and how it lies there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.errors import TransformError, UsageError
from mesh_dagster.model.contract import RECORDED_AT
from mesh_dagster.model.partition import Every, Partitioning
from mesh_dagster.model.snapshot import Staged
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.stage import discard, scan_staged, stage, staged_schema
from mesh_dagster.ports.storage import Storage

NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)
FRAMES: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "polars": lambda frame, _: frame,
    "lazy": lambda frame, _: frame.lazy(),
    "pandas": lambda frame, _: frame.to_pandas(use_pyarrow_extension_array=True),
    "arrow": lambda frame, _: frame.to_arrow(),
    "batches": lambda frame, _: frame.to_arrow().to_reader(),
    "batch": lambda frame, _: frame.to_arrow().to_batches()[0],
    "duckdb": lambda frame, _: duckdb.connect().from_arrow(frame.to_arrow()),
    "path": lambda frame, folder: _parquet(frame, folder),  # noqa: PLW0108
    "text": lambda frame, folder: str(_parquet(frame, folder)),
    "paths": lambda frame, folder: [_parquet(frame, folder)],
}


def _parquet(frame: pl.DataFrame, folder: Path) -> Path:
    path = folder / "made.parquet"
    frame.write_parquet(path)
    return path


def _stage(
    world: ModuleType,
    storage: Storage,
    frame: Any,
    keys: list[str] | None,
    layout: PortLayout | None = None,
) -> Staged:
    return stage(
        storage,
        world.PRODUCT,
        layout or (world.WHOLE if keys is None else world.LAYOUT),
        frame,
        attempt=clock.new_id(),
        partitions=keys,
        recorded_at=NOON,
    )


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("partitioned", [True, False])
def test_every_kind_of_frame_is_staged_alike(
    world: ModuleType, folder: Storage, tmp_path: Path, kind: str, partitioned: bool
) -> None:
    keys = [world.key(0), world.key(1)]
    frame = FRAMES[kind](world.rows(keys, 1), tmp_path)
    staged = _stage(world, folder, frame, keys if partitioned else None)
    assert staged.rows == 6
    assert {file.partition for file in staged.files} == (set(keys) if partitioned else {None})
    found = scan_staged(folder, world.PRODUCT, staged).collect()
    assert found.sort("day").drop(RECORDED_AT).equals(world.rows(keys, 1))
    assert found[RECORDED_AT].unique().to_list() == [NOON]
    assert found.columns[-1] == RECORDED_AT


def test_staging_runs_over_both_storages(world: ModuleType, storage: Storage) -> None:
    keys = [world.key(n) for n in range(3)]
    staged = _stage(world, storage, world.rows(keys, 1).lazy(), keys)
    for file in staged.files:
        key = f"flights/departures/v1/{file.path}"
        assert next(storage.list(key)).size == file.bytes
        assert f"data/{staged.attempt}/{file.partition}/" in key
    one = staged.of(keys[1])
    assert scan_staged(storage, world.PRODUCT, one).collect()["day"].unique().to_list() == [
        date.fromisoformat(keys[1])
    ]


def test_what_is_no_frame_is_refused(world: ModuleType, folder: Storage) -> None:
    for wrong in ({"a": [1]}, None, 3, [], [1], object()):
        with pytest.raises(TransformError, match="is no frame"):
            _stage(world, folder, wrong, None)


def test_a_partition_without_rows_has_no_file_and_keeps_the_columns(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    staged = _stage(world, storage, world.rows(keys[:1], 1), keys)
    assert [file.partition for file in staged.files] == keys[:1]
    nothing = staged.of(keys[1])
    assert nothing.files == ()
    assert scan_staged(storage, world.PRODUCT, nothing).collect().height == 0
    schema = staged_schema(storage, world.PRODUCT, nothing)
    assert list(schema) == ["day", "value", "text", RECORDED_AT]
    assert schema["value"] == ColumnType(Kind.LONG)


@pytest.mark.parametrize("strays", [["2013-10-31"], [None], ["2013-11-03", None, "1999-01-01"]])
def test_rows_outside_of_the_partitions_are_counted_and_nothing_is_staged(
    world: ModuleType, folder: Storage, strays: list[str | None]
) -> None:
    days = [date.fromisoformat(day) if day else None for day in strays]
    good = world.rows([world.key(0), world.key(1)], 1)
    bad = pl.DataFrame({"day": days, "value": [9] * len(days), "text": ["x"] * len(days)})
    with pytest.raises(TransformError, match=f"{len(days)} rows are outside") as caught:
        _stage(world, folder, pl.concat([good, bad]), [world.key(0), world.key(1)])
    for day in strays:
        assert f"{day or 'no date'} (1 rows)" in caught.value.what
    assert not [entry for entry in folder.list("flights/") if "stray" in entry.key]


def test_partitions_need_not_be_contiguous(world: ModuleType, folder: Storage) -> None:
    keys = [world.key(0), world.key(2), world.key(5)]
    staged = _stage(world, folder, world.rows(keys, 1), keys[::-1])
    assert [file.partition for file in staged.files] == keys
    with pytest.raises(TransformError, match=world.key(1)):
        _stage(world, folder, world.rows([world.key(1)], 1), keys)


@pytest.mark.parametrize(
    ("every", "moments", "keys"),
    [
        (
            Every.HOUR,
            ["2013-11-01T00:59:59", "2013-11-01T01:00:00"],
            ["2013-11-01-00:00", "2013-11-01-01:00"],
        ),
        (Every.DAY, ["2013-11-01T23:59:59", "2013-11-02T00:00:00"], ["2013-11-01", "2013-11-02"]),
        (Every.WEEK, ["2013-11-02T23:59:59", "2013-11-03T00:00:00"], ["2013-10-27", "2013-11-03"]),
        (Every.MONTH, ["2013-10-31T23:59:59", "2013-11-01T00:00:00"], ["2013-10-01", "2013-11-01"]),
    ],
)
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_rows_fall_into_the_window_that_holds_them(
    world: ModuleType,
    folder: Storage,
    every: Every,
    moments: list[str],
    keys: list[str],
    zone: str | None,
) -> None:
    times = [datetime.fromisoformat(moment) for moment in moments]
    frame = pl.DataFrame({"t": times})
    kind = ColumnType(Kind.TIMESTAMP)
    if zone is not None:
        frame = frame.select(pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone(zone))
        kind = ColumnType(Kind.TIMESTAMPTZ)
    partitioning = Partitioning(every, "t", datetime(2013, 1, 1, tzinfo=UTC))
    layout = PortLayout(None, (("t", kind, True),), partitioning)
    done = world.run(folder, frame, keys, layouts=[layout])
    from mesh_dagster.ports.open import open_port

    for key, moment in zip(keys, times, strict=True):
        data = open_port(
            folder,
            world.PRODUCT,
            None,
            done.publication,
            partitions=[key],
            partitioning=partitioning,
        )
        found = data.polars().collect()["t"].to_list()
        assert [each.replace(tzinfo=None) for each in found] == [moment]
    again = world.run(folder, frame.tail(1), keys[1:], layouts=[layout], base=1)
    assert again.publication.ports[""].rows == 2


def test_a_column_that_no_partition_can_be_told_by_is_refused(
    world: ModuleType, folder: Storage
) -> None:
    keys = [world.key(0)]
    with pytest.raises(TransformError, match="no column day"):
        _stage(world, folder, pl.DataFrame({"x": [1]}), keys)
    with pytest.raises(TransformError, match="holds Int64"):
        _stage(world, folder, pl.DataFrame({"day": [1]}), keys)
    with pytest.raises(UsageError, match="no partitions are named"):
        _stage(world, folder, world.rows(keys, 1), None, world.LAYOUT)


def test_text_that_names_dates_is_split_and_left_for_the_audit(
    world: ModuleType, folder: Storage
) -> None:
    frame = world.rows([world.key(0)], 1).cast({"day": pl.String})
    staged = _stage(world, folder, frame, [world.key(0)])
    assert staged.files[0].partition == world.key(0)
    assert staged_schema(folder, world.PRODUCT, staged)["day"] == ColumnType(Kind.STRING)


def test_encodings_are_normalised_and_types_are_not(world: ModuleType, folder: Storage) -> None:
    moment = datetime(2013, 11, 1, 12, 30)  # noqa: DTZ001
    frame = pl.DataFrame(
        {
            "category": pl.Series(["a", "b"], dtype=pl.Categorical),
            "enum": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])),
            "small": pl.Series([1, 2], dtype=pl.Int16),
            "unsigned": pl.Series([1, 2], dtype=pl.UInt32),
            "wide": pl.Series([1, 2], dtype=pl.UInt64),
            "nanos": pl.Series([moment] * 2, dtype=pl.Datetime("ns")),
            "millis": pl.Series([moment] * 2, dtype=pl.Datetime("ms")),
            "local": pl.Series([moment] * 2).dt.replace_time_zone("America/New_York"),
            "nothing": [None, None],
            "unknown": [None, None],
            "nested": pl.Series([["a"], ["b"]], dtype=pl.List(pl.Categorical)),
        }
    )
    layout = PortLayout(None, (("nothing", ColumnType(Kind.DOUBLE), False),))
    staged = _stage(world, folder, frame, None, layout)
    schema = staged_schema(folder, world.PRODUCT, staged)
    assert {name: str(kind) for name, kind in schema.items()} == {
        "category": "string",
        "enum": "string",
        "small": "int",
        "unsigned": "long",
        "wide": "uint64",
        "nanos": "timestamp",
        "millis": "timestamp",
        "local": "timestamptz",
        "nothing": "double",
        "unknown": "null",
        "nested": "list<string>",
        RECORDED_AT: "timestamptz",
    }
    found = scan_staged(folder, world.PRODUCT, staged).collect()
    assert found["local"][0] == datetime(2013, 11, 1, 16, 30, tzinfo=UTC)
    assert found["category"].to_list() == ["a", "b"]
    assert found["nanos"].to_list() == [moment] * 2


def test_nanoseconds_that_would_be_lost_are_kept_for_the_audit_to_say(
    world: ModuleType, folder: Storage
) -> None:
    frame = pl.LazyFrame(
        {
            "exact": pl.Series([1_000, 2_000, None], dtype=pl.Int64).cast(pl.Datetime("ns")),
            "lossy": pl.Series([1_000, 2_001, None], dtype=pl.Int64).cast(pl.Datetime("ns")),
        }
    )
    staged = _stage(world, folder, frame, None, PortLayout(None, ()))
    schema = staged_schema(folder, world.PRODUCT, staged)
    assert schema["exact"] == ColumnType(Kind.TIMESTAMP)
    assert "ns" in str(schema["lossy"])
    assert scan_staged(folder, world.PRODUCT, staged).collect()["lossy"].to_physical()[1] == 2001


def test_a_pandas_frame_of_plain_types_is_staged(world: ModuleType, folder: Storage) -> None:
    frame = pd.DataFrame(
        {"t": pd.to_datetime(["2013-11-01 10:00", None]), "s": ["a", None], "n": [1.5, None]}
    )
    staged = _stage(world, folder, frame, None, PortLayout(None, ()))
    schema = staged_schema(folder, world.PRODUCT, staged)
    assert [str(kind) for kind in schema.values()] == [
        "timestamp",
        "string",
        "double",
        "timestamptz",
    ]


def test_a_lazy_frame_runs_once(world: ModuleType, folder: Storage) -> None:
    batches = []

    def seen(frame: pl.DataFrame) -> pl.DataFrame:
        batches.append(frame.height)
        return frame

    keys = [world.key(0), world.key(1)]
    frame = world.rows(keys, 1).lazy().map_batches(seen, streamable=True)
    _stage(world, folder, frame, keys)
    assert sum(batches) == 6


def test_what_was_discarded_is_gone_and_what_was_published_is_not(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0)]
    attempt = clock.new_id()
    world.run(storage, world.rows(keys, 1), keys, attempt=attempt)
    staged = _stage(world, storage, world.rows(keys, 2), keys)
    discard(storage, world.PRODUCT, None, staged.attempt)
    assert not [e for e in storage.list("flights/") if staged.attempt in e.key]
    discard(storage, world.PRODUCT, None, attempt)
    assert world.values(storage) == {keys[0]: [1] * 3}


def test_a_port_without_its_own_event_time_keeps_recorded_time(
    world: ModuleType, folder: Storage
) -> None:
    keys = [world.key(0)]
    with clock.frozen(NOON):
        world.run(folder, world.rows(keys, 1), keys)
    with clock.frozen(NOON + timedelta(hours=1)):
        done = world.run(folder, world.rows([world.key(1)], 1), [world.key(1)], base=1)
    from mesh_dagster.ports.open import open_port

    found = open_port(folder, world.PRODUCT, None, done.publication).polars().collect()
    assert sorted(set(found[RECORDED_AT])) == [NOON, NOON + timedelta(hours=1)]


def test_no_name_of_a_column_is_lost_to_the_staging_itself(
    world: ModuleType, folder: Storage
) -> None:
    keys = [world.key(0)]
    rows = pl.DataFrame(world.rows(keys, 1)).with_columns(pl.lit(7).alias("__mesh_window"))
    staged = _stage(world, folder, rows, keys)
    assert scan_staged(folder, world.PRODUCT, staged).collect()[
        "__mesh_window"
    ].unique().to_list() == [7]
