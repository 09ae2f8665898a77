"""The reference of the standard policies says what the policies say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Stage
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.standard import STANDARD

STAGES = (Stage.DRAFT, Stage.ALPHA, Stage.BETA, Stage.STABLE, Stage.DEPRECATED)


@pytest.fixture
def reference(root: Path) -> str:
    return (root / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")


def row(policy: type[Policy]) -> str:
    moments = ", ".join(each.value for each in Moment if each in policy.moments)
    grave = [policy.severity[each].value if each in policy.severity else "" for each in STAGES]
    cells = [f"[`{policy.id}`](#{policy.id})", policy.title(), moments, *grave]
    return "|" + "|".join(f" {each} " if each else " " for each in cells) + "|"


def on_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("policy", list(STANDARD), ids=lambda each: each.id)
def test_a_policy_has_its_row_and_its_explanation(policy: type[Policy], reference: str) -> None:
    assert row(policy) in reference.splitlines()
    _, _, section = reference.partition(f"\n## {policy.id}\n")
    section = on_one_line(section.partition("\n## ")[0])
    for paragraph in re.split(r"\n\s*\n", policy.explanation()):
        assert on_one_line(paragraph) in section
    assert f"**{policy.title()}.**" in section
    assert f"Why: {policy.rationale}" in section
    for name, value in policy.options.items():
        assert f"`{name}: {value}`" in section


def test_the_reference_has_no_policy_that_there_is_not(reference: str) -> None:
    sections = re.findall(r"^## (.+)$", reference, re.MULTILINE)
    assert sections == [each.id for each in STANDARD]
