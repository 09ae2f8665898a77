"""`mesh contract export pandera`: source that runs, and says what the contract says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandera.errors
import polars as pl
import polars.selectors as cs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.exchange.formats import export_contract
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

often = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def schema_of(source: str) -> Any:
    space: dict[str, Any] = {}
    exec(compile(source, "exported.py", "exec"), space)
    return space["schema"]


def found_by(schema: Any, data: Any) -> set[str]:
    try:
        schema.validate(data, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        return {_rule(error) for error in errors.schema_errors}
    return set()


def _rule(error: Any) -> str:
    reason = error.reason_code.name
    if reason in ("COLUMN_NOT_IN_SCHEMA", "COLUMN_NOT_IN_DATAFRAME", "WRONG_DATATYPE"):
        return "schema"
    if reason == "SERIES_CONTAINS_NULLS":
        return f"{error.schema.name}_required"
    assert reason == "DATAFRAME_CHECK", error
    return str(error.check.name)


def in_pandas(data: pl.DataFrame, contract: Contract) -> Any:
    """As pandas reads such a file: whole numbers with nulls are Int64, days are Arrow's."""
    frame = data.to_pandas(use_pyarrow_extension_array=True)
    for name, dtype in data.schema.items():
        column = contract.table.find(name)
        if dtype in (pl.Int64, pl.Int32):
            whole = f"int{dtype.__class__.__name__[-2:]}"
            plain = column is not None and column.required and not data[name].null_count()
            frame[name] = frame[name].astype(whole if plain else whole.capitalize())
        elif dtype == pl.Float64:
            frame[name] = frame[name].astype("float64")
        elif dtype == pl.String:
            frame[name] = frame[name].astype("str")
    return frame


@pytest.mark.parametrize("backend", ["polars", "pandas"])
def test_the_source_finds_broken_what_the_audit_does(
    cases: st.SearchStrategy[Any], backend: str
) -> None:
    @often
    @given(cases)
    def agree(case: Any) -> None:
        data = case.data.with_columns(cs.float().fill_nan(None))
        exported = export_contract("pandera", case.contract, backend=backend)
        unsaid = {note.partition(":")[0] for note in exported.notes}
        want = {
            each.rule
            for each in audit(rules(case.contract), data.lazy())
            if each.verdict is Verdict.FAILED and each.rule not in unsaid
        }
        frame = data if backend == "polars" else in_pandas(data, case.contract)
        assert found_by(schema_of(exported.text), frame) == want

    agree()


def test_the_source_needs_no_mesh(tmp_path: Path) -> None:
    columns = (
        Property("id", type=ColumnType(Kind.LONG), primary_key=1),
        Property("note", type=ColumnType(Kind.STRING), options={"format": "email"}),
    )
    contract = Contract("shop/orders", "1.0.0", Status.ACTIVE, (SchemaObject("o", columns),))
    path = tmp_path / "orders_schema.py"
    path.write_text(export_contract("pandera", contract).text)
    program = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "import polars as pl, orders_schema\n"
        "orders_schema.schema.validate(pl.DataFrame({'id': [1, 2], 'note': ['a@b.org', None]}))\n"
        "print(any(name.startswith('mesh_dagster') for name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_what_pandera_cannot_say_is_a_comment_and_a_note(cases: st.SearchStrategy[Any]) -> None:
    @often
    @given(cases)
    def told(case: Any) -> None:
        exported = export_contract("pandera", case.contract)
        for note in exported.notes:
            assert f"# - {' '.join(note.split())}" in exported.text

    told()


NASTY = ['"""; import os #', "\\", "'''", "a\nb", "{x}", "é", "\\N{DIGIT ONE}"]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("backend", ["polars", "pandas", "pyspark"])
def test_no_text_of_a_contract_becomes_code(text: str, backend: str) -> None:
    column = Property(
        f"c{text}",
        type=ColumnType(Kind.STRING),
        rest={"enum": [{"value": text}]},
        quality=(),
        required=True,
    )
    contract = Contract(text, text, Status.ACTIVE, (SchemaObject("t", (column,)),))
    source = export_contract("pandera", contract, backend=backend).text
    compile(source, "exported.py", "exec")
    if backend == "polars":
        schema = schema_of(source)
        assert schema.name == text
        assert found_by(schema, pl.DataFrame({f"c{text}": [text]})) == set()
        assert found_by(schema, pl.DataFrame({f"c{text}": ["other"]})) != set()
