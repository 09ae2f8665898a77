"""`mesh check`: what is wrong with the files of the mesh, or with the data it serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import SUBJECT, domains_here
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.errors import EvaluationError, MeshError, NeverPublished, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Finding, Severity

if TYPE_CHECKING:
    from mesh_dagster.model.domain import LoadedProduct
    from mesh_dagster.model.finding import RuleResult
    from mesh_dagster.products.mesh import Mesh

_COLUMNS = [
    Column("PRODUCT", least=16),
    Column("PARTITION"),
    Column("VERDICT", colours={"warning": "yellow", "failed": "red", "error": "red"}),
    Column("OF", right=True),
    Column("FAIL", right=True),
    Column("RULE", least=16),
]
Audits = Sequence[tuple[Address, "Sequence[RuleResult]"]]


@click.command()
@click.argument("subject", metavar="[ADDRESS|DOMAIN]", type=SUBJECT, required=False)
@click.option("--data", is_flag=True, help="Audit what is published, instead of the files.")
@click.option(
    "--partition", "partitions", multiple=True, metavar="P", help="Audit this partition only."
)
@click.option(
    "--against",
    metavar="REF",
    help="Compare contracts with those at a git ref, not with what is published.",
)
@as_json
def check(
    subject: Address | str | None,
    data: bool,
    partitions: tuple[str, ...],
    against: str | None,
    as_json: bool,
) -> int:
    """Find what is wrong with the files of the mesh, of a domain, or of a product."""
    from mesh_dagster.products.mesh import Mesh

    if against is not None and (data or subject):
        raise UsageError(
            "--against compares the contracts of the whole mesh",
            fix=f"mesh check --against {against}",
        )
    if partitions and not (data and isinstance(subject, Address)):
        raise UsageError(
            "--partition is for the published data of one product",
            fix=f"mesh check ADDRESS --data --partition {partitions[0]}",
        )
    mesh = Mesh.open()
    if data:
        return _check_data(mesh, subject, partitions, as_json)
    return _check_files(mesh, subject, against, as_json)


def _check_files(
    mesh: Mesh, subject: Address | str | None, against: str | None, as_json: bool
) -> int:
    from mesh_dagster.products.check import check as check_mesh
    from mesh_dagster.products.check import check_domain, check_product

    if isinstance(subject, Address):
        findings = check_product(mesh, subject)
    else:
        findings = check_domain(mesh, subject) if subject else check_mesh(mesh, against)
    if as_json:
        emit_json(findings)
    else:
        for finding in findings:
            emit(f"{finding}\n")
        say(_in_words(findings, mesh, subject))
    return 1 if any(each.severity is Severity.ERROR for each in findings) else 0


def _in_words(findings: Sequence[Finding], mesh: Mesh, subject: Address | str | None) -> str:
    if isinstance(subject, Address):
        what = subject.path
    else:
        here = [each for each in mesh.own() if subject in (None, each.address.domain)]
        what = f"{subject or mesh.config.name}, {count(len(here), 'product')}"
    errors = sum(each.severity is Severity.ERROR for each in findings)
    if not findings:
        return f"{what}: nothing is wrong"
    return f"{what}: {count(errors, 'error')}, {count(len(findings) - errors, 'warning')}"


def _check_data(
    mesh: Mesh, subject: Address | str | None, partitions: tuple[str, ...], as_json: bool
) -> int:
    audits: list[tuple[Address, Sequence[RuleResult]]] = []
    unread: list[str] = []
    if isinstance(subject, Address):
        product = mesh.load(subject)
        audits.append((product.product.address, _audit(mesh, product, partitions)))
    else:
        audits += _audits_of_all(mesh, subject, unread)
    _tell(audits, as_json)
    for each in unread:
        say(each)
    blocks = any(result.blocks for _, results in audits for result in results)
    return 1 if blocks else EvaluationError.exit_code if unread else 0


def _audits_of_all(mesh: Mesh, domain: str | None, unread: list[str]) -> Audits:
    """The audits of all that can be read; what is wrong with the rest is in `unread`."""
    audits = []
    names = {each.name for each in domains_here(mesh, domain)}
    here = [each for each in mesh.own() if each.address.domain in names]
    for product in sorted(here, key=lambda each: each.address):
        try:
            audits.append((product.address, _audit(mesh, mesh.load(product.address), ())))
        except NeverPublished as error:
            say(error.what)
        except MeshError as error:
            unread.append(f"{product.address.path} could not be audited: {error}")
    for each in mesh.listing.findings:
        theirs = domain is not None and each.subject.partition("/")[0] not in ("", domain)
        if each.severity is Severity.ERROR and not theirs:
            unread.append(f"not everything could be audited: {each}")
    return audits


def _audit(mesh: Mesh, product: LoadedProduct, partitions: tuple[str, ...]) -> Sequence[RuleResult]:
    from mesh_dagster.products.auditing.audit import audit_published
    from mesh_dagster.products.making.source_contracts import audit_sources

    for key in partitions:
        if product.wiring.partitioning is None:
            raise UsageError(f"{product.product.address.path} has no partitions")
        product.wiring.partitioning.window(key)
    published = audit_published(mesh, product, partitions or None)
    return published if partitions else (*audit_sources(mesh, product), *published)


def _tell(audits: Audits, as_json: bool) -> None:
    if as_json:
        emit_json(
            [{"address": address, "results": results} for address, results in audits],
        )
        return
    rows = [
        (address.path, each.partition, each.verdict.value, each.checked, each.failed, each.message)
        for address, results in audits
        for each in results
        if not each.holds
    ]
    if rows:
        emit_styled(render(_COLUMNS, rows).text)
    for address, results in audits:
        passed = sum(each.holds for each in results)
        say(f"{address.path}: {passed} of {len(results)} results passed")
