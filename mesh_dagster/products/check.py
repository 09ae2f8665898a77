"""Everything that is wrong with the files of a mesh, without Dagster.

Files are held against each other where they are read; here products are: what one of them reads
and refers to, another has to serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mesh_dagster.descriptors.check import check_mesh
from mesh_dagster.descriptors.product import folder_problems
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import DescriptorError, MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract, Relationship
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.products.mesh import Mesh


def check(mesh: Mesh) -> tuple[Finding, ...]:
    """All findings of all files of the mesh that are in this checkout, warnings included."""
    return (*check_mesh(mesh.config), *_between_products(mesh), *_registry(mesh))


def check_product(mesh: Mesh, address: Address) -> tuple[Finding, ...]:
    """All findings of one product's files. Raises `UnknownAddress`."""
    product = mesh.resolve_own(address).of_product
    folders = [each.folder for each in mesh.listing.products if each.product.address == product]
    findings = [finding for folder in folders for finding in folder_problems(folder)]
    if any(each.severity is Severity.ERROR for each in findings):
        return tuple(findings)
    return (*findings, *_dangling(mesh, mesh.load(product)))


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


def _between_products(mesh: Mesh) -> Iterator[Finding]:
    for product in mesh.own():
        try:
            loaded = mesh.load(product.address)
        except DescriptorError:
            continue  # its own findings are told already
        yield from _dangling(mesh, loaded)


def _dangling(mesh: Mesh, loaded: LoadedProduct) -> Iterator[Finding]:
    """Inputs and references that lead to nothing in this mesh."""
    subject = loaded.product.address.path
    for port in loaded.product.inputs:
        if port.address is not None:
            yield from _unknown(mesh, subject, port.address, f"its input `{port.name}`", port.where)
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


def _unknown_columns(
    mesh: Mesh, subject: str, target: Address, reference: Relationship
) -> Iterator[Finding]:
    try:
        described = mesh.described(target)
    except MeshError:
        return
    contract = described.contracts.get(target.port or "")
    if contract is None or not contract.schema:
        return
    known = [each.name for each in contract.table.properties]
    for column in reference.target_columns:
        if contract.table.find(column) is None:
            yield Finding(
                "MESH-M049",
                f"the reference of {', '.join(reference.columns)} is to {target.path}.{column}, "
                f"which its contract does not have{did_you_mean(column, known)}",
                subject=subject,
                where=reference.where,
            )
