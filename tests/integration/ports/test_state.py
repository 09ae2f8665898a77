"""Iceberg's documents read without its library say what they say read with it."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from mesh_dagster.errors import CorruptState
from mesh_dagster.ports import pointer, table
from mesh_dagster.ports.iceberg_types import type_from_iceberg
from mesh_dagster.ports.state import Column, File, State, read_state
from mesh_dagster.ports.storage import Storage
from mesh_dagster.ports.windows import partition_value

PLACE = "flights/departures/v1/ports/_"


@pytest.fixture
def published(world: ModuleType, storage: Storage) -> str:
    """The metadata of sixty days, some of them published twice, in several manifests."""
    for first in range(0, 60, 20):
        keys = [world.key(number) for number in range(first, first + 20)]
        world.run(storage, world.rows(keys, first), keys)
    for number in (0, 31, 59):
        key = world.key(number)
        world.run(storage, world.rows([key], 100 + number), [key])
    newest = pointer.current(storage, world.PRODUCT)
    assert newest is not None
    return newest.ports[""].metadata


def _through_pyiceberg(storage: Storage, metadata: str) -> State:
    found = table.load(storage, PLACE, metadata)
    columns = [
        Column(each.field_id, each.name, type_from_iceberg(each.field_type))
        for each in found.metadata.schema().fields
    ]
    files = [
        File(
            found.files.key(entry.data_file.file_path),
            entry.data_file.record_count,
            entry.data_file.lower_bounds,
            entry.data_file.upper_bounds,
        )
        for manifest in found.manifests()
        for entry in found.entries(manifest)
    ]
    return State(tuple(columns), tuple(files))


def test_columns_files_rows_and_bounds_are_those_that_pyiceberg_reads(
    storage: Storage, published: str
) -> None:
    ours, theirs = read_state(storage, PLACE, published), _through_pyiceberg(storage, published)
    assert ours.columns == theirs.columns
    assert len(ours.files) == 60
    assert sorted(map(repr, ours.files)) == sorted(map(repr, theirs.files))


def test_manifests_of_other_partitions_are_not_opened(world: ModuleType, folder: Storage) -> None:
    for first in (0, 100):
        keys = [world.key(number) for number in range(first, first + 40)]
        done = world.run(folder, world.rows(keys, 1), keys)
    metadata = done.publication.ports[""].metadata
    wanted = world.key(120)
    values = {partition_value(world.DAILY, wanted)}
    found = [each.partition for each in read_state(folder, PLACE, metadata, values).files]
    assert wanted in found
    assert world.key(0) not in found


def test_a_manifest_cut_anywhere_is_named(world: ModuleType, folder: Storage) -> None:
    key = world.key(0)
    done = world.run(folder, world.rows([key], 1), [key])
    metadata = done.publication.ports[""].metadata
    documents = folder.list(f"{PLACE}/metadata/")
    for document in [each.key for each in documents if each.key.endswith(".avro")]:
        content = folder.read(document)
        for size in range(0, len(content), 97):
            folder.write(document, content[:size])
            with pytest.raises(CorruptState, match=document.rpartition("/")[2]):
                read_state(folder, PLACE, metadata)
        folder.write(document, content)
    assert len(read_state(folder, PLACE, metadata).files) == 1


@pytest.mark.parametrize("inside", ["shop/sales/v1/ports/_/data/a/_/b.parquet", f"{PLACE}/../x"])
def test_a_location_outside_of_the_port_is_refused(folder: Storage, inside: str) -> None:
    with pytest.raises(CorruptState, match=f"which is not in {PLACE}"):
        read_state(folder, PLACE, f"file:///storage/{inside}")
    with pytest.raises(CorruptState, match=f"which is not in {PLACE}"):
        table.load(folder, PLACE, f"file:///storage/{inside}")


def test_reading_imports_neither_pyiceberg_nor_pyarrow() -> None:
    code = (
        "import sys, mesh_dagster.products.reading.read; "
        "print({'pyiceberg', 'pyarrow', 'sqlalchemy', 'pandas', 'dagster'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
