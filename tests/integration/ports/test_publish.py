"""What publishing promises, on both storages."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from mesh_dagster import clock
from mesh_dagster.errors import EvaluationError, NeverPublished, UnknownAddress
from mesh_dagster.model.snapshot import PublicationKind
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports import pointer
from mesh_dagster.ports.change import PortChange
from mesh_dagster.ports.open import open_port
from mesh_dagster.ports.publish import publish
from mesh_dagster.ports.rollback import rollback
from mesh_dagster.ports.schema import PortLayout
from mesh_dagster.ports.stage import stage
from mesh_dagster.ports.storage import Storage, open_storage

NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)


def test_what_is_published_is_read_and_what_is_staged_is_not(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    assert pointer.current(storage, world.PRODUCT) is None
    done = world.run(storage, world.rows(keys, 1), keys)
    stage(
        storage,
        world.PRODUCT,
        world.LAYOUT,
        world.rows(keys, 2),
        attempt=clock.new_id(),
        partitions=keys,
        recorded_at=clock.now(),
    )
    assert done.superseded == ()
    assert done.publication == pointer.current(storage, world.PRODUCT)
    assert done.publication.number == 1
    assert done.publication.ports[""].rows == 6
    assert world.values(storage) == {keys[0]: [1, 1, 1], keys[1]: [1, 1, 1]}


def test_a_partition_is_replaced_and_the_others_stay(world: ModuleType, storage: Storage) -> None:
    keys = [world.key(n) for n in range(3)]
    world.run(storage, world.rows(keys, 1), keys)
    world.run(storage, world.rows([keys[1]], 2), [keys[1]], base=1)
    assert world.values(storage) == {keys[0]: [1] * 3, keys[1]: [2] * 3, keys[2]: [1] * 3}


def test_a_partition_without_rows_empties_it(world: ModuleType, storage: Storage) -> None:
    keys = [world.key(0), world.key(1)]
    world.run(storage, world.rows(keys, 1), keys)
    done = world.run(storage, world.rows([keys[0]], 2), keys, base=1)
    assert done.publication.partitions == tuple(keys)
    assert world.values(storage) == {keys[0]: [2] * 3}


def test_a_first_publication_without_any_row_can_be_read(
    world: ModuleType, storage: Storage
) -> None:
    done = world.run(storage, world.rows([], 1), [world.key(0)])
    data = open_port(storage, world.PRODUCT, None, done.publication)
    assert data.rows == 0
    assert data.files == ()
    assert data.polars().collect().columns == ["day", "value", "text", "_recorded_at"]
    assert data.duckdb().fetchall() == []


def test_an_unpartitioned_port_is_replaced_whole(world: ModuleType, storage: Storage) -> None:
    world.run(storage, world.rows([world.key(0)], 1), None, layouts=[world.WHOLE])
    done = world.run(storage, world.rows([world.key(1)], 2), None, layouts=[world.WHOLE], base=1)
    assert done.publication.partitions is None
    assert world.values(storage) == {world.key(1): [2] * 3}


def test_publishing_the_same_attempt_again_gives_the_same_publication(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    attempt = clock.new_id()
    first = world.run(storage, world.rows(keys, 1), keys, attempt=attempt)
    again = world.run(storage, world.rows(keys, 1), keys, attempt=attempt)
    part = world.run(storage, world.rows(keys[:1], 1), keys[:1], attempt=attempt)
    assert first == again == part
    assert pointer.current(storage, world.PRODUCT).number == 1


def test_a_partition_that_a_newer_attempt_published_is_left_alone(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    older, newer = clock.new_id(), clock.new_id()
    world.run(storage, world.rows([keys[0]], 2), [keys[0]], attempt=newer)
    done = world.run(storage, world.rows(keys, 1), keys, attempt=older)
    assert done.superseded == (keys[0],)
    assert done.publication.partitions == (keys[1],)
    assert world.values(storage) == {keys[0]: [2] * 3, keys[1]: [1] * 3}
    nothing = world.run(storage, world.rows([keys[0]], 1), [keys[0]], attempt=older)
    assert nothing.publication is None
    assert nothing.superseded == (keys[0],)


def test_an_attempt_that_began_after_a_publication_replaces_it_though_the_clock_went_back(
    world: ModuleType, storage: Storage
) -> None:
    day = [world.key(0)]
    lesser, greater = clock.new_id(), clock.new_id()
    world.run(storage, world.rows(day, 1), day, attempt=greater)
    done = world.run(storage, world.rows(day, 2), day, attempt=lesser, base=1)
    assert done.superseded == ()
    assert world.values(storage) == {day[0]: [2] * 3}


def test_an_older_attempts_whole_port_is_superseded_by_a_newer_one(
    world: ModuleType, storage: Storage
) -> None:
    older, newer = clock.new_id(), clock.new_id()
    frame = world.rows([world.key(0)], 2)
    world.run(storage, frame, None, layouts=[world.WHOLE], attempt=newer)
    done = world.run(storage, frame, None, layouts=[world.WHOLE], attempt=older)
    assert done.publication is None
    assert done.superseded == (None,)


def test_a_partition_that_a_newer_attempt_emptied_is_left_alone(
    world: ModuleType, storage: Storage
) -> None:
    day = [world.key(0)]
    older, newer = clock.new_id(), clock.new_id()
    world.run(storage, world.rows([], 2), day, attempt=newer)
    assert world.run(storage, world.rows(day, 1), day, attempt=older).publication is None
    assert world.values(storage) == {}


def test_an_older_attempts_partition_is_replaced(world: ModuleType, storage: Storage) -> None:
    day = [world.key(0)]
    older, newer = clock.new_id(), clock.new_id()
    world.run(storage, world.rows(day, 1), day, attempt=older)
    world.run(storage, world.rows(day, 2), day, attempt=newer)
    assert world.values(storage) == {day[0]: [2] * 3}


def test_all_ports_change_in_one_publication(world: ModuleType, storage: Storage) -> None:
    day = [world.key(0)]
    both = [world.LAYOUT, world.LATE]
    world.run(storage, world.rows(day, 1), day, layouts=both)
    done = world.run(storage, world.rows(day, 2), day, layouts=both, base=1)
    assert set(done.publication.ports) == {"", "late"}
    assert world.values(storage) == world.values(storage, "late") == {day[0]: [2] * 3}


def test_a_port_that_is_not_named_keeps_its_state(world: ModuleType, storage: Storage) -> None:
    day = [world.key(0)]
    world.run(storage, world.rows(day, 1), day, layouts=[world.LAYOUT, world.LATE])
    world.run(storage, world.rows(day, 2), day, base=1)
    assert world.values(storage) == {day[0]: [2] * 3}
    assert world.values(storage, "late") == {day[0]: [1] * 3}
    newest = pointer.current(storage, world.PRODUCT)
    with pytest.raises(NeverPublished, match="early"):
        open_port(storage, world.PRODUCT, "early", newest)


def test_publications_grow_in_time_even_under_a_frozen_clock(
    world: ModuleType, storage: Storage
) -> None:
    with clock.frozen(NOON):
        for number in range(3):
            world.run(storage, world.rows([world.key(number)], 1), [world.key(number)])
    found = list(pointer.publications(storage, world.PRODUCT))
    assert [each.number for each in found] == [3, 2, 1]
    assert [each.at - NOON for each in found[::-1]] == [timedelta(microseconds=n) for n in range(3)]
    assert found[0].previous == found[1].id


def test_history_is_found_by_number_id_moment_and_what_is_new(
    world: ModuleType, storage: Storage
) -> None:
    product = world.PRODUCT
    for number in range(3):
        day = [world.key(number)]
        world.run(storage, world.rows(day, number), day, at=NOON + timedelta(hours=number))
    first, second, third = reversed(list(pointer.publications(storage, product)))
    assert pointer.publication(storage, product, 2) == second
    assert pointer.publication(storage, product, first.id) == first
    assert pointer.as_of(storage, product, NOON + timedelta(minutes=90)) == second
    assert pointer.as_of(storage, product, third.at) == third
    assert pointer.since(storage, product, 1) == [second, third]
    assert [each.partitions for each in pointer.since(storage, product, 2)] == [(world.key(2),)]
    assert pointer.since(storage, product, 3) == []
    with pytest.raises(UnknownAddress, match="no publication 9"):
        pointer.publication(storage, product, 9)
    with pytest.raises(NeverPublished, match="had not been published"):
        pointer.as_of(storage, product, NOON - timedelta(seconds=1))
    old = open_port(storage, product, None, first).polars().collect()
    assert old["value"].to_list() == [0] * 3


def test_a_rollback_publishes_an_earlier_state_again(world: ModuleType, storage: Storage) -> None:
    keys = [world.key(n) for n in range(3)]
    first = world.run(storage, world.rows(keys, 1), keys).publication
    world.run(storage, world.rows(keys[:1], 2), keys[:1], base=1)
    world.run(storage, world.rows(keys[1:2], 3), keys[1:2], base=2)
    back = rollback(storage, world.PRODUCT, first, attempt=clock.new_id())
    assert back.kind is PublicationKind.ROLLBACK
    assert back.number == 4
    assert back.partitions == (keys[0], keys[1])
    assert world.values(storage) == {day: [1] * 3 for day in keys}
    world.run(storage, world.rows(keys[2:], 4), keys[2:], base=4)
    assert world.values(storage) == {keys[0]: [1] * 3, keys[1]: [1] * 3, keys[2]: [4] * 3}


def test_a_column_that_was_added_is_null_in_older_partitions(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    world.run(storage, world.rows(keys, 1), keys)
    wider = PortLayout(None, (*world.COLUMNS, ("more", world.LONG, True)), world.DAILY)
    frame = world.rows(keys[1:], 2).with_columns(more=pl.lit(7, pl.Int64))
    done = world.run(storage, frame, keys[1:], layouts=[wider], base=1)
    data = open_port(storage, world.PRODUCT, None, done.publication)
    found = data.polars().sort("day").collect()
    assert found.columns == ["day", "value", "text", "more", "_recorded_at"]
    assert found["more"].to_list() == [None] * 3 + [7] * 3
    assert sorted(data.duckdb().project("more").fetchall(), key=str) == [(7,)] * 3 + [(None,)] * 3


def test_types_widen_and_older_partitions_read_in_the_wider_type(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    narrow = (
        ("day", world.DATE, True),
        ("n", ColumnType(Kind.INT), False),
        ("x", ColumnType(Kind.FLOAT), False),
    )
    wide = (
        ("day", world.DATE, True),
        ("n", world.LONG, False),
        ("x", ColumnType(Kind.DOUBLE), False),
    )
    day = {"day": [date.fromisoformat(keys[0])]}
    small = pl.DataFrame(
        {**day, "n": [1], "x": [0.5]}, schema_overrides={"n": pl.Int32, "x": pl.Float32}
    )
    world.run(storage, small, keys[:1], layouts=[PortLayout(None, narrow, world.DAILY)])
    large = pl.DataFrame({"day": [date.fromisoformat(keys[1])], "n": [2**40], "x": [0.25]})
    done = world.run(
        storage, large, keys[1:], layouts=[PortLayout(None, wide, world.DAILY)], base=1
    )
    found = open_port(storage, world.PRODUCT, None, done.publication).polars().sort("day").collect()
    assert found["n"].to_list() == [1, 2**40]
    assert found["x"].to_list() == [0.5, 0.25]
    assert found.schema["n"] == pl.Int64


def test_a_dropped_column_is_gone_and_older_partitions_still_read(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    world.run(storage, world.rows(keys, 1), keys)
    fewer = PortLayout(None, world.COLUMNS[:2], world.DAILY)
    frame = world.rows(keys[1:], 2).drop("text")
    done = world.run(storage, frame, keys[1:], layouts=[fewer], base=1)
    found = open_port(storage, world.PRODUCT, None, done.publication).polars().collect()
    assert found.columns == ["day", "value", "_recorded_at"]
    assert found.height == 6


def test_a_type_that_older_partitions_cannot_have_is_refused(
    world: ModuleType, storage: Storage
) -> None:
    keys = [world.key(0), world.key(1)]
    world.run(storage, world.rows(keys, 1), keys)
    changed = PortLayout(
        None, (world.COLUMNS[0], ("value", world.STRING, False), world.COLUMNS[2]), world.DAILY
    )
    frame = world.rows(keys, 2).cast({"value": pl.String})
    with pytest.raises(EvaluationError, match=r"value is string now and long"):
        world.run(storage, frame.head(3), keys[:1], layouts=[changed], base=1)
    assert world.values(storage) == {day: [1] * 3 for day in keys}


def test_a_staged_type_that_is_not_the_contracts_is_not_published(
    world: ModuleType, storage: Storage
) -> None:
    day = [world.key(0)]
    frame = world.rows(day, 1).cast({"value": pl.Float64})
    with pytest.raises(EvaluationError, match="value is double in what was staged and long"):
        world.run(storage, frame, day)
    assert pointer.current(storage, world.PRODUCT) is None


def test_a_column_without_a_type_is_stored_as_it_was_staged(
    world: ModuleType, storage: Storage
) -> None:
    day = [world.key(0)]
    untyped = PortLayout(None, (world.COLUMNS[0], ("value", None, False)), world.DAILY)
    done = world.run(storage, world.rows(day, 1), day, layouts=[untyped])
    data = open_port(storage, world.PRODUCT, None, done.publication)
    assert data.schema["value"] == pl.Int64
    assert "text" not in data.schema


def test_plain_pyiceberg_reads_what_the_pointer_names(world: ModuleType, storage: Storage) -> None:
    from pyiceberg.table import StaticTable

    keys = [world.key(n) for n in range(3)]
    world.run(storage, world.rows(keys, 1), keys)
    world.run(storage, world.rows(keys[1:2], 2), keys[1:2], base=1)
    document = json.loads(storage.read("flights/departures/v1/pointer.json"))
    found = StaticTable.from_metadata(
        document["ports"][""]["metadata"], storage.iceberg_properties()
    )
    table = found.scan(row_filter=f"day = '{keys[1]}'").to_arrow()
    assert table["value"].to_pylist() == [2] * 3
    assert found.scan().to_arrow().num_rows == 9
    assert found.current_snapshot().summary["mesh.attempt"] == document["attempt"]
    assert [field.name for field in found.schema().fields][-1] == "_recorded_at"
    assert not any(field.required for field in found.schema().fields)


def test_a_storage_that_was_moved_still_reads_and_publishes(
    world: ModuleType, tmp_path: Path
) -> None:
    keys = [world.key(0), world.key(1)]
    before = open_storage(str(tmp_path / "before"))
    world.run(before, world.rows(keys, 1), keys)
    shutil.move(tmp_path / "before", tmp_path / "after")
    after = open_storage(str(tmp_path / "after"))
    assert world.values(after) == {day: [1] * 3 for day in keys}
    world.run(after, world.rows(keys[:1], 2), keys[:1], base=1)
    assert world.values(after) == {keys[0]: [2] * 3, keys[1]: [1] * 3}


def test_the_newest_attempt_is_known_from_the_files_when_its_publication_is_forgotten(
    world: ModuleType, storage: Storage
) -> None:
    days = [world.key(0), world.key(1)]
    older, newer = clock.new_id(), clock.new_id()
    first = world.run(storage, world.rows(days[:1], 2), days[:1], attempt=newer).publication
    world.run(storage, world.rows(days[1:], 2), days[1:], base=1)
    storage.delete([f"flights/departures/v1/publications/{1:012}-{first.id}.json"])
    done = world.run(storage, world.rows(days[:1], 1), days[:1], attempt=older)
    assert done.superseded == (days[0],)
    assert world.values(storage) == {day: [2] * 3 for day in days}


def test_contracts_are_kept_for_ports_that_do_not_change(
    world: ModuleType, storage: Storage
) -> None:
    day = [world.key(0)]
    for number, contracts in ((0, {"": "1.0.0", "late": "1.0.0"}), (1, {"": "1.1.0"})):
        attempt = clock.new_id()
        changes = {}
        for layout in (world.LAYOUT, world.LATE):
            if (layout.name or "") not in contracts:
                continue
            staged = stage(
                storage,
                world.PRODUCT,
                layout,
                world.rows(day, 1),
                attempt=attempt,
                partitions=day,
                recorded_at=clock.now(),
            )
            changes[layout.name or ""] = PortChange(layout, staged)
        done = publish(
            storage,
            world.PRODUCT,
            changes,
            partitions=tuple(day),
            attempt=attempt,
            base=number,
            contracts=contracts,
        )
    assert done.publication.contracts == {"": "1.1.0", "late": "1.0.0"}
