"""What somebody reads for, as he states it: by an option, an argument, or his environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from mesh_dagster.errors import UsageError
from mesh_dagster.model.access import LONGEST_PURPOSE
from mesh_dagster.model.address import Address

MESH_PURPOSE = "MESH_PURPOSE"
"""The environment variable for a purpose of all that a process reads."""


def stated(purpose: str | None) -> str | None:
    """The purpose that somebody states, or else his environment; None: nothing is stated.

    Raises `UsageError` for one that says nothing, or too much.
    """
    said = os.environ.get(MESH_PURPOSE, "").strip() or None if purpose is None else purpose.strip()
    if said is None:
        return None
    if not said or len(said) > LONGEST_PURPOSE:
        what = "says nothing" if not said else f"has {len(said):,} characters"
        raise UsageError(
            f"the purpose {what}: it takes 1 to {LONGEST_PURPOSE:,}",
            fix="--purpose 'to plan the rota', or leave it out: then what is granted is presumed",
        )
    return said.encode("utf-8", "replace").decode()


def of_each(ports: Iterable[Address], purpose: str | None) -> Mapping[Address, tuple[str, ...]]:
    """The same of each port that is read. Raises `UsageError`."""
    said = stated(purpose)
    return {} if said is None else dict.fromkeys(ports, (said,))
