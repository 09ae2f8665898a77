"""Agreement with another tool's recorded verdicts, where those are at hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

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
