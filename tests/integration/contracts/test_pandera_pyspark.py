"""pandera.pyspark, where it imports: beside pandas 3 pyspark's own pandas API does not."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from mesh_dagster.contracts.exchange.formats import export_contract
from mesh_dagster.contracts.exchange.pandera.schema import to_pandera
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

CONTRACT = Contract(
    "mesh://d/p/v1",
    "1.0.0",
    Status.ACTIVE,
    (
        SchemaObject(
            "t",
            (
                Property("id", type=ColumnType(Kind.LONG), primary_key=1),
                Property("word", type=ColumnType(Kind.STRING), options={"pattern": "^a"}),
            ),
        ),
    ),
)


def imports() -> bool:
    try:
        importlib.import_module("pandera.pyspark")
    except (ImportError, SystemExit):
        return False
    return True


def test_it_says_why_and_what_to_do_where_it_cannot_be_imported() -> None:
    if imports():
        pytest.skip("pandera.pyspark imports here")
    with pytest.raises(EvaluationError, match=r"pandera\.pyspark cannot be imported") as caught:
        to_pandera(CONTRACT, "pyspark")
    assert "export pandera --backend pyspark" in str(caught.value)
    compile(export_contract("pandera", CONTRACT, backend="pyspark").text, "exported.py", "exec")


def test_it_finds_what_the_audit_finds(request: pytest.FixtureRequest) -> None:
    if not imports():
        pytest.skip("pandera.pyspark does not import here")
    session = request.getfixturevalue("spark")
    rows = [(1, "a"), (1, "b"), (2, None)]
    data: Any = session.createDataFrame(rows, "id long, word string")
    found = to_pandera(CONTRACT, "pyspark").validate(data).pandera.errors
    checks = {each["check"] for kind in found.values() for group in kind.values() for each in group}
    assert checks == {"primary_key", "word_pattern"}
