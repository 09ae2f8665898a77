"""A pandera schema that exists becomes a contract, and what it cannot say is said."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pandera.pandas as of_pandas
import pandera.polars as of_polars
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.exchange.pandera.reading import contract_from
from mesh_dagster.contracts.exchange.pandera.schema import to_pandera
from mesh_dagster.descriptors import odcs
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind


def column(schema: Any, name: str = "a") -> Property:
    found = contract_from(schema).contract.table.find(name)
    assert found is not None
    return found


def of(check: of_polars.Check | list[of_polars.Check], dtype: Any = str) -> Any:
    return of_polars.DataFrameSchema({"a": of_polars.Column(dtype, check)})


C = of_polars.Check
OPTIONS = [
    (C.ge(1), int, {"minimum": 1}),
    (C.gt(1.5), float, {"exclusiveMinimum": 1.5}),
    (C.le(1), int, {"maximum": 1}),
    (C.lt(1), int, {"exclusiveMaximum": 1}),
    (C.in_range(0, 5, include_max=False), int, {"minimum": 0, "exclusiveMaximum": 5}),
    ([C.ge(0), C.le(9)], int, {"minimum": 0, "maximum": 9}),
    (C.ge(dt.date(2013, 1, 1)), pl.Date, {"minimum": "2013-01-01"}),
    (C.str_length(1, 3), str, {"minLength": 1, "maxLength": 3}),
    (C.str_length(exact_value=2), str, {"minLength": 2, "maxLength": 2}),
    (C.str_contains("b+"), str, {"pattern": "b+"}),
    (C.str_matches("b+|c"), str, {"pattern": "^(?:b+|c)"}),
    (C.str_startswith("a.b"), str, {"pattern": r"^a\.b"}),
    (C.str_endswith("z"), str, {"pattern": "z$"}),
]


@pytest.mark.parametrize(("check", "dtype", "options"), OPTIONS)
def test_panderas_own_checks_are_options(check: Any, dtype: Any, options: Any) -> None:
    found = contract_from(of(check, dtype))
    assert {
        key: value for key, value in column(of(check, dtype)).options.items() if key != "timezone"
    } == options
    assert found.own == ()


def test_a_list_of_values_is_an_enum() -> None:
    assert column(of(C.isin(["x", "y"]))).rest["enum"] == [{"value": "x"}, {"value": "y"}]
    assert column(of(C.eq(3), int)).rest["enum"] == [{"value": 3}]


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (of(C.ne("x")), "not_equal_to"),
        (of(C.notin(["x"])), "notin"),
        (of([C.ge(1), C.ge(2)], int), "greater_than_or_equal_to(2)"),
        (of(C.ge(1, raise_warning=True), int), "only warns"),
        (of(C(lambda data: data, name="odd")), "own check odd"),
        (of_polars.DataFrameSchema({"a": of_polars.Column(int)}, coerce=True), "coerce"),
        (of_polars.DataFrameSchema({"^a.*$": of_polars.Column(int, regex=True)}), "names each"),
        (of_polars.DataFrameSchema({"a": of_polars.Column(pl.Object)}), "no word"),
        (of_polars.DataFrameSchema({"a": of_polars.Column(int, nullable=True)}), "may be absent"),
        (of_polars.DataFrameSchema({"a": of_polars.Column(int)}, ordered=True), "order"),
        (of_pandas.DataFrameSchema({}, index=of_pandas.Index(int)), "index"),
    ],
)
def test_what_a_contract_cannot_hold_is_said(schema: Any, says: str) -> None:
    found = contract_from(schema)
    assert any(says in note for note in found.notes), found.notes
    assert says in found.imported.text
    assert odcs.read(found.imported.text) == found.contract


def test_a_model_is_as_good_as_a_schema() -> None:
    class Model(of_polars.DataFrameModel):
        """What a team wrote."""

        id: int = of_polars.Field(unique=True, ge=0)
        tags: pl.List(pl.String) = of_polars.Field(nullable=True)  # type: ignore[valid-type]
        at: pl.Datetime("us", "UTC")  # type: ignore[valid-type]

        class Config:
            strict = True
            unique = ["id", "at"]  # noqa: RUF012

    table = contract_from(Model).contract.table
    assert table.name == "Model"
    assert [(each.name, str(each.type)) for each in table.properties] == [
        ("id", "long"),
        ("tags", "list<string>"),
        ("at", "timestamptz"),
    ]
    assert table.properties[0].unique
    assert table.quality[0].arguments == {"properties": ["id", "at"]}
    assert table.rest.get("customProperties") is None


PANDAS_TYPES = [
    (int, "long"),
    ("Int64", "long"),
    ("int32", "int"),
    (float, "double"),
    (str, "string"),
    ("string", "string"),
    (bool, "boolean"),
    ("boolean", "boolean"),
    (of_pandas.Date, "date"),
    (pd.ArrowDtype(pa.date32()), "date"),
    (pd.ArrowDtype(pa.decimal128(10, 2)), "decimal(10,2)"),
    (pd.ArrowDtype(pa.list_(pa.int64())), "list<long>"),
    ("datetime64[us, UTC]", "timestamptz"),
]


@pytest.mark.parametrize(("dtype", "type_"), PANDAS_TYPES)
def test_the_types_of_pandas_are_the_contracts(dtype: Any, type_: str) -> None:
    schema = of_pandas.DataFrameSchema({"a": of_pandas.Column(dtype)})
    assert str(column(schema).type) == type_


@pytest.mark.parametrize("given", [{"a": int}, "schema", None, of_polars.Column(int)])
def test_what_is_no_schema_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="no DataFrameSchema"):
        contract_from(given)


KINDS = [Kind.LONG, Kind.DOUBLE, Kind.STRING, Kind.DATE, Kind.BOOLEAN, Kind.TIMESTAMPTZ, Kind.INT]


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Contracts of what pandera's own checks can say."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    columns = []
    for number, kind in enumerate(kinds):
        options: dict[str, Any] = {}
        if kind in (Kind.LONG, Kind.INT):
            ends = {
                draw(st.sampled_from(["minimum", "exclusiveMinimum"])): st.integers(-9, 0),
                draw(st.sampled_from(["maximum", "exclusiveMaximum"])): st.integers(2, 9),
            }
            options = draw(st.fixed_dictionaries({}, optional=ends))
        elif kind is Kind.STRING:
            lengths = {"minLength": st.integers(0, 4), "maxLength": st.integers(5, 9)}
            lengths["pattern"] = st.sampled_from(["^a", "b$"])
            options = draw(st.fixed_dictionaries({}, optional=lengths))
        required = kind is not Kind.DOUBLE and draw(st.booleans())
        columns.append(
            Property(f"c{number}", type=ColumnType(kind), required=required, options=options)
        )
    table = SchemaObject("t", tuple(columns))
    return Contract("mesh://d/p/v1", "1.0.0", Status.DRAFT, (table,))


def said(contract: Contract) -> list[Any]:
    return [
        (each.name, each.type, each.required, dict(each.options))
        for each in contract.table.properties
        if each.name != "_recorded_at"
    ]


@settings(max_examples=100, deadline=None)
@given(contracts(), st.sampled_from(["polars"]))
def test_a_contract_comes_back_from_pandera_as_it_went(contract: Contract, backend: Any) -> None:
    back = contract_from(to_pandera(contract, backend))
    assert said(back.contract) == said(contract)
    assert back.contract.id == contract.id
