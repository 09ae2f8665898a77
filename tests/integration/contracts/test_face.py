"""What a team calls from its own code, as docs/contracts shows it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandera.errors
import polars as pl
import pyarrow as pa
import pytest
from e2e.documents import blocks

import mesh_dagster.contracts as face
from mesh_dagster.contracts import check, infer, read_contract
from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.finding import Verdict

DOCS = Path(__file__).parents[3] / "docs" / "contracts"
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
- name: orders
  properties:
  - {name: id, logicalType: integer, primaryKey: true}
  - {name: placed_at, logicalType: date, required: true}
  - {name: paid_at, logicalType: date}
  quality:
  - {type: custom, engine: pandera, implementation: "checks.py::schema"}
"""
GOOD = pl.DataFrame(
    {"id": [1, 2], "placed_at": ["2026-01-01"] * 2, "paid_at": ["2026-01-02", None]}
)
GOOD = GOOD.with_columns(pl.col("placed_at", "paid_at").str.to_date())


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_importing_the_face_imports_nothing_heavy() -> None:
    program = (
        "import sys, mesh_dagster, mesh_dagster.contracts\n"
        "print(sorted({'polars', 'pandera', 'pandas', 'dagster', 'narwhals'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_name_of_the_face_is_there() -> None:
    for name in face._FACE:
        assert callable(getattr(face, name)), name
        assert name in dir(face)
    with pytest.raises(AttributeError):
        face.nothing  # noqa: B018


@pytest.mark.parametrize("kind", ["polars", "lazy", "pandas", "arrow", "parquet"])
def test_a_frame_of_any_kind_is_checked(kind: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [1, 1], "name": ["a", None]})
    path = tmp_path / "t.parquet"
    frame.write_parquet(path)
    contract_path = tmp_path / "t.odcs.yaml"
    contract_path.write_text(
        infer(frame.lazy(), name="t").text.replace("- name: id\n", "- name: id\n    unique: true\n")
    )
    data = {
        "polars": frame,
        "lazy": frame.lazy(),
        "pandas": frame.to_pandas(),
        "arrow": frame.to_arrow(),
        "parquet": path,
    }[kind]
    found = check(read_contract(contract_path), data)
    assert {each.rule: each.failed for each in found if each.verdict is Verdict.FAILED} == {
        "id_unique": 1
    }


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_a_file_of_any_format_is_inferred_and_checked(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{kind}"
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    getattr(frame, f"write_{kind}")(path)
    contract = infer(path).contract
    assert [each.verdict for each in check(contract, path) if not each.holds] == []
    frame.with_columns(a=pl.lit("none")).write_csv(tmp_path / "bad.csv")
    found = check(contract, tmp_path / "bad.csv")
    assert next(each for each in found if each.rule == "a_type").failed == 2


def test_pandas_is_inferred_without_pandera(tmp_path: Path) -> None:
    program = (
        "import sys, pandas as pd\n"
        "from mesh_dagster.contracts import check, infer\n"
        "frame = pd.DataFrame({'a': [1.5, None]})\n"
        "assert all(each.holds for each in check(infer(frame).contract, frame))\n"
        "print('pandera' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_a_database_that_is_open_in_this_process_is_not_locked_behind_its_owners_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "o.duckdb"
    with duckdb.connect(path) as own:
        own.execute("create table t as select 1 as a")
    contract = infer(path).contract
    assert all(each.holds for each in check(contract, path))
    with duckdb.connect(path, read_only=True) as own:
        with pytest.raises(EvaluationError, match="configuration"):
            check(contract, path)
        assert all(each.holds for each in check(contract, own.table("t")))
        own.execute("set threads = 1")
    assert all(each.holds for each in check(contract, path))


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    contract = infer(pl.LazyFrame({"a": [1]})).contract
    for data in (pl.DataFrame({"a": [1]}), tmp_path / "t.csv"):
        with pytest.raises(UsageError, match="'lines'"):
            check(contract, data, table="lines")


@pytest.mark.parametrize("data", [5, None, [{"a": 1}], {"a": [1]}])
def test_what_is_no_data_is_refused_with_what_is(data: Any) -> None:
    contract = infer(pl.LazyFrame({"a": [1]})).contract
    for ask in (lambda: check(contract, data), lambda: infer(data)):
        with pytest.raises(UsageError, match="expected a path, or a frame of Polars"):
            ask()


def test_the_page_on_python_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    for block in blocks("docs/contracts/python.md"):
        if block.language == "python":
            exec(compile(block.text, "python.md", "exec", dont_inherit=True), space)
        else:
            (tmp_path / block.info).write_text(block.text)
    space["test_orders_keep_their_contract"]()


@pytest.mark.parametrize("page", sorted(each.name for each in DOCS.glob("*.md")))
def test_what_a_page_imports_is_there(page: str) -> None:
    for source in examples(page):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mesh_dagster"):
                module = importlib.import_module(node.module or "")
                assert [each.name for each in node.names if not hasattr(module, each.name)] == []


def test_the_documented_checks_py_extends_the_schema(tmp_path: Path) -> None:
    (tmp_path / "orders.odcs.yaml").write_text(CONTRACT)
    path = tmp_path / "checks.py"
    path.write_text(next(each for each in examples("pandera.md") if each.startswith("# checks.py")))
    spec = importlib.util.spec_from_file_location("documented_checks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.schema.validate(GOOD, lazy=True)
    early = GOOD.with_columns(paid_at=pl.col("placed_at").dt.offset_by("-1d"))
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        module.schema.validate(early, lazy=True)
    assert [each.check.name for each in caught.value.schema_errors] == ["paid_after_placed"]


def test_the_documented_dagster_code_is_whole() -> None:
    source = next(each for each in examples("pandera.md") if "asset_checks_from" in each)
    space: dict[str, object] = {}
    exec(compile(source, "documented.py", "exec", dont_inherit=True), space)
    definitions = space["defs"]
    assert isinstance(definitions, dg.Definitions)
    checks = definitions.asset_checks or ()
    names = {spec.name for each in checks for spec in each.check_specs}  # type: ignore[union-attr]
    assert {"id_unique", "status_allowed", "amount_range", "schema"} <= names


def test_arrow_tables_are_frames_too() -> None:
    found = check(infer(pl.LazyFrame({"a": [1]})).contract, pa.table({"a": [1, 2]}))
    assert [each for each in found if each.verdict is not Verdict.PASSED] == []
