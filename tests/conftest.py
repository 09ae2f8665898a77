"""How tests are given to processes, where there are several."""

from __future__ import annotations

from typing import Any

import pytest

_MESHES = "tests/e2e/"
"""The modules below start a mesh once, and their tests use it one after the other."""
_TOGETHER = {
    "spark": "spark",  # one session
    "unit/domains/test_alone": "",
    "unit/domains/": "domains",  # the reference mesh, made of a whole year
    "orchestrate/test_dbt": "dbt",  # what dbt has parsed
    "orchestrate/test_reference_lineage": "reference",  # the reference mesh, made of one day
    "products/test_service_levels": "weather",  # some days of it
    "contracts/test_hostile_sql": "hostile",  # the process that answers
    "products/test_read": "read",  # a small mesh, and that mesh on S3 and PostgreSQL
    "test_infer_tomorrow": "year",  # the real tables by month
}
"""What a module's path has in it, and the group that shares something; first come, first served."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Modules that share what they started go to one process, and go first; others test by test.

    (`--dist loadgroup` means the same, and has no effect with pytest 9.2 and xdist 3.8.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            if module.startswith(_MESHES):
                return module
            groups = (group for part, group in _TOGETHER.items() if part in module)
            return next(groups, "") or nodeid

    return Scheduling(config, log) if config.getvalue("dist") == "load" else None
