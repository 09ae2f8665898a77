"""One closed list of types, in everybody's spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dagster.descriptors import odcs
from mesh_dagster.descriptors.types import SIMPLE, UnknownTypeError, logical, parse
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType, Kind

names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}", fullmatch=True)
simple = st.sampled_from(sorted(set(SIMPLE.values()))).map(ColumnType)
decimals = st.integers(1, 38).flatmap(
    lambda precision: st.builds(
        ColumnType, st.just(Kind.DECIMAL), st.just(precision), st.integers(0, precision)
    )
)
types = st.recursive(
    simple | decimals,
    lambda inner: (
        inner.map(lambda item: ColumnType(Kind.LIST, item=item))
        | st.builds(lambda key, item: ColumnType(Kind.MAP, key=key, item=item), inner, inner)
        | st.lists(st.tuples(names, inner), min_size=1, max_size=3).map(
            lambda fields: ColumnType(Kind.STRUCT, fields=tuple(fields))
        )
    ),
    max_leaves=6,
)


@given(types)
def test_every_type_reads_back_from_its_own_text(held: ColumnType) -> None:
    assert parse(str(held)) == held


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BIGINT", "long"),
        ("INTEGER", "int"),
        ("int64", "long"),
        ("DOUBLE PRECISION", "double"),
        ("float64", "double"),
        ("REAL", "float"),
        ("VARCHAR", "string"),
        ("varchar(20)", "string"),
        ("character varying(20)", "string"),
        ("large_string", "string"),
        ("bytes", "binary"),
        ("TIMESTAMP", "timestamp"),
        ("TIMESTAMPTZ", "timestamptz"),
        ("timestamp with time zone", "timestamptz"),
        ("timestamp(6) with time zone", "timestamptz"),
        ("timestamp without time zone", "timestamp"),
        ("timestamp[us]", "timestamp"),
        ("timestamp[us, tz=UTC]", "timestamptz"),
        ("time64[us]", "time"),
        ("decimal(10,2)", "decimal(10,2)"),
        ("NUMERIC(10)", "decimal(10,0)"),
        ("INTEGER[]", "list<int>"),
        ("VARCHAR[3]", "list<string>"),
        ("array<bigint>", "list<long>"),
        ("list<item: int64>", "list<long>"),
        ("MAP(VARCHAR, INTEGER)", "map<string,int>"),
        ("map<string, list<double>>", "map<string,list<double>>"),
        ("STRUCT(a INTEGER, b VARCHAR)", "struct<a: int, b: string>"),
        ('struct<"my column": date>', "struct<my column: date>"),
    ],
)
def test_the_spellings_of_sql_iceberg_arrow_and_duckdb_are_read(text: str, expected: str) -> None:
    assert str(parse(text)) == expected


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("integer", {}, "long"),
        ("integer", {"format": "i32"}, "int"),
        ("number", {}, "double"),
        ("number", {"format": "f32"}, "float"),
        ("string", {}, "string"),
        ("boolean", {}, "boolean"),
        ("date", {}, "date"),
        ("time", {}, "time"),
        ("timestamp", {}, "timestamptz"),
        ("timestamp", {"timezone": True}, "timestamptz"),
        ("timestamp", {"timezone": False}, "timestamp"),
        ("vector", {"elementType": "float64"}, "list<double>"),
        ("object", {}, "None"),
        ("array", {}, "None"),
    ],
)
def test_a_logical_type_says_what_is_stored(
    name: str, options: dict[str, object], expected: str
) -> None:
    assert str(logical(name, options)) == expected


@pytest.mark.parametrize("text", ["", "list<", "list<>", "decimal(50,2)", "int8", "a b", "int>"])
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(UnknownTypeError):
        parse(text)


def _contract(column: str) -> str:
    return (
        "apiVersion: v3.2.0\nkind: DataContract\nid: mesh://a/b/v1\nversion: 1.0.0\n"
        f"schema:\n- name: b\n  properties:\n  - {column}\n"
    )


def test_a_mistyped_physical_type_is_told_with_its_line_and_the_nearest() -> None:
    with pytest.raises(DescriptorError) as refused:
        odcs.read(_contract("{name: a, physicalType: VARCHR}"), "c.yaml")
    (finding,) = refused.value.findings
    assert (finding.code, finding.where) == ("MESH-D016", "c.yaml:8")
    assert (
        finding.message == "`physicalType` is 'VARCHR', which is no type; did you mean `varchar`?"
    )
    assert finding.fix == "physicalType: varchar"


def test_an_unknown_type_within_another_is_named_alone() -> None:
    with pytest.raises(DescriptorError, match="'strng' is no type; did you mean `string`"):
        odcs.read(_contract("{name: a, physicalType: list<strng>}"))


def test_an_ambiguous_type_is_refused_with_its_two_meanings() -> None:
    with pytest.raises(DescriptorError, match="write tinyint or bigint"):
        odcs.read(_contract("{name: a, physicalType: int8}"))


def test_a_decimal_without_precision_is_a_warning_and_no_type() -> None:
    from mesh_dagster.descriptors.source import Source
    from mesh_dagster.descriptors.syntax import read

    source = Source("c.yaml")
    contract = odcs.contract_from_document(
        read(_contract("{name: a, physicalType: decimal}"), source), source
    )
    assert [finding.severity for finding in source.findings] == [Severity.WARNING]
    assert contract is not None
    assert contract.table.properties[0].type is None


def test_a_bare_list_or_struct_takes_its_content_from_the_nested_properties() -> None:
    read = odcs.read(
        _contract(
            "{name: a, physicalType: array, items: {physicalType: struct, properties:"
            " [{name: x, logicalType: integer}]}}"
        )
    )
    assert str(read.table.properties[0].type) == "list<struct<x: long>>"


def test_a_physical_type_wins_over_the_logical_one() -> None:
    read = odcs.read(_contract("{name: a, logicalType: integer, physicalType: INT}"))
    assert str(read.table.properties[0].type) == "int"
