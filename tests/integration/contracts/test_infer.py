"""`mesh contract infer`: what it promises of data, and of what it keeps silent."""

from __future__ import annotations

import json
import random
import uuid
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.cli.contract_infer import command
from mesh_dagster.cli.root import run
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.files.formats import Format
from mesh_dagster.contracts.inference.infer import Inferred, infer
from mesh_dagster.contracts.inference.reading import opened
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.standalone.run import hold
from mesh_dagster.descriptors import odcs
from mesh_dagster.model.contract import Property
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.types import ColumnType, Kind

ROWS = 5_000


def orders(rows: int = ROWS, seed: int = 1) -> pl.DataFrame:
    dice = random.Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "id": range(1, rows + 1),
            "customer": [str(uuid.UUID(int=dice.getrandbits(128))) for _ in range(rows)],
            "email": [f"u{dice.randrange(900)}@example.com" for _ in range(rows)],
            "sku": [
                f"{dice.choice('ABCD')}{dice.choice('XYZ')}-{dice.randrange(1000, 9999)}"
                for _ in range(rows)
            ],
            "amount": [round(dice.expovariate(0.01), 2) for _ in range(rows)],
            "status": dice.choices(["open", "paid", "gone"], [5, 3, 2], k=rows),
            "placed_at": [start + timedelta(seconds=13 * at) for at in range(rows)],
            "note": [
                None if dice.random() < 0.5 else "word " * dice.randrange(1, 9) for _ in range(rows)
            ],
        }
    )


def properties(found: Inferred) -> dict[str, Property]:
    return {each.name: each for each in found.contract.table.properties}


def test_an_orders_table_gets_the_promises_that_a_person_would_make() -> None:
    found = infer(orders().lazy(), name="orders")
    columns = properties(found)
    assert found.contract.table.key == ("id",)
    assert columns["customer"].options == {"format": "uuid"}
    assert columns["email"].options == {"format": "email"}
    assert columns["sku"].options == {"pattern": r"^[A-Z]{2}\-[0-9]{4}$"}
    assert columns["amount"].options == {"minimum": 0}
    assert [each["value"] for each in columns["status"].rest["enum"]] == ["gone", "open", "paid"]
    assert not columns["note"].required
    assert columns["placed_at"].type == ColumnType(Kind.TIMESTAMPTZ)
    assert found.contract.table.event_time == "placed_at"
    assert all(each.required for name, each in columns.items() if name != "note")


def test_each_promise_has_its_evidence_beside_it_and_reads_back() -> None:
    found = infer(orders().lazy(), name="orders", source="orders.parquet")
    text = found.text
    assert text.startswith("# Inferred from orders.parquet: 5,000 rows.")
    for line in text.splitlines():
        if line.strip().startswith(("required:", "primaryKey:", "enum:", "minimum:", "format:")):
            assert "  # " in line, line
    assert "required: true  # 5,000 of 5,000 rows have it" in text
    assert odcs.read(text) == found.contract


def test_what_few_rows_happen_to_be_is_not_promised() -> None:
    found = infer(orders(20).lazy())
    assert found.contract.table.key == ()
    for column in found.contract.table.properties:
        assert not column.required
        assert not column.unique
        assert "enum" not in column.rest
        assert column.options.keys() <= {"timezone"}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["a"] * 2_000 + ["b"] * 2_000 + ["c"], "'c' is in 1 only"),
        (["a", "b"] * 1_000 + ["a", "c"] * 1_000, "'c' is new in the second half"),
    ],
)
def test_values_that_may_not_be_all_are_no_enum(values: list[str], says: str) -> None:
    found = infer(pl.LazyFrame({"a": values}))
    assert "enum" not in properties(found)["a"].rest
    assert says in found.text


def test_a_float_a_moment_and_a_decimal_are_no_key_however_unique() -> None:
    rows = orders()
    unique = rows.select(
        pl.col("id").cast(pl.Float64).alias("float"),
        pl.col("id").cast(pl.Decimal(12, 2)).alias("decimal"),
        "placed_at",
    )
    found = infer(unique.lazy())
    assert found.contract.table.key == ()
    assert not any(each.unique for each in found.contract.table.properties)


