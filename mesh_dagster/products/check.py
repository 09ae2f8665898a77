"""Everything that is wrong with the files of a mesh, without Dagster.

Files are held against each other where they are read; here products are: what one of them reads
and refers to, another has to serve.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mesh_dagster.alerts.channels import Channels
from mesh_dagster.contracts.rules.kinds import PLATFORM_COLUMNS
from mesh_dagster.descriptors.check import check_domain as check_files
from mesh_dagster.descriptors.check import check_mesh
from mesh_dagster.descriptors.product import domain_folders, folder_problems
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import (
    DescriptorError,
    MeshError,
    MissingExtra,
    StorageError,
    UsageError,
)
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Relationship, SchemaObject
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.product import InputPort
from mesh_dagster.products.governing.judging import policy_findings, settings_findings
from mesh_dagster.products.making.declared_columns import declared_findings
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.evolution import BREAKS, evolution_findings

BREAKING = "breaking-change-has-major"
"""The policy that finds what `MESH-C040` does."""


def check(mesh: Mesh, against: str | None = None) -> tuple[Finding, ...]:
    """All findings of all files of the mesh that are in this checkout, warnings included.

    Contracts are compared with what is published of them, or, `against` a git ref, with what is
    there: that asks no storage. Raises `UsageError` for a ref that git does not know.
    """
    found = check_mesh(mesh.config)
    told = [each for domain in mesh.domains for each in Channels(mesh.config, domain).findings()]
    of_products = _of_products(mesh, tuple(_loaded(mesh)), against=against)
    return (*found, *told, *settings_findings(mesh), *of_products, *_registry(mesh))


def check_domain(mesh: Mesh, name: str) -> tuple[Finding, ...]:
    """All findings of one domain's files. Raises `UsageError` for a name that no domain has."""
    files = [
        each for folder in _folders(mesh, name) for each in check_files(folder, mesh.config.masks)
    ]
    told = [e for d in mesh.domains if d.name == name for e in Channels(mesh.config, d).findings()]
    loaded = [each for each in _loaded(mesh) if each.product.address.domain == name]
    return (*files, *told, *_of_products(mesh, loaded, own=f"{name}/"))


def check_product(mesh: Mesh, address: Address) -> tuple[Finding, ...]:
    """All findings of one product's files. Raises `UnknownAddress`."""
    product = mesh.resolve_own(address).of_product
    folders = [each.folder for each in mesh.listing.products if each.product.address == product]
    masks = mesh.config.masks
    findings = [each for folder in folders for each in folder_problems(folder, masks=masks)]
    if any(each.severity is Severity.ERROR for each in findings):
        return tuple(findings)
    own = f"{product.domain}/{product.product}/"
    return (*findings, *_of_products(mesh, [mesh.load(product)], own=own))


def _of_products(
    mesh: Mesh, products: Sequence[LoadedProduct], own: str = "", against: str | None = None
) -> Iterator[Finding]:
    """What is wrong with products beside what their files say: with what they lead to, with
    policies, and with their past, of what begins with `own`."""
    for each in products:
        yield from _dangling(mesh, each)
        yield from declared_findings(mesh, each)
    past = _history(mesh, products, against)
    history = [each for each in past if each.subject.startswith(own)]
    yield from _once(policy_findings(mesh, products), history)
    yield from history


def _folders(mesh: Mesh, name: str) -> list[Path]:
    """Where a domain is; a file that cannot be read names none, its folder may."""
    known = {each.folder: each.name for each in mesh.domains}
    found = [each for each in domain_folders(mesh.config) if known.get(each, each.name) == name]
    if not found:
        hint = did_you_mean(name, known.values())
        raise UsageError(f"this checkout has no domain {name!r}{hint}")
    return found


def _history(
    mesh: Mesh, products: Sequence[LoadedProduct], against: str | None
) -> Iterator[Finding]:
    """What contracts break of their own past. That storage cannot be asked, `_registry` tells."""
    with suppress(StorageError, MissingExtra):
        yield from evolution_findings(mesh, products, against)


