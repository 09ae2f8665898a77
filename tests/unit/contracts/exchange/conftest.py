"""Generated contracts, rich enough that every format leaves something out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from mesh_dagster.contracts.exchange.document import contract_document, contract_of
from mesh_dagster.contracts.exchange.types import typed
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.types import ColumnType, Kind

NAMES = st.from_regex(r"[a-z][a-z_]{0,7}", fullmatch=True)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9)
PLAIN = [
    Kind.BOOLEAN,
    Kind.INT,
    Kind.LONG,
    Kind.FLOAT,
    Kind.DOUBLE,
    Kind.STRING,
    Kind.BINARY,
    Kind.DATE,
    Kind.TIME,
    Kind.TIMESTAMP,
    Kind.TIMESTAMPTZ,
]


@st.composite
def simple(draw: st.DrawFn) -> ColumnType:
    if draw(st.integers(0, 5)) == 0:
        precision = draw(st.integers(1, 38))
        return ColumnType(Kind.DECIMAL, precision, draw(st.integers(0, precision)))
    return ColumnType(draw(st.sampled_from(PLAIN)))


def nested() -> st.SearchStrategy[ColumnType]:
    """Any type, to a depth of three."""
    return st.recursive(
        simple(),
        lambda inner: st.one_of(
            st.builds(lambda item: ColumnType(Kind.LIST, item=item), inner),
            st.builds(
                lambda item: ColumnType(Kind.MAP, key=ColumnType(Kind.STRING), item=item), inner
            ),
            st.builds(
                lambda fields: ColumnType(Kind.STRUCT, fields=tuple(fields)),
                st.lists(
                    st.tuples(NAMES, inner), min_size=1, max_size=3, unique_by=lambda each: each[0]
                ),
            ),
        ),
        max_leaves=4,
    )


@st.composite
def properties(draw: st.DrawFn, name: str, *, promises: bool = True) -> dict[str, Any]:
    type_ = draw(nested())
    column: dict[str, Any] = {"name": name, **typed(type_)}
    if draw(st.booleans()):
        column["required"] = True
    if draw(st.booleans()):
        column["description"] = draw(WORDS)
    if promises:
        _promise(draw, column, type_.kind)
    return column


def _promise(draw: st.DrawFn, column: dict[str, Any], kind: Kind) -> None:
    options: dict[str, Any] = {}
    if kind in (Kind.INT, Kind.LONG):
        ends = {"minimum": st.integers(-9, 0), "exclusiveMaximum": st.integers(5, 9)}
        ends["multipleOf"] = st.integers(1, 5)
        options = draw(st.fixed_dictionaries({}, optional=ends))
        if draw(st.integers(0, 3)) == 0:
            column["enum"] = [
                {"value": each} for each in draw(st.sets(st.integers(0, 4), min_size=1))
            ]
    elif kind is Kind.STRING:
        words = {"minLength": st.integers(0, 2), "maxLength": st.integers(3, 9)}
        words |= {"pattern": st.sampled_from(["^a", "b$"]), "format": st.just("email")}
        options = draw(st.fixed_dictionaries({}, optional=words))
        if draw(st.integers(0, 3)) == 0:
            column["enum"] = [
                {"value": each} for each in draw(st.sets(WORDS, min_size=1, max_size=3))
            ]
    elif kind is Kind.LIST:
        options = draw(st.fixed_dictionaries({}, optional={"minItems": st.integers(0, 3)}))
    elif kind is Kind.DATE and draw(st.booleans()):
        options = {"minimum": "2013-01-01"}
    if options:
        column["logicalTypeOptions"] = {**column.get("logicalTypeOptions", {}), **options}
    simple_ = kind not in (Kind.LIST, Kind.MAP, Kind.STRUCT)
    if simple_ and kind not in (Kind.FLOAT, Kind.DOUBLE) and draw(st.booleans()):
        column["unique"] = True
    if draw(st.integers(0, 3)) == 0:
        column["classification"] = "confidential"


@st.composite
def documents(draw: st.DrawFn, *, promises: bool = True) -> Contract:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    columns = [draw(properties(name, promises=promises)) for name in names]
    table: dict[str, Any] = {"name": "t", "properties": columns}
    if promises and draw(st.booleans()):
        table["description"] = draw(WORDS)
        table["quality"] = [{"metric": "rowCount", "mustBeGreaterThan": 0}]
    if promises and draw(st.booleans()):
        table["customProperties"] = [{"property": "additionalColumns", "value": True}]
    plain = [each for each in columns if each.get("logicalType") in ("string", "integer", "date")]
    if plain and draw(st.booleans()):
        for position, column in enumerate(plain[:2], 1):
            column |= {"primaryKey": True, "required": True}
            if len(plain) > 1:
                column["primaryKeyPosition"] = position
    return contract_of(contract_document("mesh://d/p/v1", [table], version="1.2.3"), "generated")


@pytest.fixture(scope="session")
def contracts() -> st.SearchStrategy[Contract]:
    """Contracts of one table with any types, nested ones too, and any promises."""
    return documents()


@pytest.fixture(scope="session")
def bare_contracts() -> st.SearchStrategy[Contract]:
    """With types, presence, descriptions and keys only."""
    return documents(promises=False)
