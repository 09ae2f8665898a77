"""What was handed over as a contract and is none: what it is, and what was likely meant."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from mesh_dagster.contracts.files.formats import is_data
from mesh_dagster.descriptors import dcs
from mesh_dagster.descriptors.source import Map, Source, shown_path
from mesh_dagster.descriptors.suggest import nearest

CONTRACT = "DataContract"
_REMOTE = re.compile(r"(?i)[a-z][a-z0-9+.-]+:/+[^/]")
_TEXTS = (".yaml", ".yml", ".json")
_OTHERS = {"models": "dbt", "$schema": "jsonschema"}
"""By a key at the top: what `mesh contract import` calls a document that has it."""

_NO_FILE, _NO_CONTRACT = "MESH-D003", "MESH-C028"


def refuse_misread(path: Path, source: Source) -> None:
    """Raise `DescriptorError` where a path leads to nothing that could be a contract's file."""
    if path.is_dir():
        inside = _texts_in(path)
        named = [each for each in inside if ".odcs." in each] or inside
        fix = _quoted(path / named[0]) if named else None
        source.report(_NO_FILE, "is a folder; a contract is a file", fix=fix)
    elif path.exists():
        if is_data(path) and path.suffix not in _TEXTS:
            fix = f"mesh contract infer {_quoted(path)} writes a contract from it"
            source.report(_NO_CONTRACT, "is data and no contract", fix=fix)
        return source.refuse()
    elif _REMOTE.match(str(path)):
        message = "is not on this machine; a contract is read from a file"
        source.report(_NO_FILE, message, fix="bring it here, and say where")
    else:
        beside = {Path(each).stem: each for each in _texts_in(path.parent)}
        near = beside.get(nearest(path.stem, beside) or "")
        message = "there is no such file" + (f"; did you mean `{near}`?" if near else "")
        fix = (
            _quoted(path.parent / near) if near else "mesh contract infer DATA writes one from data"
        )
        source.report(_NO_FILE, message, fix=fix)
    return source.refuse()


def refuse_other_kinds(data: Map, source: Source) -> None:
    """Raise `DescriptorError` for a document of another kind than a contract's."""
    kind = data.get("kind")
    if dcs.is_one(data) or str(kind).lower() == CONTRACT.lower():
        return
    if kind == "DataProduct":
        message = "is a data product's descriptor and no contract"
        fix = "the contracts of its ports lie beside it: *.odcs.yaml"
    elif kind is not None:
        message, fix = f"is a {kind} and no contract", f"kind: {CONTRACT}"
    else:
        message = (
            f"is no contract: neither `kind: {CONTRACT}` (ODCS) nor `dataContractSpecification`"
        )
        fix = f"kind: {CONTRACT}"
        if format_ := next((_OTHERS[key] for key in _OTHERS if key in data), None):
            fix = f"mesh contract import {format_} {shlex.quote(source.name)}"
    source.report(_NO_CONTRACT, message, data.line, fix=fix)
    source.refuse()


def _texts_in(folder: Path) -> list[str]:
    try:
        return sorted(each.name for each in folder.iterdir() if each.suffix in _TEXTS)
    except OSError:
        return []


def _quoted(path: Path) -> str:
    return shlex.quote(shown_path(path))
