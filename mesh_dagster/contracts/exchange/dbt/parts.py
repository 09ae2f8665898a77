"""What each part of a schema.yml is read with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_dagster.contracts.exchange.document import name_of

KEPT = "odcs"
"""The key of a column's or model's `meta` under which an export keeps what dbt has no words for."""

_REF = re.compile(r"""^\s*(?:\{\{\s*)?ref\(\s*['"]([^'"]+)['"]\s*\)(?:\s*\}\})?\s*$""")


@dataclass(slots=True)
class Reading:
    """The models that a file has, and what could not be taken from it."""

    models: frozenset[str]
    notes: list[str] = field(default_factory=list)


def referred(to: Any, reading: Reading) -> str | None:
    """The model of the same file that a `ref('...')` names."""
    match = _REF.match(str(to))
    target = match.group(1) if match else None
    return name_of(target) if target in reading.models and target is not None else None


def link(document: dict[str, Any], to: str, *, warns: bool) -> None:
    severity = {"property": "severity", "value": "warning" if warns else "error"}
    link = {"to": to, "customProperties": [severity]}
    if link not in document.setdefault("relationships", []):
        document["relationships"].append(link)


def no_repeats(columns: list[str], *, warns: bool = False) -> dict[str, Any]:
    severity = {"severity": "warning"} if warns else {}
    arguments = {"properties": columns}
    return {"metric": "duplicateValues", "arguments": arguments, "mustBe": 0, **severity}


def config_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(node.get("config"))


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in items(value) if isinstance(each, dict)]


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
