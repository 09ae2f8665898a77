"""The policy that the documentation writes is one that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mesh_dagster.policies.sets import PolicySet

PAGE = Path(__file__).parents[3] / "docs" / "policies.md"


def test_the_policy_of_the_documentation_keeps_its_own_examples() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "our_policies"}
    exec(compile(block, str(PAGE), "exec"), names)
    ours = names["OURS"]
    assert isinstance(ours, PolicySet)
    for policy in ours:
        assert list(policy().check(policy.passing())) == []
        (found,) = policy().check(policy.failing())
        assert found.code == policy.id
        assert found.fix
