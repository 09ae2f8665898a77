"""Types are told in the mesh's own words, whatever engine they come from, and compared in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import polars as pl
import pytest

from mesh_dagster.contracts.audit.data.frame import Frame
from mesh_dagster.contracts.audit.data.types import differences
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Expected, Schema
from mesh_dagster.descriptors.types import parse
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.finding import RuleResult, Severity, Verdict

Promise = Callable[..., Contract]

POLARS: dict[str, Any] = {
    "boolean": pl.Boolean(),
    "int": pl.Int32(),
    "long": pl.Int64(),
    "float": pl.Float32(),
    "double": pl.Float64(),
    "decimal(10,2)": pl.Decimal(10, 2),
    "string": pl.String(),
    "binary": pl.Binary(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
    "list<string>": pl.List(pl.String()),
    "struct<a: int, b: list<double>>": pl.Struct({"a": pl.Int32(), "b": pl.List(pl.Float64())}),
    "map<string,long>": pl.Map(pl.String(), pl.Int64()),
}
OTHERS: dict[str, Any] = {
    "timestamp[ns]": pl.Datetime("ns"),
    "timestamp[us, Europe/Berlin]": pl.Datetime("us", "Europe/Berlin"),
    "int8": pl.Int8(),
    "list<int8>": pl.List(pl.Int8()),
    "struct<a: uint8>": pl.Struct({"a": pl.UInt8()}),
}
DUCKDB = [
    ("1::INTEGER", "int"),
    ("1::BIGINT", "long"),
    ("1.5::DECIMAL(10,2)", "decimal(10,2)"),
    ("TIMESTAMP '2013-01-01'", "timestamp"),
    ("TIMESTAMPTZ '2013-01-01 00:00:00+02'", "timestamptz"),
    ("[1::BIGINT]", "list<long>"),
    ("{'a': 'x'}", "struct<a: string>"),
    ("MAP {'a': [1.5::DOUBLE]}", "map<string,list<double>>"),
    ("TIME '10:00:00'", "time"),
    ("'x'::BLOB", "binary"),
]


def differing(found: Frame, text: str, *, widths: bool = False) -> list[str]:
    """What differs from a column `a` of a type."""
    column = Expected("a", parse(text), required=True)
    rule = Schema(id="schema", message="", columns=(column,), widths=widths)
    return [each.message for each in differences(rule, found.types())]


@pytest.mark.parametrize("text", POLARS)
def test_a_type_of_polars_is_one_of_the_mesh(text: str) -> None:
    frame = Frame.of(pl.LazyFrame(schema={"a": POLARS[text]}))
    assert str(frame.types()["a"]) == str(parse(text)) == text
    assert differing(frame, text) == differing(frame, text, widths=True) == []


@pytest.mark.parametrize("text", OTHERS)
def test_a_type_that_the_mesh_has_not_is_told_as_it_is(text: str) -> None:
    frame = Frame.of(pl.LazyFrame(schema={"a": OTHERS[text]}))
    assert str(frame.types()["a"]) == text
    assert differing(frame, "string") == [f"a is {text} in the data, string in the contract"]


@pytest.mark.parametrize(("sql", "text"), DUCKDB)
def test_a_type_of_duckdb_is_one_of_the_mesh(sql: str, text: str) -> None:
    frame = Frame.of(duckdb.connect().sql(f"SELECT {sql} AS a"))
    assert str(frame.types()["a"]) == text
    assert differing(frame, text) == differing(frame, text, widths=True) == []


def test_a_type_that_only_duckdb_has_is_told_in_its_words() -> None:
    relation = duckdb.connect().sql("SELECT uuid() AS a, '{}'::JSON AS b")
    assert {name: str(kind) for name, kind in Frame.of(relation).types().items()} == {
        "a": "uuid",
        "b": "json",
    }


def schema_of(contract: Contract, data: Any, **how: Any) -> RuleResult:
    return next(each for each in audit(rules(contract, **how), data) if each.kind == "schema")


@pytest.mark.parametrize(
    ("wanted", "there", "told"),
    [
        (
            "struct<a: int, b: string>",
            "{'a': 1, 'b': 2}",
            ("c.b", "is int in the data, string in the contract"),
        ),
        ("struct<a: int, b: string>", "{'a': 1}", ("c.b", "is required and missing")),
        (
            "struct<a: int>",
            "{'a': 1, 'b': 2}",
            ("c.b", "(int) is in the data and not in the contract"),
        ),
        (
            "list<struct<a: long>>",
            "[{'a': 1}]",
            ("c[].a", "is int in the data, long in the contract"),
        ),
        (
            "map<string,long>",
            "MAP {'a': 1}",
            ("c[value]", "is int in the data, long in the contract"),
        ),
        (
            "map<long,int>",
            "MAP {'a': 1}",
            ("c[key]", "is string in the data, long in the contract"),
        ),
        (
            "struct<a: int>",
            "MAP {'a': 1}",
            ("c", "is a map in the data, not an object: declare c as a map"),
        ),
    ],
)
def test_what_differs_inside_a_column_is_told_by_its_path(
    promise: Promise, wanted: str, there: str, told: tuple[str, str]
) -> None:
    contract = promise(Property("c", type=parse(wanted)))
    result = schema_of(contract, duckdb.connect().sql(f"SELECT {there} AS c"))
    assert result.verdict is Verdict.FAILED
    assert result.columns == (told,)
    assert result.message == " ".join(told)


def test_fields_are_known_by_their_names_and_not_by_their_order(promise: Promise) -> None:
    contract = promise(Property("c", type=parse("struct<a: int, b: string>")))
    data = duckdb.connect().sql("SELECT {'b': 'x', 'a': 1} AS c")
    assert schema_of(contract, data).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("physical", "there", "fits"),
    [
        ("TINYINT", "1::TINYINT", True),
        ("TINYINT", "1::INTEGER", False),
        ("INTEGER", "1::TINYINT", False),
        ("BIGINT", "1::BIGINT", True),
        ("UBIGINT", "1::UBIGINT", True),
        ("FLOAT[3]", "[1, 2, 3]::FLOAT[3]", True),
        ("FLOAT[3]", "[1, 2]::FLOAT[2]", False),
        ("TIMESTAMP_MS", "'2013-01-01'::TIMESTAMP_MS", True),
        ("TIMESTAMP_MS", "'2013-01-01'::TIMESTAMP", False),
        ("TIMESTAMP", "'2013-01-01'::TIMESTAMP_NS", True),
        ("TIMESTAMP", "'2013-01-01'::TIMESTAMPTZ", False),
        ("DECIMAL(10,2)", "1::DECIMAL(10,2)", True),
        ("DECIMAL(10,2)", "1::DECIMAL(12,2)", False),
        ("UUID", "uuid()", True),
        ("UUID", "'x'", False),
        ("JSON", "'{}'::JSON", True),
        ("JSON", "'{}'", False),
    ],
)
def test_on_their_own_types_are_as_wide_as_the_data_keeps_them(
    contract_text: Callable[[str], Contract], physical: str, there: str, fits: bool
) -> None:
    contract = contract_text(f"- name: c\n  physicalType: {physical}")
    result = schema_of(contract, duckdb.connect().sql(f"SELECT {there} AS c"), standalone=True)
    assert result.verdict is (Verdict.PASSED if fits else Verdict.FAILED), result.message


@pytest.mark.parametrize(
    ("logical", "there", "fits"),
    [
        ("integer", "1::TINYINT", True),
        ("integer", "1::HUGEINT", True),
        ("integer", "1.5::DOUBLE", False),
        ("number", "1.5::DECIMAL(10,2)", True),
        ("number", "1", True),
        ("number", "'1'", False),
        ("string", "uuid()", True),
        ("string", "1", False),
        ("timestamp", "TIMESTAMP '2013-01-01'", True),
        ("timestamp", "TIMESTAMPTZ '2013-01-01'", True),
        ("timestamp", "DATE '2013-01-01'", False),
        ("date", "DATE '2013-01-01'", True),
        ("boolean", "true", True),
        ("object", "{'a': 1}", True),
        ("object", "[1]", False),
        ("array", "[1]", True),
    ],
)
def test_a_logical_type_alone_stands_for_its_family(
    contract_text: Callable[[str], Contract], logical: str, there: str, fits: bool
) -> None:
    contract = contract_text(f"- name: c\n  logicalType: {logical}")
    result = schema_of(contract, duckdb.connect().sql(f"SELECT {there} AS c"), standalone=True)
    assert result.verdict is (Verdict.PASSED if fits else Verdict.FAILED), result.message


@pytest.mark.parametrize(
    ("additional", "verdict"),
    [(Severity.ERROR, Verdict.FAILED), (Severity.WARNING, Verdict.WARNED), (None, Verdict.PASSED)],
)
def test_extra_columns_are_as_bad_as_the_contract_says(
    promise: Promise, column: Callable[..., Property], additional: Any, verdict: Verdict
) -> None:
    contract = promise(column("a"))
    table = replace(contract.table, additional=additional)
    data = pl.LazyFrame({"a": [1], "b": [2], "_recorded_at": [3]})
    result = schema_of(replace(contract, schema=(table,)), data)
    assert result.verdict is verdict
    extra = (("b", "(long) is in the data and not in the contract"),)
    assert result.columns == (extra if additional else ())
    assert not (additional is Severity.WARNING and result.blocks)
