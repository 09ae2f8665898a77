"""A domain's own tests pass where no other domain is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOMAINS = ("network", "fleet", "weather", "flights", "crew", "punctuality", "journeys")


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_tests_of_a_domain_pass_without_the_others(
    root: Path, tmp_path: Path, domain: str
) -> None:
    left_out = shutil.ignore_patterns("__pycache__", ".pytest_cache", "target", "logs")
    shutil.copytree(root / "domains" / domain, tmp_path / "domains" / domain, ignore=left_out)
    project = root / "dbt_projects" / domain
    if project.exists():
        shutil.copytree(project, tmp_path / "dbt_projects" / domain, ignore=left_out)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "domains" / domain,
        env={name: value for name, value in os.environ.items() if "PYTEST" not in name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
