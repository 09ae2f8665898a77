"""Spark, for real and on two cores, counts what Polars counts: a fixed set of cases."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from e2e.documents import blocks

from mesh_dagster.contracts.audit.owned.answers import Around
from mesh_dagster.contracts.audit.owned.sql.process import Limits
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.files.open import Engine
from mesh_dagster.contracts.reading import read_contract
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import NONE_ALLOWED, Rule, Sql
from mesh_dagster.contracts.standalone.asked import Options
from mesh_dagster.contracts.standalone.run import hold
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.finding import RuleResult, Verdict
from mesh_dagster.model.partition import Every, Partitioning

pyspark = pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17", allow_module_level=True)
pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]

FLAT = """
  - {name: id, logicalType: integer, physicalType: long, required: true, unique: true}
  - name: email
    logicalType: string
    physicalType: string
    logicalTypeOptions: {pattern: '^[a-zé.]+@[a-z]+$', minLength: 4, maxLength: 6}
  - name: digits
    logicalType: string
    physicalType: string
    logicalTypeOptions: {pattern: '^\\d+$'}
  - name: look
    logicalType: string
    physicalType: string
    logicalTypeOptions: {pattern: '(?m)^a$'}
  - name: amount
    logicalType: number
    physicalType: double
    logicalTypeOptions: {minimum: 0, exclusiveMaximum: 10}
  - {name: least, logicalType: number, physicalType: double, logicalTypeOptions: {minimum: 0}}
  - {name: day, logicalType: date, physicalType: date, logicalTypeOptions: {minimum: '2020-01-01'}}
  - name: at
    logicalType: timestamp
    physicalType: timestamptz
    logicalTypeOptions: {maximum: '2020-01-01T00:00:00Z'}
  - name: local
    logicalType: timestamp
    physicalType: timestamp
    logicalTypeOptions: {minimum: '2020-01-01T00:00:00'}
  - name: status
    logicalType: string
    physicalType: string
    quality:
    - {metric: invalidValues, arguments: {validValues: [a, b]}, unit: percent, mustBeLessThan: 10}
    - {metric: missingValues, arguments: {missingValues: ['', b]}, mustBe: 0}
  - {name: flag, logicalType: boolean, physicalType: boolean, required: true}
  - name: price
    logicalType: number
    physicalType: decimal(10,2)
    logicalTypeOptions: {minimum: 0.1}
  - {name: whole, logicalType: integer, physicalType: int, logicalTypeOptions: {multipleOf: 3}}
  - {name: absent, logicalType: string, physicalType: string}
  quality:
  - {metric: rowCount, mustBe: 5}
  - {id: pairs, metric: duplicateValues, arguments: {properties: [status, flag]}, mustBe: 0}
"""
NESTED = """
  - name: customer
    logicalType: object
    physicalType: struct
    properties:
    - {name: email, logicalType: string, physicalType: string, required: true}
  - name: tags
    logicalType: array
    physicalType: array
    items:
      name: tag
      logicalType: string
      physicalType: string
      logicalTypeOptions: {maxLength: 2}
  - name: items
    logicalType: array
    physicalType: array
    items:
      name: item
      logicalType: object
      physicalType: struct
      properties:
      - {name: sku, logicalType: string, physicalType: string, required: true}
      - {name: n, logicalType: integer, physicalType: long, logicalTypeOptions: {minimum: 1}}
"""
DAILY = """
  - {name: day, logicalType: date, physicalType: date, required: true}
  - {name: id, logicalType: integer, physicalType: long, unique: true}
