"""One meaning a rule: the fused pass, pandera and every engine give the same answers."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pandera.errors as pandas_errors
import pandera.polars as pa
import polars as pl
import polars.selectors as cs
import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.exchange.pandera.parts import is_first_of_keys, is_native
from mesh_dagster.contracts.exchange.pandera.schema import to_pandera
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.model.contract import (
    Contract,
    Property,
    Quality,
    Relationship,
    SchemaObject,
)
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

generously = settings(
    max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def broken(contract: Contract, data: object) -> dict[str, int | None]:
    """Rule -> count, of the rules that the data breaks."""
    found = audit(rules(contract), data)
    assert not [each for each in found if each.verdict is Verdict.ERROR], found
    return {each.rule: each.failed for each in found if each.verdict is Verdict.FAILED}


def found_by_pandera(contract: Contract, data: Any, backend: str) -> dict[str, list[int]]:
    """The rules that pandera finds broken, by our names, with the failing rows of each check."""
    found: dict[str, list[int]] = {}
    try:
        to_pandera(contract, backend).validate(data, lazy=True)
    except (pa.errors.SchemaErrors, pandas_errors.SchemaErrors) as errors:
        for error in errors.schema_errors:
            found.setdefault(_rule(error), []).append(_failing(error.failure_cases))
    return found


def _rule(error: Any) -> str:
    reason = error.reason_code.name
    if reason in ("COLUMN_NOT_IN_SCHEMA", "COLUMN_NOT_IN_DATAFRAME", "WRONG_DATATYPE"):
        return "schema"
    if reason == "SERIES_CONTAINS_NULLS":
        return f"{error.schema.name}_required"
    assert reason == "DATAFRAME_CHECK", error
    return str(error.check.name)


def _failing(cases: Any) -> int:
    if isinstance(cases, pl.DataFrame):
        return cases.height
    return int(cases["index"].nunique()) if isinstance(cases, pd.DataFrame) else 1


def assert_the_same(contract: Contract, want: dict[str, int | None], found: dict[str, list[int]]):
    """The same rules, and where pandera goes row by row the same number of them."""
    assert set(found) == set(want)
    for rule in rules(contract):
        if rule.id in found and (is_native(rule) or is_first_of_keys(rule)):
            # The two ends of a range are two checks; one row can break both only if they cross.
            assert max(found[rule.id]) <= want[rule.id] <= sum(found[rule.id]), rule


def test_pandera_polars_counts_what_the_audit_counts(cases: st.SearchStrategy) -> None:
    @generously
    @given(cases)
    def agree(case) -> None:
        want = broken(case.contract, case.data.lazy())
        assert_the_same(case.contract, want, found_by_pandera(case.contract, case.data, "polars"))

    agree()


def test_pandera_pandas_counts_what_the_audit_counts(cases: st.SearchStrategy) -> None:
    @generously
    @given(cases)
    def agree(case) -> None:
        # In pandas NaN is a null.
        data = case.data.with_columns(cs.float().fill_nan(None))
        want = broken(case.contract, data.lazy())
        frame = data.to_pandas(use_pyarrow_extension_array=True)
        assert_the_same(case.contract, want, found_by_pandera(case.contract, frame, "pandas"))

    agree()


def test_duckdb_counts_what_polars_counts(cases: st.SearchStrategy) -> None:
    connection = duckdb.connect()

    @generously
    @given(cases)
    def agree(case) -> None:
        relation = connection.from_arrow(case.data.to_arrow())
        assert broken(case.contract, relation) == broken(case.contract, case.data.lazy())

    agree()


def test_the_rows_shown_are_those_that_were_counted(cases: st.SearchStrategy) -> None:
    @generously
    @given(cases)
    def agree(case) -> None:
        for rule, result in zip(
            rules(case.contract), audit(rules(case.contract), case.data.lazy()), strict=True
        ):
            if rule.kind in ("schema", "row_count"):
                continue
            shown = failing_rows(rule, case.data.lazy(), limit=100)
            keys = shown.select(rule.columns).unique().height if rule.kind == "unique" else 0
            assert shown.height - keys == result.failed
            assert shown.columns[: case.data.width] == case.data.columns

    agree()


def test_a_team_extends_the_schema_and_sees_what_pandera_cannot_check() -> None:
    link = Relationship(("a",), "d/q/v1", "q", ("id",))
    column = Property("a", type=ColumnType(Kind.LONG), relationships=(link,))
    table = SchemaObject("t", (column,), quality=(Quality("sql"),))
    contract = Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,))
    schema = to_pandera(contract)
    assert schema.metadata["unchecked"] == ["a_in_d_q_v1", "sql"]
    even = schema.update_column(
        "a",
        checks=[
            pa.Check(lambda data: data.lazyframe.select(pl.col(data.key) % 2 == 0), name="even")
        ],
    )
    even.validate(pl.DataFrame({"a": [2, 4]}), lazy=True)
    assert found_by_pandera(contract, pl.DataFrame({"a": [1]}), "polars") == {}
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        even.validate(pl.DataFrame({"a": [1]}), lazy=True)
    assert [error.check.name for error in caught.value.schema_errors] == ["even"]
