"""Which files are whose, and in which format."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from mesh_dagster.contracts.files.formats import Compression, Format, compression_of, format_of
from mesh_dagster.contracts.files.matching import data_given, data_served, table_of
from mesh_dagster.contracts.rules.servers import Server, server_named
from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.product import Status


def _contract(*names: str, servers: list[dict[str, str]] | None = None) -> Contract:
    tables = tuple(SchemaObject(name) for name in names)
    return Contract("c", "1.0.0", Status.ACTIVE, tables, rest={"servers": servers or []})


def _files(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("id\n1\n")


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("orders.csv", Format.CSV),
        ("orders.2024.TSV", Format.CSV),
        ("orders.csv.gz", Format.CSV),
        ("orders.jsonl.zst", Format.JSON),
        ("orders.ndjson", Format.JSON),
        ("orders.pq", Format.PARQUET),
        ("orders.db", Format.DUCKDB),
        ("00001-abc.metadata.json", Format.ICEBERG),
    ],
)
def test_a_file_is_of_the_format_it_is_called(tmp_path: Path, name: str, format_: Format) -> None:
    assert format_of(tmp_path / name) is format_


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (b"PAR1....", Format.PARQUET),
        (b"12345678DUCK", Format.DUCKDB),
        (b"\xef\xbb\xbf [{}]", Format.JSON),
        (b"id,name\n", Format.CSV),
    ],
)
def test_a_file_without_a_known_name_is_of_the_format_of_its_content(
    tmp_path: Path, content: bytes, format_: Format
) -> None:
    path = tmp_path / "export"
    path.write_bytes(content)
    assert format_of(path) is format_


def test_what_is_in_a_file_says_how_it_is_compressed_and_a_wrong_name_is_refused(
    tmp_path: Path,
) -> None:
    packed, plain = tmp_path / "a.csv", tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(b"id\n"))
    plain.write_text("id\n")
    assert compression_of(packed) is Compression.GZIP
    with pytest.raises(EvaluationError, match="called gz and is not"):
        compression_of(plain)


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("orders.csv", "orders"),
        ("ORDERS-2024-01.csv.gz", "orders"),
        ("orders_2024.parquet", "orders"),
        ("order_lines.csv", "order_lines"),
        ("orders/part-0.parquet", "orders"),
        ("ordersextra.csv", None),
        ("customers.csv", None),
    ],
)
def test_a_file_belongs_to_the_table_it_or_its_folder_is_named_after(
    name: str, owner: str | None
) -> None:
    tables = _contract("orders", "order", "order_lines").schema
    found = table_of(Path("/data") / name, tables)
    assert (found.name if found else None) == owner


def test_a_table_is_found_by_its_physical_name_too() -> None:
    table = SchemaObject("orders", rest={"physicalName": "sales.t_ord"})
    assert table_of(Path("t_ord.csv"), [table, SchemaObject("x")]) is table


def test_one_table_takes_every_file_of_a_folder_but_those_that_are_no_data(tmp_path: Path) -> None:
    _files(tmp_path, "a.csv", "deep/b.csv", "_SUCCESS", ".hidden.csv", "notes.md")
    found = data_given(_contract("orders"), [str(tmp_path)])
    assert [path.name for path in found.sets[0].paths] == ["a.csv", "b.csv"]


def test_of_a_folder_each_table_takes_its_own_and_the_others_are_told(tmp_path: Path) -> None:
    _files(tmp_path, "orders.csv", "lines.csv", "other.csv")
    found = data_given(_contract("orders", "lines"), [str(tmp_path)])
    assert {each.table.name: each.paths[0].name for each in found.sets} == {
        "orders": "orders.csv",
        "lines": "lines.csv",
    }
    assert found.notes == ["named after no schema object, and left aside: other.csv"]


def test_a_table_without_data_is_told(tmp_path: Path) -> None:
    _files(tmp_path, "orders.csv")
    found = data_given(_contract("orders", "lines"), [str(tmp_path / "orders.csv")])
    assert found.notes == ["no data was given for lines: not tested"]


def test_a_name_before_the_path_says_whose_it_is(tmp_path: Path) -> None:
    _files(tmp_path, "x.csv", "day=1/y.csv")
    contract = _contract("orders", "lines")
    found = data_given(contract, [f"lines={tmp_path}/x.csv"])
    assert found.sets[0].table.name == "lines"
    assert data_given(_contract("o"), [f"{tmp_path}/day=1/y.csv"]).sets[0].paths[0].name == "y.csv"
    with pytest.raises(UsageError, match="no schema object 'line'; did you mean `lines`"):
        data_given(contract, [f"line={tmp_path}/x.csv"])


def test_what_is_not_there_is_told_with_what_is_near(tmp_path: Path) -> None:
    _files(tmp_path, "orders.csv")
    with pytest.raises(UsageError, match=r"no .*ordres\.csv; did you mean orders\.csv"):
        data_given(_contract("orders"), [f"{tmp_path}/ordres.csv"])
    with pytest.raises(UsageError, match=r"no file matches .*\*\.parquet"):
        data_given(_contract("orders"), [f"{tmp_path}/*.parquet"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no data file"):
        data_given(_contract("orders"), [f"{tmp_path}/empty"])


def test_a_file_named_after_no_table_is_refused_with_what_to_say(tmp_path: Path) -> None:
    _files(tmp_path, "x.csv")
    with pytest.raises(UsageError) as caught:
        data_given(_contract("orders", "lines"), [f"{tmp_path}/x.csv"])
    assert "--data orders=" in str(caught.value.fix)


def test_two_formats_of_one_table_are_refused(tmp_path: Path) -> None:
    _files(tmp_path, "a.csv", "b.json")
    with pytest.raises(UsageError, match="two formats"):
        data_given(_contract("orders"), [str(tmp_path)])


def test_a_server_has_each_table_at_its_placeholder(tmp_path: Path) -> None:
    _files(tmp_path, "data/orders.csv", "data/lines.csv")
    server = Server("s", "local", {"path": "data/{model}.csv", "format": "csv"})
    found = data_served(_contract("orders", "lines"), server, tmp_path)
    assert [each.paths[0].name for each in found.sets] == ["orders.csv", "lines.csv"]


def test_a_server_whose_data_is_gone_or_elsewhere_says_where_it_should_be(tmp_path: Path) -> None:
    contract = _contract("orders")
    with pytest.raises(EvaluationError, match=r"nothing at .*orders\.csv"):
        data_served(contract, Server("s", "local", {"path": "{object}.csv"}), tmp_path)
    with pytest.raises(EvaluationError, match="not on this machine"):
        data_served(contract, Server("s", "s3", {"location": "s3://b/orders/*.csv"}), tmp_path)
    for type_, settings in (("local", {}), ("postgres", {"host": "h", "database": "shop"})):
        with pytest.raises(UsageError, match=rf"'s' \({type_}\) has no files") as refused:
            data_served(contract, Server("s", type_, settings), tmp_path)
        assert refused.value.fix == "give the data itself: --data PATH"


def test_a_file_that_is_given_is_what_its_name_says_whatever_the_server_has(tmp_path: Path) -> None:
    _files(tmp_path, "orders.csv", "lines.json", "fees.txt")
    given = [str(tmp_path / each) for each in ("orders.csv", "lines.json", "fees.txt")]
    contract = _contract("orders", "lines", "fees")
    found = data_given(contract, given, Server("s", "local", {"format": "csv", "encoding": "x"}))
    assert [each.format for each in found.sets] == [Format.CSV, Format.JSON, Format.CSV]
    assert [each.server is None for each in found.sets] == [False, True, False]
    found = data_given(contract, given, Server("s", "local", {"format": "json"}))
    assert [each.format for each in found.sets] == [Format.CSV, Format.JSON, Format.JSON]
    found = data_given(contract, given[:2], Server("s", "local", {"format": "delta"}))
    assert [each.format for each in found.sets] == [Format.CSV, Format.JSON]


def test_an_unknown_server_gets_a_suggestion() -> None:
    contract = _contract("orders", servers=[{"server": "production", "type": "local"}])
    assert server_named(contract, "production").type == "local"
    with pytest.raises(UsageError, match="did you mean `production`"):
        server_named(contract, "prodution")


def test_a_table_that_a_server_lost_is_told_beside_the_others(tmp_path: Path) -> None:
    _files(tmp_path, "orders.csv")
    server = Server("s", "local", {"path": "{model}.csv"})
    found = data_served(_contract("orders", "lines"), server, tmp_path)
    assert [each.table.name for each in found.sets] == ["orders"]
    assert list(found.absent) == ["lines"]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "orders.csv")
    with pytest.raises(UsageError, match="is no file"):
        data_given(_contract("orders"), [f"{tmp_path}/orders.csv"])
    with pytest.raises(UsageError, match="is no file"):
        data_given(_contract("orders"), ["/dev/null"])