def test_a_key_of_two_columns_is_found_where_chance_would_repeat_it() -> None:
    days = [date(2026, 1, 1) + timedelta(days=at) for at in range(200)]
    grid = [(day, shop) for day in days for shop in ("a", "b", "c", "d")]
    rows = pl.DataFrame(grid, schema=["day", "shop"], orient="row").with_columns(
        sold=pl.int_range(pl.len()) % 7
    )
    assert infer(rows.lazy()).contract.table.key == ("day", "shop")
    assert infer(pl.concat([rows, rows.head(1)]).lazy()).contract.table.key == ()


def test_the_tail_of_a_distribution_is_no_wall() -> None:
    dice = random.Random(3)
    warm = [abs(dice.gauss(18, 5)) for _ in range(3_000)]
    assert properties(infer(pl.LazyFrame({"temperature": warm})))["temperature"].options == {}


def test_a_postal_code_is_a_text_and_few_whole_numbers_are_numbers() -> None:
    texts = pl.LazyFrame({"zip": ["01234", "99999"] * 200, "n": ["1", None] * 200}).with_columns(
        few=pl.when(pl.int_range(pl.len()) < 50).then(pl.lit("1"))
    )
    columns = properties(infer(texts, texts=Format.CSV))
    assert columns["zip"].logical_type == "string"
    assert columns["n"].logical_type == "integer"
    assert columns["few"].logical_type == "number"


def test_a_column_of_nothing_has_no_type() -> None:
    column = properties(infer(pl.LazyFrame({"a": pl.Series([None] * 500, dtype=pl.Int64)})))["a"]
    assert column.type is None
    assert not column.required


def test_a_table_without_rows_or_columns_is_a_contract_without_promises() -> None:
    assert infer(pl.LazyFrame()).contract.table.properties == ()
    found = infer(orders().head(0).lazy())
    assert len(found.contract.table.properties) == 8
    assert found.contract.table.quality == ()


WORDS = st.text(max_size=8) | st.sampled_from(["", "a", "NULL", "#x", ": y", "2013-01-01"])
COLUMNS = [
    (pl.Int64(), st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)),
    (pl.Float64(), st.floats()),
    (pl.String(), WORDS),
    (pl.Date(), st.dates()),
    (pl.Datetime("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
    (pl.Boolean(), st.booleans()),
    (pl.List(pl.Int32()), st.lists(st.integers(0, 9), max_size=3)),
    (
        pl.Struct({"x": pl.String(), "y": pl.Int64()}),
        st.fixed_dictionaries({"x": WORDS, "y": st.none() | st.integers(0, 3)}),
    ),
]


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    kinds = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4))
    some = draw(st.integers(0, 12))
    times = draw(st.sampled_from([1, 7, 40]))
    nulls = draw(st.booleans())
    names = draw(
        st.lists(
            st.text(min_size=1, max_size=6).filter(_is_name),
            min_size=len(kinds),
            max_size=len(kinds),
            unique_by=str.lower,
        )
    )
    return pl.DataFrame(
        [
            pl.Series(
                name,
                draw(
                    st.lists(st.none() | values if nulls else values, min_size=some, max_size=some)
                )
                * times,
                dtype=dtype,
                strict=False,
            )
            for name, (dtype, values) in zip(names, kinds, strict=True)
        ]
    )


def _is_name(text: str) -> bool:
    return text.isprintable() and text.strip() == text and text[0] not in "^*"


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(frames())
def test_data_keeps_the_contract_inferred_from_it(data: pl.DataFrame) -> None:
    found = infer(data.lazy())
    contract = odcs.read(found.text)
    assert contract == found.contract
    broken = [
        each for each in audit(rules(contract), data.lazy()) if each.verdict is not Verdict.PASSED
    ]
    assert broken == []


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson", "json", "csv.gz"])
def test_every_kind_of_file_gives_the_same_promises(tmp_path: Path, ending: str) -> None:
    rows = orders()
    path = tmp_path / f"orders-2026.{ending}"
    match ending:
        case "csv":
            rows.write_csv(path)
        case "csv.gz":
            rows.write_csv(path, compression="gzip")
        case "parquet":
            rows.write_parquet(path)
        case "ndjson":
            rows.write_ndjson(path)
        case "json":
            rows.write_json(path)
    with opened(str(path)) as source:
        found = infer(source.rows, name=source.name, texts=source.texts)
    want = infer(rows.lazy(), name="orders")
    assert found.contract.id == "orders"
    assert {
        name: (each.options, each.required, each.rest) for name, each in properties(found).items()
    } == {name: (each.options, each.required, each.rest) for name, each in properties(want).items()}
    assert found.contract.table.key == ("id",)


