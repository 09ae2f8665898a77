"""Every format with real files, on every engine: the same rows, the same counts."""

from __future__ import annotations

import bz2
import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

Run = Callable[..., Any]

COLUMNS = [
    {"name": "id", "logicalType": "integer", "required": True, "unique": True},
    {"name": "email", "logicalType": "string", "logicalTypeOptions": {"pattern": "@"}},
    {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}},
]
ROWS = [
    {"id": 1, "email": "a@x", "amount": 1.5},
    {"id": 1, "email": "b", "amount": -2.0},
    {"id": 2, "email": None, "amount": None},
]
BROKEN = {"id_unique": 1, "email_pattern": 1, "amount_range": 1}


def _frame() -> pl.DataFrame:
    return pl.DataFrame(ROWS)


def _csv(separator: str = ",") -> str:
    return _frame().write_csv(separator=separator)


def _ndjson() -> str:
    return "\n".join(map(json.dumps, ROWS))


def _parquet(folder: Path) -> str:
    _frame().write_parquet(folder / "orders.parquet")
    return "orders.parquet"


def _text(name: str, content: str | bytes) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    return write


def _zst(folder: Path) -> str:
    with pa.CompressedOutputStream(str(folder / "orders.csv.zst"), "zstd") as out:
        out.write(_csv().encode())
    return "orders.csv.zst"


def _delta(folder: Path) -> str:
    """A table of two commits: the second replaces the file of the first."""
    table = folder / "orders"
    (table / "_delta_log").mkdir(parents=True)
    _frame().head(1).write_parquet(table / "part-0.parquet")
    _frame().write_parquet(table / "part 1.parquet")
    commits = [
        [
            {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
            {"metaData": {"id": "x", "configuration": {}}},
            {"add": {"path": "part-0.parquet", "dataChange": True}},
        ],
        [{"remove": {"path": "part-0.parquet"}}, {"add": {"path": "part%201.parquet"}}],
    ]
    for number, actions in enumerate(commits):
        text = "\n".join(map(json.dumps, actions))
        (table / "_delta_log" / f"{number:020}.json").write_text(text)
    return "orders"


def _iceberg(folder: Path) -> str:
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/c.db", warehouse=f"file://{folder}/w")
    catalog.create_namespace("n")
    table = catalog.create_table("n.orders", schema=_frame().to_arrow().schema)
    table.append(_frame().to_arrow())
    catalog.close()
    return str(Path(table.location().removeprefix("file://")))


def _duckdb(folder: Path) -> str:
    with duckdb.connect(folder / "o.duckdb") as database:
        rows = _frame()
        database.register("rows", rows.to_arrow())
        database.execute("CREATE TABLE Orders AS SELECT * FROM rows")
    return "o.duckdb"


FORMATS: dict[str, Callable[[Path], str]] = {
    "csv": _text("orders.csv", _csv()),
    "semicolons": _text("orders.csv", _csv(";")),
    "tsv": _text("orders.tsv", _csv("\t")),
    "csv.gz": _text("orders.csv.gz", gzip.compress(_csv().encode())),
    "csv.bz2": _text("orders.csv.bz2", bz2.compress(_csv().encode())),
    "csv.zst": _zst,
    "utf-16": _text("orders.csv", _csv().encode("utf-16")),
    "json array": _text("orders.json", json.dumps(ROWS)),
    "json lines": _text("orders.json", _ndjson()),
    "ndjson": _text("orders.ndjson", _ndjson()),
    "jsonl.gz": _text("orders.jsonl.gz", gzip.compress(_ndjson().encode())),
    "parquet": _parquet,
    "delta": _delta,
    "iceberg": _iceberg,
    "duckdb": _duckdb,
}


@pytest.mark.parametrize("engine", ["", "polars", "duckdb"])
@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_same_counts_on_each_engine(
    name: str, engine: str, bench: Any, run: Run
) -> None:
    contract = bench.contract(COLUMNS)
    data = FORMATS[name](bench.folder)
    ended = run(contract, "--data", data, "--json", *(["--engine", engine] if engine else []))
    assert (ended.code, ended.broken) == (1, BROKEN), ended.out
    assert ended.rule("id_unique")["checked"] == 3


def test_an_unparseable_value_is_one_failing_row_and_the_other_rules_go_on(
    bench: Any, run: Run
) -> None:
    contract = bench.contract(COLUMNS)
    bench.write("orders.csv", "id,email,amount\n1,a@x,1\nx,b,2\n3,c@x,oops\n,d@x,\n")
    ended = run(contract, "--data", "orders.csv", "--json")
    assert ended.broken == {
        "id_type": 1,
        "id_required": 1,
        "amount_type": 1,
        "email_pattern": 1,
    }


def test_what_is_wrong_in_an_object_is_shown_beside_it_unless_it_is_masked(
    bench: Any, run: Run
) -> None:
    price = {"name": "price", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}}
    items = {"logicalType": "object", "properties": [price]}
    columns: list[dict[str, Any]] = [
        {"name": "sum", "logicalType": "object", "properties": [price]},
        {"name": "lines", "logicalType": "array", "items": items},
    ]
    bench.write("orders.json", json.dumps([{"sum": {"price": -2}, "lines": [{"price": -1}]}]))
    asked = ("--data", "orders.json", "--json", "--samples", "1")
    shown = run(bench.contract(columns), *asked)
    assert next(iter(shown.rule("sum_price_range")["samples"][0].items())) == ("sum.price", -2.0)
    in_list = shown.rule("lines_items_price_range")["samples"][0]
    assert next(iter(in_list.items())) == ("lines[].price", -1.0)
    columns = [each | {"classification": "secret"} for each in columns]
    hidden = run(bench.contract(columns), *asked).json["rules"]
    assert all(set(row.values()) == {"***"} for each in hidden for row in each["samples"])