def _once(governed: Iterable[Finding], history: Sequence[Finding]) -> Iterator[Finding]:
    """What policies find, without what the history of a contract says already: a change that
    breaks readers is refused wherever its domain loads, whatever policies there are."""
    broken = {each.subject for each in history if each.code == BREAKS}
    for each in governed:
        if each.code != BREAKING or each.subject not in broken:
            yield each


def _registry(mesh: Mesh) -> Iterator[Finding]:
    """Documents that cannot be read. Only their own domain can mend them: others are warned."""
    own = {domain.name for domain in mesh.domains}
    try:
        findings = mesh.registry_findings
    except MeshError as error:
        yield Finding(error.code, error.what, Severity.WARNING, mesh.config.name, error.where)
        return
    for each in findings:
        theirs = each.subject.partition("/")[0] not in own
        yield replace(each, severity=Severity.WARNING) if theirs else each


def _loaded(mesh: Mesh) -> Iterator[LoadedProduct]:
    for product in mesh.own():
        try:
            yield mesh.load(product.address)
        except DescriptorError:
            continue  # its own findings are told already


def _dangling(mesh: Mesh, loaded: LoadedProduct) -> Iterator[Finding]:
    """Inputs and references that lead to nothing in this mesh."""
    subject = loaded.product.address.path
    for port in loaded.product.inputs:
        if port.address is not None:
            yield from _unknown(mesh, subject, port.address, f"its input `{port.name}`", port.where)
            yield from _undeclared(mesh, subject, port)
    for contract in loaded.contracts.values():
        for each in _references(contract):
            target = Address.parse(each.target or "")
            what = f"the reference of {', '.join(each.columns)}"
            yield from _unknown(mesh, subject, target, what, each.where)
            yield from _unknown_columns(mesh, subject, target, each)


def _references(contract: Contract) -> Iterator[Relationship]:
    for table in contract.schema[:1]:
        yield from (each for each in table.links if each.target is not None)


def _unknown(
    mesh: Mesh, subject: str, target: Address, what: str, where: str | None
) -> Iterator[Finding]:
    """A product of a domain that is here must be here; another may not be published yet."""
    try:
        mesh.resolve(target)
    except MeshError:
        own = {product.address.domain for product in mesh.own()}
        known = [product.address.path for product in mesh.products()]
        yield Finding(
            "MESH-M049",
            f"{what} is {target.path}, and nothing is there{did_you_mean(target.path, known)}",
            Severity.ERROR if target.domain in own else Severity.WARNING,
            subject,
            where,
        )


def _undeclared(mesh: Mesh, subject: str, port: InputPort) -> Iterator[Finding]:
    """Columns that an input port declares and its upstream does not promise."""
    table = _table(mesh, port.address) if port.address and port.columns else None
    if table is None:
        return
    known = [each.column for each in table.properties]
    for column in port.columns or ():
        if column not in known and column not in PLATFORM_COLUMNS:
            yield Finding(
                "MESH-C044",
                f"its input `{port.name}` declares the column `{column}`, which the contract of "
                f"{port.address} does not have{did_you_mean(column, known)}",
                subject=subject,
                where=port.where,
            )


def _table(mesh: Mesh, address: Address) -> SchemaObject | None:
    """The table that a port serves; None where nobody knows."""
    try:
        resolved = mesh.resolve(address)
        contract = mesh.described(resolved).contracts.get(resolved.port or "")
    except MeshError:
        return None
    return contract.table if contract and contract.schema else None


def _unknown_columns(
    mesh: Mesh, subject: str, target: Address, reference: Relationship
) -> Iterator[Finding]:
    table = _table(mesh, target)
    if table is None:
        return
    known = [each.name for each in table.properties]
    for column in reference.target_columns:
        if table.find(column) is None:
            yield Finding(
                "MESH-M049",
                f"the reference of {', '.join(reference.columns)} is to {target.path}.{column}, "
                f"which its contract does not have{did_you_mean(column, known)}",
                subject=subject,
                where=reference.where,
            )
