"""The contracts of the sources that a product reads, held against them before it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from mesh_dagster.errors import EvaluationError, MeshError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.wiring import SourceRef
from mesh_dagster.products.making.sources import locate
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.contracts.rules.servers import Server
    from mesh_dagster.contracts.sources import SourceAudit
    from mesh_dagster.journal import Journal


def hold_sources(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, log: Callable[[str], None]
) -> dict[str, Mapping[str, str]]:
    """By input port the columns of each source that has a contract and keeps it.

    Raises `EvaluationError` (MESH-C060) with all that is wrong where one does not: nothing may
    be made of it. What is only a warning, or has changed and still fits, goes to the log.
    """
    found = {}
    broken: list[RuleResult] = []
    told = ""
    for port, audited in _audited(mesh, loaded, journal):
        found[port] = audited.columns
        blocking = [result for result in audited.results if result.blocks]
        broken += blocking
        told += "".join(f"\n  {port}: {each.message}" for each in blocking)
        for change in audited.changes:
            since = f"since it was last read, {change}"
            if blocking:
                told += f"\n  {port}: {since}"
            else:
                log(f"source {port}: {since}")
        for result in audited.results:
            if not result.blocks and not result.holds:
                log(f"source {port}: {result.message}")
    if broken:
        raise EvaluationError(
            f"{loaded.product.address.path} was not made: a source breaks its contract{told}",
            code="MESH-C060",
            where=broken[0].where,
            fix="ask its owner, or adapt the contract of the source and the transform",
        )
    return found


def audit_sources(mesh: Mesh, loaded: LoadedProduct) -> tuple[RuleResult, ...]:
    """What the contracts of a product's sources say of what lies there now."""
    results: list[RuleResult] = []
    if loaded.source_contracts:
        with mesh.journal(loaded.product.address.domain) as journal:
            for port in _wired(loaded):
                try:
                    for each in _audit(mesh, loaded, port, journal).results:
                        results.append(replace(each, message=f"source {port}: {each.message}"))
                except MeshError as error:
                    results.append(_unread(loaded, port, error))
    return tuple(results)


def _audited(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal
) -> Iterator[tuple[str, SourceAudit]]:
    for port in _wired(loaded):
        yield port, _audit(mesh, loaded, port, journal)


def _wired(loaded: LoadedProduct) -> list[str]:
    """The sources with a contract that the mesh opens itself; an asset reads others by its own."""
    return [port for port in loaded.source_contracts if port in loaded.wiring.sources]


def _audit(mesh: Mesh, loaded: LoadedProduct, port: str, journal: Journal) -> SourceAudit:
    from mesh_dagster.contracts.files.matching import data_at
    from mesh_dagster.contracts.sources import audit_source

    source, contract = loaded.wiring.sources[port], loaded.source_contracts[port]
    path = locate(source, loaded.folder, mesh.storage.url)
    declared = loaded.product.input(port)
    address = f"source:{declared.source if declared else ''}"
    return audit_source(
        contract,
        data_at(str(path), contract.table, _written(source)),
        last=journal.last_columns(loaded.product.address.path, port, address),
        port=port,
    )


def _written(source: SourceRef) -> Server:
    """How the file of a source is written, as a contract's server says it."""
    from mesh_dagster.contracts.rules.servers import Server

    settings = {"format": source.format, "header": True, "delimiter": source.delimiter or ","}
    return Server(source.path, "local", {**settings, "nullValues": source.null_values})


def _unread(loaded: LoadedProduct, port: str, error: MeshError) -> RuleResult:
    return RuleResult(
        rule="schema",
        kind="schema",
        verdict=Verdict.ERROR,
        severity=Severity.WARNING,
        message=f"the source {port} could not be read: {error.what}",
        port=port,
        where=loaded.source_contracts[port].where,
    )