def test_a_duckdb_table_is_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    rows = orders()
    with duckdb.connect(str(path)) as connection:
        connection.from_arrow(rows.to_arrow()).create("orders")
    with opened(str(path)) as source:
        assert source.name == "orders"
        assert infer(source.rows, name=source.name).contract.table.key == ("id",)


def test_the_command_writes_a_contract_that_mesh_can_read(tmp_path: Path) -> None:
    data, written = tmp_path / "orders.parquet", tmp_path / "orders.odcs.yaml"
    orders().write_parquet(data)
    assert run(["contract", "infer", str(data), "-o", str(written)]) == 0
    assert odcs.read_file(written).table.key == ("id",)
    before = written.read_text()
    assert run(["contract", "infer", str(data), "-o", str(written)]) == 2
    assert written.read_text() == before
    assert CliRunner().invoke(command, [str(data)]).output.startswith("# Inferred from")


def _truncated(path: Path) -> None:
    orders().write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])


def _archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("word/document.xml", "[Content_Types].xml"):
            archive.writestr(name, "<x/>")


HOSTILE = {
    "empty.parquet": lambda path: path.write_bytes(b""),
    "noise.parquet": lambda path: path.write_bytes(random.Random(1).randbytes(2_000)),
    "truncated.parquet": _truncated,
    "empty.csv": lambda path: path.write_bytes(b""),
    "binary.csv": lambda path: path.write_bytes(b"a,b\n" + bytes(range(128, 256)) + b"\n"),
    "ragged.csv": lambda path: path.write_text("a,b\n1,2\n1,2,3,4\n"),
    "noise.ndjson": lambda path: path.write_text("{]\n"),
    "deep.json": lambda path: path.write_text("[" * 20_000),
    "text.duckdb": lambda path: path.write_text("no database"),
    "list.json": lambda path: path.write_text(json.dumps([1, 2])),
    "what.docx": _archive,
    "noise.bin": lambda path: path.write_bytes(random.Random(1).randbytes(2_000)),
    "null.json": lambda path: path.write_bytes(bytes(2_000)),
    "empty.ndjson": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_in_a_sentence(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    HOSTILE[name](path)
    code = run(["contract", "infer", str(path)])
    said = capsys.readouterr().err
    assert (code, said[:8]) in {(2, "MESH-C02"), (3, "MESH-C02")}
    assert "fix:" in said
    assert name in said
    assert "Traceback" not in said


def test_an_import_of_data_points_at_infer(capsys: pytest.CaptureFixture[str]) -> None:
    for format_ in ("csv", "NDJSON", "delta"):
        assert run(["contract", "import", format_, "my orders.csv"]) == 2
        assert "fix: mesh contract infer 'my orders.csv'" in capsys.readouterr().err


def test_a_folder_and_a_name_that_is_not_there_are_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "orders.csv").write_text("id\n1\n")
    (tmp_path / "empty").mkdir()
    for place, told in (("order.csv", "did you mean orders.csv?"), ("empty", "no data file")):
        assert run(["contract", "infer", str(tmp_path / place)]) == 2
        said = capsys.readouterr().err
        assert place in said
        assert told in said
        assert "fix: " in said


def test_evidence_counts_the_values_that_were_looked_at() -> None:
    rows = orders(300)
    assert "format: uuid  # all 300 values are of it" in infer(rows.lazy()).text


def test_a_value_of_the_data_can_neither_end_a_comment_nor_drive_a_terminal() -> None:
    values = ["a\n- evil: true"] * 1_000 + ["\x1b[2J"] + ["b"] * 1_000
    text = infer(pl.LazyFrame({"a": values})).text
    assert "\x1b" not in text
    assert "evil" not in {key for each in odcs.read(text).table.properties for key in each.rest}


def test_a_word_for_a_missing_value_is_told_and_not_taken_for_one() -> None:
    found = infer(
        pl.LazyFrame({"a": ["1", "NA", "3"] * 100, "b": ["x", "NA"] * 150}), texts=Format.CSV
    )
    columns = properties(found)
    assert columns["a"].logical_type == columns["b"].logical_type == "string"
    assert "'NA' keeps it from being of type integer" in found.text
    assert found.text.count("keeps it from") == 1


MIXED = {
    "a text beside numbers": (['{"a": 1}', '{"a": "1"}'], "a", "text here, whole number there"),
    "a field of several types": (['{"a": {"b": 1}}', '{"a": {"b": []}}'], "a", "it.b is array"),
    "an element of several types": (['{"a": [1]}', '{"a": [true]}'], "a", "it[] is true or false"),
    "an object beside a list": (['{"a": {}}', '{"a": []}'], "a", "it is array here, object there"),
    "only empty lists": (['{"a": []}', '{"a": []}'], "a", "no value that tells"),
}


@pytest.mark.parametrize("case", MIXED)
def test_a_key_of_json_with_values_of_several_types_gets_no_type_and_a_word_why(
    tmp_path: Path, case: str
) -> None:
    lines, column, told = MIXED[case]
    found, report = _inferred_and_held(tmp_path / "rows.ndjson", lines * 100)
    assert properties(found)[column].type is None
    assert properties(found)[column].logical_type is None
    assert properties(found)[column].required
    assert told in found.text
    assert report is Verdict.PASSED


def test_a_key_of_json_that_is_never_filled_is_told(tmp_path: Path) -> None:
    found, report = _inferred_and_held(tmp_path / "rows.ndjson", ['{"a": null, "b": 1}'] * 100)
    assert properties(found)["a"].type is None
    assert "no row has it" in found.text
    assert report is Verdict.PASSED


def test_what_is_new_late_in_a_file_of_json_counts(tmp_path: Path) -> None:
    lines = ['{"a": 1, "o": {"x": 1}}'] * 20_001 + ['{"a": 1.5, "o": {"x": 1, "y": "z"}}']
    found, report = _inferred_and_held(tmp_path / "rows.ndjson", lines)
    columns = properties(found)
    assert columns["a"].logical_type == "number"
    assert [each.name for each in columns["o"].properties] == ["x", "y"]
    assert report is Verdict.PASSED


@pytest.mark.parametrize("ending", ["ndjson", "csv"])
def test_whole_numbers_beyond_64_bits_are_numbers(tmp_path: Path, ending: str) -> None:
    numbers = [str((1 << 63) + at * 5_000) for at in range(200)]
    lines = ["a", *numbers] if ending == "csv" else [f'{{"a": {each}}}' for each in numbers]
    found, report = _inferred_and_held(tmp_path / f"rows.{ending}", lines)
    assert properties(found)["a"].logical_type == "number"
    assert found.contract.table.key == ()
    assert report is Verdict.PASSED


def test_in_json_a_text_of_digits_is_a_text_and_one_of_a_moment_a_moment(tmp_path: Path) -> None:
    lines = ['{"zip": "12345", "at": "2024-01-02T03:04:05Z", "day": "2024-01-02"}'] * 200
    found, report = _inferred_and_held(tmp_path / "rows.ndjson", lines)
    types = {name: each.logical_type for name, each in properties(found).items()}
    assert types == {"zip": "string", "at": "timestamp", "day": "date"}
    assert report is Verdict.PASSED


def test_an_object_with_ever_other_keys_is_no_struct(tmp_path: Path) -> None:
    lines = [f'{{"a": {{"k{at}": 1}}}}' for at in range(1_500)]
    found, report = _inferred_and_held(tmp_path / "rows.ndjson", lines)
    assert properties(found)["a"].type is None
    assert "ever other keys" in found.text
    assert report is Verdict.PASSED


def _inferred_and_held(path: Path, lines: list[str]) -> tuple[Inferred, Verdict]:
    path.write_text("\n".join(lines) + "\n")
    with opened(str(path)) as source:
        found = infer(source.rows, texts=source.texts, untyped=source.untyped)
    contract = path.with_name("c.odcs.yaml")
    contract.write_text(found.text)
    return found, hold(contract, [str(path)]).verdict
