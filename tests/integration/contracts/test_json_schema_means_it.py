"""A record is valid by the exported JSON Schema where it breaks no rule on its values."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import polars as pl
import polars.selectors as cs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.exchange.formats import export_contract
from mesh_dagster.contracts.exchange.pandera.parts import is_native
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import Format, Pattern
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.finding import Verdict

HELD = ("required", "allowed", "range", "length", "multiple")


def records(data: pl.DataFrame) -> list[dict[str, Any]]:
    """As JSON has them: days are texts."""
    listed: list[dict[str, Any]] = json.loads(
        data.with_columns(cs.date().cast(pl.String)).write_json()
    )
    return listed


def said_by_schema(contract: Contract) -> list[Any]:
    dates = {each.name for each in contract.table.properties if str(each.type) == "date"}
    return [
        rule
        for rule in rules(contract)
        # The ends of a day are texts to JSON Schema, which it does not compare.
        if not (rule.kind == "range" and rule.column in dates)
    ]


def test_the_same_records_are_valid(cases: st.SearchStrategy[Any]) -> None:
    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(cases)
    def agree(case: Any) -> None:
        found = said_by_schema(case.contract)
        on_values = [rule for rule in found if is_native(rule) and rule.kind in HELD]
        others = [rule for rule in found if isinstance(rule, Pattern | Format)]
        nested = any(each.name == "deep" for each in case.contract.table.properties)
        stated = case.contract.table
        plain = [each for each in stated.properties if not each.quality]
        if others or nested or len(plain) < len(stated.properties):
            return
        data = case.data.select(each.name for each in stated.properties)
        data = data.with_columns(cs.float().replace([float("nan"), float("inf")], [None, 1.0]))
        schema = json.loads(export_contract("jsonschema", case.contract).text)
        validator = jsonschema.Draft202012Validator(schema)
        for at, record in enumerate(records(data)):
            row = data.slice(at, 1).lazy()
            broken = [each for each in audit(on_values, row) if each.verdict is not Verdict.PASSED]
            assert validator.is_valid(record) == (not broken), (record, broken, schema)

    agree()
