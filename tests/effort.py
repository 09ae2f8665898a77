"""How much the tests try: a sample of examples and moments, or all with MESH_THOROUGH set."""

from __future__ import annotations

import os

THOROUGH = "MESH_THOROUGH" in os.environ


def examples(number: int) -> int:
    """How many examples a law is tried on, of so many."""
    return number if THOROUGH else max(10, number // 3)