"""


def checked(folder: Path, columns: str, partition_column: str | None = None) -> tuple[Rule, ...]:
    path = folder / "t.odcs.yaml"
    path.write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: mesh://d/t/v1\nversion: 1.0.0\n"
        f"status: active\nschema:\n- name: t\n  properties:{columns}",
        encoding="utf-8",
    )
    return rules(read_contract(path).contract, partition_column=partition_column)


@pytest.fixture
def opened(spark: Any, tmp_path: Path) -> Any:
    """Opens a Polars frame in Spark, by way of a Parquet file."""

    def open_(frame: pl.DataFrame) -> Any:
        path = tmp_path / f"{id(frame)}.parquet"
        frame.write_parquet(path)
        return spark.read.parquet(str(path))

    return open_


@pytest.fixture(scope="module")
def flat() -> pl.DataFrame:
    """Rows that break each rule in some way, with every value that engines order differently."""
    nan = float("nan")
    return pl.DataFrame(
        {
            "id": [1, 2, 2, None, 2**62],
            "email": ["a@bb", "é@é", "ab@cdef", None, "a.é@x\n"],
            "digits": ["1", "٣", "a", None, "1\n"],
            "look": ["a", None, "b", "a", "a"],
            "amount": [1.0, nan, -1.0, None, 10.0],
            "least": [1.0, nan, -0.0, None, float("inf")],
            "day": [date(2019, 12, 31), date(2020, 1, 1), None, date(1, 1, 1), date(2020, 1, 1)],
            "at": [
                datetime(2020, 1, 1, tzinfo=UTC),
                datetime(2020, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
                None,
                None,
                datetime(1900, 1, 1, tzinfo=UTC),
            ],
            "local": [
                datetime(2019, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
                datetime(2020, 1, 1),  # noqa: DTZ001
                None,
                None,
                None,
            ],
            "status": ["a", "c", None, "b", "b"],
            "flag": [True, None, False, True, True],
            "price": [Decimal("0.10"), Decimal("0.09"), None, Decimal("5"), Decimal("1")],
            "whole": [3, 4, 0, None, -3],
        },
        schema_overrides={
            "at": pl.Datetime("us", "UTC"),
            "local": pl.Datetime("us"),
            "price": pl.Decimal(10, 2),
            "whole": pl.Int32(),
        },
    )


def told(results: tuple[RuleResult, ...]) -> dict[tuple[str, str | None], tuple[Any, ...]]:
    return {
        (each.rule, each.partition): (each.verdict, each.failed, each.checked) for each in results
    }


def test_every_kind_of_rule_on_columns_counts_the_same(
    opened: Any, flat: pl.DataFrame, tmp_path: Path
) -> None:
    asked = checked(tmp_path, FLAT)
    on_spark, on_polars = told(audit(asked, opened(flat))), told(audit(asked, flat.lazy()))
    refused = ("look_pattern", None)
    assert on_spark.pop(refused)[0] is Verdict.ERROR
    assert on_polars.pop(refused)[0] is Verdict.FAILED
    assert on_spark == on_polars
    assert {key[0] for key, (verdict, *_) in on_spark.items() if verdict is Verdict.PASSED} == {
        "schema",
        "row_count",
    }


def test_a_pattern_that_spark_would_read_otherwise_says_so(
    opened: Any, flat: pl.DataFrame, tmp_path: Path
) -> None:
    asked = [rule for rule in checked(tmp_path, FLAT) if rule.id == "look_pattern"]
    (found,) = audit(asked, opened(flat))
    assert found.verdict is Verdict.ERROR
    assert "(?" in found.message
    assert "Spark" in found.message


def test_what_lies_in_objects_and_lists_counts_the_same(opened: Any, tmp_path: Path) -> None:
    data = pl.DataFrame(
        {
            "customer": [{"email": "a"}, {"email": None}, None],
            "tags": [["a", "abc", None], [], None],
            "items": [[{"sku": None, "n": 0}, {"sku": "x", "n": 1}], None, [{"sku": "y", "n": -1}]],
        }
    )
    asked = checked(tmp_path, NESTED)
    on_spark, on_polars = told(audit(asked, opened(data))), told(audit(asked, data.lazy()))
    assert on_spark == on_polars
    assert sum(failed or 0 for _, failed, _ in on_polars.values()) == 5


def test_each_day_is_judged_by_itself_and_keys_over_all_of_them(
    opened: Any, tmp_path: Path
) -> None:
    daily = Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC))
    days = [date(2013, 1, 1), date(2013, 1, 1), date(2013, 1, 2)]
    data = pl.DataFrame({"day": days, "id": [1, 1, 2]})
    published = pl.DataFrame({"id": [2, 3]})
    asked = checked(tmp_path, DAILY, "day")
    on_spark = audit(asked, opened(data), partitioning=daily, published=opened(published))
    on_polars = audit(asked, data.lazy(), partitioning=daily, published=published.lazy())
    assert told(on_spark) == told(on_polars)
    assert sum(each.failed or 0 for each in on_spark) == 2


def test_the_failing_rows_are_shown(opened: Any, flat: pl.DataFrame, tmp_path: Path) -> None:
    asked = {rule.id: rule for rule in checked(tmp_path, FLAT)}
    shown = failing_rows(asked["digits_pattern"], opened(flat))
    assert sorted(shown["digits"]) == ["1\n", "a"]


def test_a_session_in_another_time_zone_is_refused_where_there_are_moments(
    spark: Any, opened: Any, flat: pl.DataFrame, tmp_path: Path
) -> None:
    asked = checked(tmp_path, FLAT)
    data = opened(flat)
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        with pytest.raises(EvaluationError, match="America/New_York") as caught:
            audit(asked, data)
        assert caught.value.code == "MESH-C070"
        assert told(audit(asked[:1], data.select("id")))["schema", None][0] is Verdict.FAILED
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_files_are_tested_on_spark_by_their_contract_alone(
    spark: Any, flat: pl.DataFrame, tmp_path: Path
) -> None:
    checked(tmp_path, FLAT)
    for number in range(2):
        flat.drop("look").write_parquet(tmp_path / f"t{number}.parquet")
    found = {}
    for engine in (Engine.SPARK, Engine.POLARS):
        report = hold(
            tmp_path / "t.odcs.yaml", [str(tmp_path / "t*.parquet")], Options(engine=engine)
        )
        assert [table.error for table in report.tables] == [None]
        found[engine] = told(report.tables[0].results)
        found[engine].pop(("look_pattern", None))  # absent, and refused on Spark alone
    assert found[Engine.SPARK] == found[Engine.POLARS]
    assert found[Engine.SPARK]["row_count", None][2] == 10


def test_queries_run_by_spark_where_the_data_is(opened: Any) -> None:
    asked = [
        ("spark", "SELECT count(*) FROM {table} WHERE amount < 0", 1),
        ("spark", "SELECT count_if(customer.city IS NULL) FROM orders o WHERE o.id > 0", 1),
        ("postgres", "SELECT count(*) FROM public.orders WHERE day::text LIKE '2013-01%'", 3),
        (
            "duckdb",
            "SELECT count(*) FROM orders o ANTI JOIN cities c ON o.customer.city = c.name",
            1,
        ),
        ("duckdb", "WITH big AS (SELECT * FROM orders WHERE id > 1) SELECT count(*) FROM big", 2),
        ("spark", "SELECT count(*) FROM orders ORDER BY 1 LIMIT 1", 3),
    ]
    refused = [
        ("spark", "SELECT reflect('java.lang.System', 'getProperty', 'user.home')", "reflect()"),
        ("spark", "SELECT count(*) FROM parquet.`/etc`", "no table at hand"),
        ("spark", "SELECT count(*) FROM csv.`/etc/passwd`", "no table at hand"),
        ("spark", "SELECT input_file_name() FROM orders LIMIT 1", "input_file_name()"),
        ("spark", "SELECT nope FROM orders", "does not fit the data"),
        ("spark", "CREATE TABLE x AS SELECT 1", "CREATE"),
        ("spark", "SELECT 1", "reads no table"),
        ("spark", "SELECT raise_error('no') FROM orders", "failed as spark SQL"),
    ]
    rules_ = [
        Sql(
            id=f"q{number}",
            message=query,
            query=query,
            dialect=dialect,
            tables=("orders",),
            bound=NONE_ALLOWED,
        )
        for number, (dialect, query, _) in enumerate([*asked, *refused])
    ]
    orders = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "amount": [1.0, -1.0, None],
            "customer": [{"city": "x"}, {"city": None}, {"city": "y"}],
            "day": [date(2013, 1, 1), date(2013, 1, 1), date(2013, 1, 2)],
        }
    )
    cities = opened(pl.DataFrame({"name": ["x", "y"]}))
    data = opened(orders)
    results = audit(rules_, data, around=Around({"cities": cities}))
    answered = results[: len(asked)]
    assert [each.failed for each in answered] == [failed for _, _, failed in asked], [
        each.message for each in answered
    ]
    for result, (_, _, told) in zip(results[len(asked) :], refused, strict=True):
        assert told in result.message
    assert not data.sparkSession.catalog.listTables()
    by_day = audit(
        rules_[:1],
        data,
        partitioning=Partitioning(Every.DAY, "day", datetime(2013, 1, 1, tzinfo=UTC)),
    )
    assert [(each.partition, each.failed) for each in by_day] == [
        ("2013-01-01", 1),
        ("2013-01-02", 0),
    ]


def test_a_query_that_spark_takes_too_long_for_is_stopped(opened: Any) -> None:
    slow = Sql(
        id="slow",
        message="slow",
        query="SELECT count(*) FROM t a, t b, t c, t d WHERE a.n * b.n % 7 + c.n * d.n % 11 = 3",
        tables=("t",),
        bound=NONE_ALLOWED,
    )
    data = opened(pl.DataFrame({"n": list(range(80))}))
    (result,) = audit([slow], data, around=Around(limits=Limits(seconds=1)))
    assert result.verdict is Verdict.ERROR
    assert "it took longer than 1 seconds" in result.message


def test_the_documented_check_of_a_spark_table_runs(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contract, *_ = (each for each in blocks("docs/contracts/python.md") if each.info)
    (tmp_path / contract.info).write_text(contract.text)
    rows = spark.createDataFrame(
        [(1, "open", 2.0), (1, "lost", -1.0)], "id long, status string, amount double"
    )
    rows.createOrReplaceTempView("orders")
    example = next(
        each for each in blocks("docs/contracts/engines.md") if each.language == "python"
    )
    space: dict[str, Any] = {"spark": spark}
    exec(compile(example.text, "engines.md", "exec", dont_inherit=True), space)
    broken = {each.rule: each.failed for each in space["results"] if not each.holds}
    assert broken == {"id_unique": 1, "status_allowed": 1, "amount_range": 1}
    spark.catalog.dropTempView("orders")
