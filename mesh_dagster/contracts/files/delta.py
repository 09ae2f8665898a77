"""Which files a Delta table consists of now: its log, replayed.

The log is read here as its public protocol has it, for tables that any reader of version 1
can read; what needs more (deletion vectors, mapped columns) is left to the package `deltalake`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from mesh_dagster.errors import EvaluationError, first_line

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.\d+\.\d+)?\.parquet")
_KNOWN_FEATURES = {"timestampNtz", "variantType-preview"}


def live_files(table: Path) -> list[Path]:
    """The data files of the newest version. Raises `EvaluationError` where it cannot tell."""
    live: dict[str, None] = {}
    try:
        for action in _actions(table / "_delta_log"):
            _check(action, table)
            if added := action.get("add"):
                live[added["path"]] = None
            if removed := action.get("remove"):
                live.pop(removed["path"], None)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        OSError,
        pl.exceptions.PolarsError,
    ) as error:
        told = f"the log of the Delta table {table} cannot be read: {first_line(error)}"
        raise EvaluationError(told, code="MESH-C024") from error
    return [table / unquote(path) for path in live]


def _actions(log: Path) -> Iterator[dict[str, Any]]:
    names = sorted(each.name for each in log.iterdir())
    checkpoints = [found for name in names if (found := _CHECKPOINT.fullmatch(name))]
    newest = max((found[1] for found in checkpoints), default="")
    for found in checkpoints:
        if found[1] == newest:
            yield from _checkpointed(log / found[0])
    for name in names:
        commit = _COMMIT.fullmatch(name)
        if commit and commit[1] > newest:
            for line in (log / name).read_text(encoding="utf-8").splitlines():
                if line.strip():
                    yield json.loads(line)


def _checkpointed(path: Path) -> Iterator[dict[str, Any]]:
    known = pl.read_parquet_schema(path)
    kept = [name for name in ("add", "protocol", "metaData") if name in known]
    for row in pl.read_parquet(path, columns=kept).iter_rows(named=True):
        for name, value in row.items():
            if isinstance(value, dict) and any(each is not None for each in value.values()):
                yield {name: value}


def _check(action: dict[str, Any], table: Path) -> None:
    protocol = action.get("protocol") or {}
    version = protocol.get("minReaderVersion") or 1
    features = set(protocol.get("readerFeatures") or ()) - _KNOWN_FEATURES
    settings = (action.get("metaData") or {}).get("configuration") or {}
    if isinstance(settings, list):  # a map, as Parquet's readers give it
        settings = dict(settings)
    mapped = settings.get("delta.columnMapping.mode", "none") != "none"
    vectors = bool((action.get("add") or {}).get("deletionVector"))
    if (version >= 3 and features) or mapped or vectors:
        told = ", ".join(sorted(features)) or ("mapped columns" if mapped else "deletion vectors")
        raise EvaluationError(
            f"the Delta table {table} uses {told}, which is not read here",
            code="MESH-C027",
            fix="pip install deltalake, and write it out with Polars' scan_delta(...).sink_parquet",
        )
