"""How tests are given to processes, where there are several."""

from __future__ import annotations

from typing import Any

import pytest

_MESHES = "tests/e2e/"
"""The modules below start a mesh once, and their tests use it one after the other."""
_SPARK = "spark"
"""The modules named after it share one session."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Modules that share what they started go to one process, and go first; others test by test.

    (`--dist loadgroup` means the same, and has no effect with pytest 9.2 and xdist 3.8.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            if _SPARK in module.rpartition("/")[2]:
                return _SPARK
            return module if module.startswith(_MESHES) else nodeid

    return Scheduling(config, log) if config.getvalue("dist") == "load" else None
