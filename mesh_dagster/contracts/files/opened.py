"""Data that is open for an audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RAW = "__mesh_raw_"
"""Before a column's name: the column that holds its texts."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Lazy rows of one table, under the names and as the types that rules ask for.

    `raw` names for a column of a text format the one with its texts, which are null where the
    field is: where a text is there and the column is null, it could not be read as the
    column's type. `untyped` says of a column that stays JSON why it has no type.
    `diagnose` raises `EvaluationError` with the place where a file is broken, if it can find
    one; it is asked when a scan has failed.
    """

    data: Any
    raw: Mapping[str, str] = field(default_factory=dict)
    is_text: bool = False
    untyped: Mapping[str, str] = field(default_factory=dict)
    diagnose: Callable[[], None] | None = None
