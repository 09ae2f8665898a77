"""What a team calls from its own code, as docs/contracts/pandera.md shows it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pandera.errors
import polars as pl
import pyarrow as pa
import pytest

import mesh_dagster.contracts as face
from mesh_dagster.contracts import check, infer, read_contract
from mesh_dagster.errors import UsageError
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


def test_a_text_file_is_sent_to_the_command(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n")
    with pytest.raises(UsageError, match="without types"):
        check(infer(pl.LazyFrame({"a": [1]})).contract, str(path))


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