def test_of_json_a_text_is_shown_in_quotes_where_a_number_belongs(bench: Any, run: Run) -> None:
    contract = bench.contract([{"name": "n", "logicalType": "integer"}])
    bench.write("orders.json", '[{"n": 1}, {"n": "12"}, {"n": 1.5}]')
    ended = run(contract, "--data", "orders.json", "--json", "--samples", "9")
    assert ended.rule("n_type")["samples"] == [{"n": '"12"'}, {"n": "1.5"}]


def test_an_unparseable_value_inside_a_json_value_is_one_failing_row(bench: Any, run: Run) -> None:
    items = {"logicalType": "object", "properties": [{"name": "n", "logicalType": "integer"}]}
    contract = bench.contract([{"name": "items", "logicalType": "array", "items": items}])
    rows = [{"items": [{"n": 1}, {"n": "2"}, {"n": "3"}]}, {"items": [{"n": 1}]}, {"items": None}]
    bench.write("orders.json", json.dumps(rows))
    assert run(contract, "--data", "orders.json", "--json").broken == {"items_type": 1}


def test_a_time_of_json_has_the_nanoseconds_that_it_says(bench: Any, run: Run) -> None:
    options = {"maximum": "03:04:05.123456"}
    contract = bench.contract(
        [{"name": "at", "logicalType": "time", "logicalTypeOptions": options}]
    )
    rows = [{"at": "03:04:05.123456789"}, {"at": "03:04:05.123456"}, {"at": "late"}]
    bench.write("orders.json", json.dumps(rows))
    assert run(contract, "--data", "orders.json", "--json").broken == {"at_range": 1, "at_type": 1}


def test_an_empty_field_is_null_and_a_quoted_one_a_text(bench: Any, run: Run) -> None:
    contract = bench.contract(
        [
            {"name": "a", "logicalType": "string", "required": True},
            {"name": "b", "logicalType": "integer", "required": True},
        ]
    )
    bench.write("orders.csv", 'a,b\n,1\n"",2\nx,""\n')
    assert run(contract, "--data", "orders.csv", "--json").broken == {
        "a_required": 1,
        "b_required": 1,
    }


def test_missing_optional_columns_are_none_of_a_fault_and_required_and_extra_ones_are(
    bench: Any, run: Run
) -> None:
    contract = bench.contract()
    bench.write("orders.csv", "id,note\n1,x\n")
    ended = run(contract, "--data", "orders.csv", "--json")
    assert ended.broken == {"schema": 1}
    assert [each["column"] for each in ended.rule("schema")["columns"]] == ["note"]
    assert run(contract, "--data", "orders.csv", "--extra-columns", "warning").code == 0
    assert run(contract, "--data", "orders.csv", "--extra-columns", "allow").code == 0
    bench.write("orders.csv", "email,amount\na@x,1\n")
    missing = run(contract, "--data", "orders.csv", "--json").rule("schema")["columns"]
    assert missing == [{"column": "id", "problem": "is required and missing"}]


