"""Anybody's contract, for a test of its own: read as far as it says what can be held against data.

A port's contract must be flawless before a product loads. Others are tested as they are: what
the mesh would refuse but a test can do without is told, and not in the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mesh_dagster.contracts.files.targets import is_vague_decimal, stated_decimal
from mesh_dagster.contracts.misread import refuse_misread, refuse_other_kinds
from mesh_dagster.descriptors import dcs, syntax
from mesh_dagster.descriptors.odcs import contract_from_document
from mesh_dagster.descriptors.source import Source, in_order, refuse, shown_path
from mesh_dagster.errors import DescriptorError
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.finding import Finding, Severity

_BEARABLE = {
    "MESH-D007": "a key that nobody knows",
    "MESH-D010": "a word that is none of a closed list",
    "MESH-D013": "a version that is none",
    "MESH-D016": "a physicalType of another system",
    "MESH-D017": "a reference to what is not there",
    "MESH-D018": "a rule without its operator",
    "MESH-D019": "positions in a key",
}


@dataclass(frozen=True, slots=True)
class ReadContract:
    """A contract, and what is wrong with it that a test can do without."""

    contract: Contract
    findings: tuple[Finding, ...] = ()


def read_contract(path: Path) -> ReadContract:
    """A contract from its file: ODCS 3, or the Data Contract Specification before it.

    Raises `DescriptorError` with all that is wrong where it cannot be tested.
    """
    source = Source(shown_path(path))
    refuse_misread(path, source)
    data = syntax.read_file(path, source)
    if data is not None:
        refuse_other_kinds(data, source)
    if data is not None and dcs.is_one(data):
        data = dcs.converted(data, source)
    contract = contract_from_document(data, source)
    findings = [_borne(each) for each in source.findings]
    refuse(findings)
    if contract is None:
        raise DescriptorError(in_order(source.findings))
    if not contract.schema:
        message = "the contract has no schema: there is nothing to hold data against"
        fix = "schema: [{name: ..., properties: [{name: ..., logicalType: string}]}]"
        raise DescriptorError([Finding("MESH-C028", message, where=contract.where, fix=fix)])
    return ReadContract(_settled(contract), in_order(findings))


def _settled(contract: Contract) -> Contract:
    """With what is open about its types left open: `decimal` alone is a decimal of any size."""
    tables = tuple(
        replace(table, properties=tuple(map(_open, table.properties))) for table in contract.schema
    )
    return replace(contract, schema=tables)


def _open(column: Property) -> Property:
    column = replace(
        column,
        properties=tuple(map(_open, column.properties)),
        items=_open(column.items) if column.items else None,
        key=_open(column.key) if column.key else None,
        value=_open(column.value) if column.value else None,
    )
    if column.type is not None or not is_vague_decimal(column):
        return column
    exact = stated_decimal(column)
    if exact is not None:
        return replace(column, type=exact)
    return replace(column, physical_type=None, logical_type=column.logical_type or "number")


def _borne(finding: Finding) -> Finding:
    if finding.code not in _BEARABLE:
        return finding
    return Finding(
        finding.code,
        finding.message,
        Severity.WARNING,
        finding.subject,
        finding.where,
        finding.fix,
    )
