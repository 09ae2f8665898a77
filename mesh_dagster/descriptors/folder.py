"""One product's folder: its files, each read and then held against the others."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from mesh_dagster.descriptors import wiring as wiring_file
from mesh_dagster.descriptors.consistency import check_product, source_contracts
from mesh_dagster.descriptors.domain import domain_from_file, find_domain
from mesh_dagster.descriptors.files import CONTRACTS, DESCRIPTOR, DOMAIN, WIRING
from mesh_dagster.descriptors.masked import with_masked_port
from mesh_dagster.descriptors.odcs import contract_from_document
from mesh_dagster.descriptors.odps import product_from_document
from mesh_dagster.descriptors.source import Source, in_order, shown_path
from mesh_dagster.descriptors.syntax import read_file
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.mask import NO_MASKS, Masks
from mesh_dagster.model.product import Product
from mesh_dagster.model.wiring import Wiring


@dataclass(slots=True)
class _Folder:
    """What the files of one folder say, as far as they can be read."""

    path: Path
    shown: str
    findings: list[Finding] = field(default_factory=list)
    product: Product | None = None
    contracts: list[Contract] = field(default_factory=list)
    wiring: Wiring | None = None

    def source(self, name: str, subject: str = "") -> Source:
        return Source(f"{self.shown}/{name}", subject, self.findings)


def examine(
    folder: Path, domain: Domain | None = None, masks: Masks = NO_MASKS
) -> tuple[LoadedProduct | None, tuple[Finding, ...]]:
    """The product of a folder, if it can be used, and everything that is wrong with it.

    `masks` are those that the mesh gives to classifications.
    """
    loaded, findings = stated(folder, domain)
    if loaded is None:
        return None, findings
    impossible: list[Finding] = []
    loaded = with_masked_port(loaded, masks, impossible)
    if not impossible:
        return loaded, findings
    found = in_order([*findings, *impossible])
    return (None if any(each.severity is Severity.ERROR for each in found) else loaded), found


def stated(
    folder: Path, domain: Domain | None = None
) -> tuple[LoadedProduct | None, tuple[Finding, ...]]:
    """The same of the files alone, without the port that is derived from what they say."""
    read = _Folder(folder, shown_path(folder))
    if domain is None:
        domain = _domain_of(read)
    _read_descriptor(read)
    subject = read.product.address.path if read.product else ""
    _read_contracts(read)
    source = read.source(WIRING, subject)
    read.wiring = wiring_file.read_wiring(folder, source)
    contracts = _compare(read, domain)
    findings = in_order(read.findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None, findings
    if read.product is None or read.wiring is None or domain is None:
        raise AssertionError("a part is missing, and no finding says so")
    sources = source_contracts(read.product, read.contracts)
    loaded = LoadedProduct(read.product, contracts, read.wiring, folder, domain, sources)
    return loaded, findings


def _domain_of(read: _Folder) -> Domain | None:
    found = find_domain(read.path.resolve())
    if found is None:
        message = "the product's folder lies in no domain: no domain.yaml here or above"
        read.source(DESCRIPTOR).report("MESH-D020", message, fix="add a domain.yaml")
        return None
    return domain_from_file(found, Source(shown_path(found / DOMAIN), "", read.findings))


def _read_descriptor(read: _Folder) -> None:
    source = read.source(DESCRIPTOR)
    read.product = product_from_document(read_file(read.path / DESCRIPTOR, source), source)


def _read_contracts(read: _Folder) -> None:
    for name in contract_files(read.path):
        source = read.source(name)
        contract = contract_from_document(read_file(read.path / name, source), source)
        if contract is not None:
            read.contracts.append(contract)


def contract_files(folder: Path) -> list[str]:
    """The names of the contracts in a folder, sorted."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(CONTRACTS))  # noqa: PTH208
    except OSError:
        return []


def _compare(read: _Folder, domain: Domain | None) -> dict[str, Contract]:
    """Port -> contract; what does not agree between the files is reported."""
    if read.product is None:
        return {}
    return check_product(read.product, read.contracts, read.wiring, domain, read.findings)