def test_a_contract_can_allow_extra_columns(bench: Any, run: Run) -> None:
    allowed = [{"property": "additionalColumns", "value": True}]
    table = {"name": "orders", "properties": COLUMNS, "customProperties": allowed}
    contract = bench.contract(tables=[table])
    bench.write("orders.csv", "id,note\n1,x\n")
    assert run(contract, "--data", "orders.csv").code == 0


def test_files_of_different_versions_are_united_by_name(bench: Any, run: Run) -> None:
    contract = bench.contract(COLUMNS)
    pl.DataFrame({"id": [1, 2]}).write_parquet(bench.folder / "v1.parquet")
    _frame().tail(1).select("amount", "id", "email").write_parquet(bench.folder / "v2.parquet")
    ended = run(contract, "--data", "*.parquet", "--json")
    assert ended.broken == {"id_unique": 1}
    bench.write("a.csv", "id\n1\n")
    bench.write("b.csv", "amount,id\n-1,2\n")
    assert run(contract, "--data", "[ab].csv", "--json").broken == {"amount_range": 1}


def test_the_server_says_how_its_files_are_written(bench: Any, run: Run) -> None:
    server = {"server": "s", "type": "local", "path": "data/{model}.csv", "format": "csv"}
    server |= {"delimiter": "|", "encoding": "ISO-8859-1", "header": False, "quote": "'"}
    columns = [
        {"name": "name", "logicalType": "string", "enum": [{"value": "Mü|ller"}]},
        {"name": "n", "logicalType": "integer"},
    ]
    contract = bench.contract(columns, servers=[server])
    bench.write("data/orders.csv", "'Mü|ller'|1\n".encode("latin-1"))
    assert run(contract, "--json").broken == {}


def test_tables_of_one_contract_refer_to_each_other(bench: Any, run: Run) -> None:
    orders = {"name": "orders", "properties": [{"name": "id", "logicalType": "integer"}]}
    link = [{"type": "foreignKey", "to": "orders.id"}]
    line = {"name": "order_id", "logicalType": "integer", "relationships": link}
    total = {"type": "sql", "query": "SELECT count(*) FROM orders", "mustBe": 1}
    lines = {"name": "lines", "properties": [line], "quality": [total]}
    contract = bench.contract(tables=[orders, lines])
    bench.write("in/orders.csv", "id\n1\n")
    bench.write("in/lines.csv", "order_id\n1\n2\n")
    ended = run(contract, "--data", "in", "--json")
    assert ended.broken == {"lines.order_id_in_orders": 1}
    alone = run(contract, "--data", "in/lines.csv", "--json", "--skip", "sql")
    assert alone.rule("lines.order_id_in_orders")["verdict"] == "error"
    assert alone.code == 3


def test_a_table_of_a_database_is_found_in_its_schema(bench: Any, run: Run) -> None:
    with duckdb.connect(bench.folder / "o.duckdb") as database:
        database.execute("CREATE SCHEMA sales; CREATE TABLE sales.orders (id INTEGER)")
        database.execute("CREATE TABLE other (id INTEGER)")
    server = {"server": "s", "type": "duckdb", "database": "o.duckdb", "schema": "sales"}
    contract = bench.contract([{"name": "ID", "physicalType": "INTEGER"}], servers=[server])
    assert run(contract, "--json").broken == {}
    contract = bench.contract(tables=[{"name": "othr", "properties": []}])
    ended = run(contract, "--data", "o.duckdb")
    assert ended.code == 3
    assert "did you mean `other`" in ended.out
    assert not (bench.folder / "o.duckdb.wal").exists()


def test_untyped_json_of_a_database_is_read_as_the_contract_has_it(bench: Any, run: Run) -> None:
    with duckdb.connect(bench.folder / "o.duckdb") as database:
        database.execute("CREATE TABLE orders (payload JSON)")
        database.execute("""INSERT INTO orders VALUES ('{"code": "a"}'), ('{}'), (NULL)""")
    code = {"name": "code", "logicalType": "string", "required": True}
    contract = bench.contract([{"name": "payload", "properties": [code]}])
    assert run(contract, "--data", "o.duckdb", "--json").broken == {"payload_code_required": 1}


