"""Files that are made to take all memory or all of a disk: an error that names them, and soon."""

from __future__ import annotations

import bz2
import gzip
import itertools
import json
import struct
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_dagster.contracts.files import endless, spool
from mesh_dagster.contracts.files.footers import demand_truth
from mesh_dagster.errors import EvaluationError

ROWS = 1_000_003
ID = [{"name": "id", "logicalType": "integer", "required": True, "unique": True}]


@pytest.mark.parametrize(
    ("name", "start", "told"),
    [
        ("line.csv", b"", "first line"),
        ("rows.csv", b"id\n1\n", "a record goes on for more than 64 MB"),
        ("quote.csv", b'id\n1\n"', "a record goes on for more than 64 MB"),
        ("rows.json", b"", "a record of more than 64 MB"),
        ("text.json", b'[{"id": "', "a record of more than 64 MB"),
    ],
)
def test_a_record_that_does_not_end_is_not_read_to_its_end(
    bench: Any, name: str, start: bytes, told: str
) -> None:
    contract = bench.contract(ID)
    path = bench.folder / name
    path.write_bytes(start)
    with path.open("r+b") as file:
        file.truncate(1 << 31)
    found = _held(contract, path)
    assert told in found
    assert name in found


def test_a_quote_that_is_not_closed_is_found_among_lines(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endless, "LONGEST_RECORD", 1 << 21)
    contract = bench.contract(ID)
    path = bench.write("rows.csv", 'id\n1\n"' + "2\n" * (1 << 22))
    assert "from about byte 0" in _held(contract, path)
    whole = '"1\n"\n' * (1 << 20)
    path = bench.write("rows.csv", f"id\n{whole}")
    endless.demand_records(path, path, '"')


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, pa.Codec("zstd").compress])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_unpacks_to_far_more_than_it_is_ends_before_the_disk_does(
    bench: Any, monkeypatch: pytest.MonkeyPatch, pack: Any, form: str
) -> None:
    monkeypatch.setattr(spool, "MOST_UNPACKED", 1 << 22)
    line = b"7\n" if form == "csv" else b'{"id": 7}\n'
    packed = pack(b"id\n" * (form == "csv") + line * ((1 << 23) // len(line)))
    path = bench.folder / f"bomb.{form}"
    path.write_bytes(packed if isinstance(packed, bytes) else packed.to_pybytes())
    assert "unpacks to more than" in _held(bench.contract(ID), path)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parquet") / "honest.parquet"
    pl.DataFrame({"id": range(ROWS)}).write_parquet(path, row_group_size=ROWS)
    return path


def _varint(number: int) -> bytes:
    number, out = number << 1, b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


# A small number in all places is no lie that could be told from the footer, and does no harm.
@pytest.mark.parametrize(
    ("claimed", "places"),
    [
        *itertools.product([1 << 31, 1 << 40, 1 << 62], [(0, 1, 2), (0,), (1,), (2,)]),
        *itertools.product([5], [(0,), (1,), (2,)]),
    ],
)
def test_a_footer_that_lies_about_rows_takes_no_memory(
    bench: Any, honest: Path, claimed: int, places: tuple[int, ...]
) -> None:
    raw = honest.read_bytes()
    length = struct.unpack("<I", raw[-8:-4])[0]
    pieces = raw[-8 - length : -8].split(_varint(ROWS))
    assert len(pieces) == 4
    footer = pieces[0]
    for at, piece in enumerate(pieces[1:]):
        footer += _varint(claimed if at in places else ROWS) + piece
    path = bench.folder / "lie.parquet"
    path.write_bytes(raw[: -8 - length] + footer + struct.pack("<I", len(footer)) + b"PAR1")
    assert "its footer says" in _held(bench.contract(ID), path)


def test_a_footer_of_nested_columns_dictionaries_and_row_groups_is_true(tmp_path: Path) -> None:
    rows = [{"a": [1, 2], "b": {"c": "x" * 1_000}, "d": None}, {"a": [], "b": None, "d": None}]
    table = pa.Table.from_pylist(rows * 5_000)
    for dictionary in (True, False):
        path = tmp_path / f"{dictionary}.parquet"
        pq.write_table(table, path, use_dictionary=dictionary, row_group_size=999)
        demand_truth(path)
    pq.write_table(table.slice(0, 0), path)
    demand_truth(path)


def test_a_footer_that_points_beyond_the_file_is_refused(honest: Path, tmp_path: Path) -> None:
    raw = honest.read_bytes()
    path = tmp_path / "cut.parquet"
    length = struct.unpack("<I", raw[-8:-4])[0]
    path.write_bytes(raw[:1_000] + raw[-8 - length :])
    with pytest.raises(EvaluationError, match="lies beyond its end"):
        demand_truth(path)


def _held(contract: Any, path: Path) -> str:
    from mesh_dagster.contracts.inference.infer import infer
    from mesh_dagster.contracts.inference.reading import opened
    from mesh_dagster.contracts.standalone.run import hold

    report = hold(Path(contract), [str(path)])
    (table,) = report.tables
    assert table.error is not None, json.dumps([each.message for each in table.results])
    with pytest.raises(EvaluationError) as refusal, opened(str(path)) as source:
        infer(source.rows, texts=source.texts)
    assert refusal.value.what == table.error.what
    assert refusal.value.fix
    return table.error.what
