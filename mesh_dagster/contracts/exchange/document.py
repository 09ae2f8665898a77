"""An ODCS document made here, read back by the reader that reads everybody's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mesh_dagster.contracts.exchange.types import api_version
from mesh_dagster.descriptors import odcs
from mesh_dagster.descriptors.source import Source, refuse
from mesh_dagster.descriptors.syntax import located
from mesh_dagster.model.contract import Contract


def contract_document(
    id_: str,
    objects: Sequence[Mapping[str, Any]],
    *,
    version: str = "1.0.0",
    status: str = "draft",
) -> dict[str, Any]:
    """A contract of some schema objects, keys in the standard's order."""
    listed = [dict(each) for each in objects]
    head = {"apiVersion": api_version(listed), "kind": "DataContract", "id": id_}
    return {**head, "version": version, "status": status, "schema": listed}


def contract_of(document: Mapping[str, Any], name: str) -> Contract:
    """The contract that a document states. Raises `DescriptorError` when it states none."""
    source = Source(name)
    contract = odcs.contract_from_document(located(dict(document)), source)
    refuse(source.findings)
    assert contract is not None, "no contract and no error"  # noqa: S101
    return contract


def name_of(text: str) -> str:
    """A text as the name of a table: letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_") or "table"