def test_a_delta_table_that_needs_more_than_its_log_says_what(bench: Any, run: Run) -> None:
    contract = bench.contract(COLUMNS)
    _delta(bench.folder)
    protocol = {"minReaderVersion": 3, "readerFeatures": ["deletionVectors"]}
    log = bench.folder / "orders" / "_delta_log" / f"{2:020}.json"
    log.write_text(json.dumps({"protocol": protocol}))
    ended = run(contract, "--data", "orders")
    assert ended.code == 3
    assert "MESH-C027" in ended.out
    assert "pip install deltalake" in ended.out


def test_a_delta_table_is_read_from_its_checkpoint(bench: Any, run: Run) -> None:
    contract = bench.contract(COLUMNS)
    _delta(bench.folder)
    log = bench.folder / "orders" / "_delta_log"
    for each in log.iterdir():
        each.unlink()
    added = pl.DataFrame({"add": [{"path": "part%201.parquet", "size": 1}, None]})
    added.write_parquet(log / f"{10:020}.checkpoint.parquet")
    assert run(contract, "--data", "orders", "--json").broken == BROKEN


def test_folders_named_after_values_are_columns(bench: Any, run: Run) -> None:
    day = {"name": "day", "logicalType": "date", "required": True}
    contract = bench.contract([{"name": "id", "logicalType": "integer"}, day])
    folder = bench.folder / "orders" / "day=2024-01-02"
    folder.mkdir(parents=True)
    pl.DataFrame({"id": [1]}).write_parquet(folder / "p.parquet")
    assert run(contract, "--data", "orders", "--json").broken == {}


@pytest.mark.parametrize(
    ("content", "checked"),
    [
        ("id,email\n1,a@x\n\n2,b@x\n\n\n", 2),
        ("\ufeffid,email\r\n1,a@x\r\n", 1),
        ('" id ",email \n1,a@x\n2\n', 2),
        ("id\n1\n\n2\n", 3),
        ("id,email\n", 0),
        ("id,email", 0),
    ],
)
def test_csv_is_read_as_people_write_it(bench: Any, run: Run, content: str, checked: int) -> None:
    optional = [{**each, "required": False} for each in COLUMNS]
    contract = bench.contract(optional)
    bench.write("orders.csv", content)
    ended = run(contract, "--data", "orders.csv", "--json")
    assert (ended.code, ended.rule("id_unique")["checked"]) == (0, checked)


def test_a_csv_without_a_header_has_the_columns_of_the_contract(bench: Any, run: Run) -> None:
    contract = bench.contract(COLUMNS)
    bench.write("orders.csv", "1,a@x,2.5\n2,b,3\n")
    ended = run(contract, "--data", "orders.csv", "--json")
    assert ended.broken == {"email_pattern": 1}
    assert "has no header" in ended.err


def test_files_that_disagree_on_a_type_are_told(bench: Any, run: Run) -> None:
    contract = bench.contract([{"name": "id", "logicalType": "integer"}])
    pl.DataFrame({"id": [1]}, schema={"id": pl.Int32}).write_parquet(bench.folder / "a.parquet")
    pl.DataFrame({"id": [2]}).write_parquet(bench.folder / "b.parquet")
    ended = run(contract, "--data", "*.parquet", "--json")
    assert ended.json["verdict"] == "passed"
    assert "orders.id is int32 in a.parquet and int64 in b.parquet" in ended.err


