"""Agreement with another tool's recorded verdicts, where those are at hand."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
CASES = Path(os.environ.get("CONFORMANCE_CASES") or ROOT.parent / "shared" / "peer_cases")


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "conformance" / "run.py")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.skipif(not CASES.is_dir(), reason="the recorded cases are not at hand")
def test_at_least_95_percent_of_the_verdicts_agree_and_each_difference_is_argued() -> None:
    ended = _run()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    shares = [float(each) for each in re.findall(r"agree \(([\d.]+)%\)", ended.stdout)]
    assert len(shares) == 2
    assert min(shares) >= 95
    assert "not argued" not in ended.stdout


def test_without_cases_it_says_so(tmp_path: Path) -> None:
    ended = _run(CONFORMANCE_CASES=str(tmp_path))
    assert ended.returncode == 0
    assert "nothing to compare" in ended.stdout


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    path = ROOT / "conformance" / "checks.py"
    spec = importlib.util.spec_from_file_location("conformance_checks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_each_kind_of_difference_has_its_section_in_the_document(checks: ModuleType) -> None:
    document = (ROOT / "docs" / "contracts" / "differences.md").read_text(encoding="utf-8")
    said = {
        checks.Answer("field_is_present", "a", "failed", "passed").argued,
        checks.Answer("field_minimum/field_maximum", "a", "passed", "error").argued,
        checks.Answer("field_min_items", "a", "error", "passed").argued,
    }
    assert said == {checks.OPTIONAL, checks.REQUIRED, checks.UNREADABLE}
    assert all(f"\n## {heading}\n" in document for heading in said)
    for theirs, ours in (("passed", "failed"), ("failed", "passed"), ("failed", None)):
        assert checks.Answer("field_minimum", "a", theirs, ours).argued is None


def test_what_a_schema_of_records_holds_too_is_compared_where_it_fails(checks: ModuleType) -> None:
    rules = [
        {"schema": "t", "kind": "schema", "column": None, "verdict": "passed", "columns": []},
        {"schema": "t", "kind": "required", "column": "a", "verdict": "failed"},
    ]
    for result in ("failed", "passed"):
        check = {"type": "schema", "model": "t", "field": None, "result": result, "reason": None}
        assert [each.agrees for each in checks.answers([check], rules)] == [True]
