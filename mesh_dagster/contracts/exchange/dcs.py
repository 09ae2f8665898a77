"""A Data Contract Specification -> a contract, as far as `mesh contract test` reads one."""

from __future__ import annotations

from pathlib import Path

from mesh_dagster.contracts.exchange.imported import Imported
from mesh_dagster.contracts.reading import read_contract
from mesh_dagster.descriptors import odcs
from mesh_dagster.descriptors.source import shown_path


def import_dcs(path: Path) -> Imported:
    """The contract of the models of a specification. Raises `DescriptorError`."""
    read = read_contract(path)
    notes = tuple(finding.message for finding in read.findings)
    document = odcs.document_from_contract(read.contract)
    return Imported(document, notes, shown_path(path))