def test_an_iceberg_table_that_lies_elsewhere_is_not_reached_for(bench: Any, run: Run) -> None:
    contract = bench.contract(COLUMNS)
    folder = Path(_iceberg(bench.folder)) / "metadata"
    newest = max(folder.glob("*.metadata.json"))
    text = newest.read_text().replace(f"file://{bench.folder}", "s3://somewhere")
    bench.write("moved/metadata/v9.metadata.json", text)
    ended = run(contract, "--data", "moved")
    assert ended.code == 3
    assert "not on this machine" in " ".join(ended.out.split())


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@pytest.mark.parametrize("form", ["duckdb", "csv"])
def test_tables_of_one_engine_are_joined(bench: Any, run: Run, form: str, engine: str) -> None:
    joined = "SELECT count(*) FROM orders o JOIN lines l ON o.id = l.order_id"
    quality = [{"type": "sql", "query": joined, "mustBe": 1}]
    ids = [{"name": "id", "logicalType": "integer"}]
    line = {"name": "order_id", "logicalType": "integer", "relationships": [{"to": "orders.id"}]}
    tables = [{"name": "orders", "properties": ids, "quality": quality}]
    contract = bench.contract(tables=[*tables, {"name": "lines", "properties": [line]}])
    with duckdb.connect(bench.folder / "o.duckdb") as database:
        database.execute("CREATE TABLE orders AS SELECT unnest([1, 2]) AS id")
        database.execute("CREATE TABLE lines AS SELECT unnest([1, 9]) AS order_id")
    bench.write("in/orders.csv", "id\n1\n2\n")
    bench.write("in/lines.csv", "order_id\n1\n9\n")
    data = "o.duckdb" if form == "duckdb" else "in"
    ended = run(contract, "--data", data, "--json", "--engine", engine, "--samples", 2)
    assert ended.broken == {"lines.order_id_in_orders": 1}, ended.out
    assert len(ended.rule("lines.order_id_in_orders")["samples"]) == 1


def test_columns_that_only_duckdb_knows_end_no_audit_on_another_engine(
    bench: Any, run: Run
) -> None:
    with duckdb.connect(bench.folder / "o.duckdb") as database:
        database.execute("CREATE TABLE orders (id UUID, took INTERVAL, amount HUGEINT)")
        database.execute("INSERT INTO orders VALUES (uuid(), INTERVAL 1 DAY, 9007199254740993)")
    columns = [
        {"name": "id", "logicalType": "string", "logicalTypeOptions": {"format": "uuid"}},
        {"name": "amount", "logicalType": "integer", "enum": [{"value": 9007199254740992}]},
    ]
    contract = bench.contract(columns)
    ended = run(contract, "--data", "o.duckdb", "--engine", "polars", "--json", "--skip", "schema")
    assert ended.broken == {"amount_allowed": 1}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_column_of_nearly_the_promised_name_is_pointed_at(
    bench: Any, run: Run, form: str
) -> None:
    note = {"name": "note", "logicalType": "string"}
    order = {"name": "order_id", "logicalType": "integer", "required": True}
    contract = bench.contract([order, note])
    rows = pl.DataFrame({"Order_ID": [1], "Note": ["x"], "rest": [1]})
    getattr(rows, f"write_{form}")(bench.folder / f"orders.{form}")
    told = run(contract, "--data", f"orders.{form}", "--json").rule("schema")["columns"]
    assert {each["column"]: each["problem"].partition("; ")[2] for each in told} == {
        "order_id": "did you mean Order_ID?",
        "Order_ID": "did you mean order_id?",
        "Note": "did you mean note?",
        "rest": "",
    }


def test_what_stands_for_nothing_is_said_by_the_server(bench: Any, run: Run) -> None:
    noted = [{"property": "nullValues", "value": ["NA", "-"]}]
    server = {"server": "s", "type": "local", "path": "o.csv", "customProperties": noted}
    contract = bench.contract([{"name": "id", "logicalType": "integer"}], servers=[server])
    bench.write("o.csv", "id\n1\nNA\n-\n")
    assert run(contract, "--json").broken == {}
    assert run(contract, "--json").rule("id_type")["checked"] == 3


def test_an_archive_of_one_file_is_that_file_and_one_of_several_is_told(
    bench: Any, run: Run
) -> None:
    contract = bench.contract(COLUMNS)
    with zipfile.ZipFile(bench.folder / "orders.csv.zip", "w") as archive:
        archive.writestr("orders.csv", _csv())
    assert run(contract, "--data", "orders.csv.zip", "--json").broken == BROKEN
    with zipfile.ZipFile(bench.folder / "orders.csv.zip", "a") as archive:
        archive.writestr("more.csv", _csv())
    ended = run(contract, "--data", "orders.csv.zip")
    assert ended.code == 3
    assert "is an archive of 2 files" in " ".join(ended.out.split())
