"""What the files of a product must agree on: names, versions, ports, columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mesh_dagster.descriptors.odps import SOURCE
from mesh_dagster.descriptors.service_levels import service_level_findings
from mesh_dagster.descriptors.suggest import did_you_mean, nearest
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.product import OutputPort, Product
from mesh_dagster.model.types import Kind
from mesh_dagster.model.wiring import TransformKind, Wiring

_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)
_OWN_CODE = (TransformKind.PYTHON, TransformKind.SQL)


@dataclass(frozen=True, slots=True)
class _Report:
    subject: str
    findings: list[Finding]

    def __call__(
        self,
        code: str,
        message: str,
        where: str | None,
        fix: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.findings.append(Finding(code, message, severity, self.subject, where, fix))


def check_product(
    product: Product,
    contracts: Sequence[Contract],
    wiring: Wiring | None,
    domain: Domain | None,
    findings: list[Finding],
) -> dict[str, Contract]:
    """Port -> its contract, the first port's name being empty; disagreements are reported."""
    report = _Report(product.address.path, findings)
    if domain is not None and domain.name and product.address.domain != domain.name:
        report(
            "MESH-D021",
            f"its domain is {product.address.domain}, domain.yaml of its folder says {domain.name}",
            product.where,
            f"id: mesh://{domain.name}/{product.address.product}",
        )
    by_port = _match(product, contracts, report)
    for contract in by_port.values():
        _check_contract(contract, product, report)
    for name, contract in source_contracts(product, contracts).items():
        _check_source_contract(name, contract, product, report)
    if wiring is not None:
        _check_inputs(product, wiring, report)
        _check_sources(product, wiring, report)
        _check_partitions(by_port, wiring, report)
    return by_port


def _match(product: Product, contracts: Sequence[Contract], report: _Report) -> dict[str, Contract]:
    by_id: dict[str, Contract] = {}
    for contract in contracts:
        if contract.id in by_id:
            message = f"two contracts are of {contract.id}; the other is {by_id[contract.id].where}"
            report("MESH-D022", message, contract.where)
        by_id.setdefault(contract.id, contract)
    ports = {str(port.address): port for port in product.outputs}
    sources = {f"{SOURCE}{port.source}": port for port in product.inputs if port.source}
    for id_, contract in by_id.items():
        if id_.startswith(SOURCE):
            if id_ not in sources:
                message = f"no input port has the contract {id_!r:.120}{did_you_mean(id_, sources)}"
                report("MESH-D022", message, contract.where)
        elif id_ and id_ not in ports and product.outputs:
            message = f"no output port has the contract {id_!r:.120}{did_you_mean(id_, ports)}"
            found = nearest(id_, [each for each in ports if each not in by_id])
            report("MESH-D022", message, contract.where, f"id: {found}" if found else None)
    matched = {}
    for id_, port in ports.items():
        found_contract = by_id.get(id_)
        if found_contract is None:
            message = f"the output port `{port.name}` has no contract: no *.odcs.yaml here is {id_}"
            report("MESH-D022", message, port.where, f"add a contract with id: {id_}")
        else:
            matched[port.address.port or ""] = found_contract
            _check_versions(port, found_contract, report)
    return matched


def source_contracts(product: Product, contracts: Sequence[Contract]) -> dict[str, Contract]:
    """Input port -> the contract of the source that it names, where the folder holds one."""
    by_id = {contract.id: contract for contract in reversed(contracts)}
    wanted = {port.name: f"{SOURCE}{port.source}" for port in product.inputs if port.source}
    return {name: by_id[id_] for name, id_ in wanted.items() if id_ in by_id}


def _check_source_contract(
    name: str, contract: Contract, product: Product, report: _Report
) -> None:
    port = product.input(name)
    if not contract.schema:
        message = f"the contract of the source `{name}` has no `schema`, so it promises nothing"
        report("MESH-D009", message, contract.where)
    if port is not None and port.version != contract.version:
        message = (
            f"the input port `{name}` is {port.version},"
            f" the contract of its source {contract.version} ({contract.where})"
        )
        report("MESH-D023", message, port.where, f"version: {contract.version}")


def _check_versions(port: OutputPort, contract: Contract, report: _Report) -> None:
    if port.version != contract.version:
        message = (
            f"the output port `{port.name}` is {port.version},"
            f" its contract {contract.version} ({contract.where})"
        )
        report("MESH-D023", message, port.where, f"version: {contract.version}")
    major = contract.version.partition(".")[0]
    if major != str(port.address.major):
        message = f"the contract of {port.address} is {contract.version}, another major"
        report("MESH-D023", message, contract.where, f"version: {port.address.major}.0.0")


def _check_contract(contract: Contract, product: Product, report: _Report) -> None:
    if not contract.schema:
        report(
            "MESH-D009", "the contract has no `schema`, so its port serves nothing", contract.where
        )
        return
    report.findings.extend(service_level_findings(contract, report.subject))
    table = contract.table
    stated = contract.rest.get("domain", product.address.domain)
    if stated != product.address.domain:
        message = f"the contract's domain is {stated}, the product's {product.address.domain}"
        report("MESH-D021", message, contract.where, f"domain: {product.address.domain}")
    if table.event_time is None:
        return
    column = table.find(table.event_time)
    if column is None:
        hint = did_you_mean(table.event_time, [each.name for each in table.properties])
        report("MESH-D027", f"`eventTime` names the column `{table.event_time}`{hint}", table.where)
    elif column.type is not None and column.type.kind not in _MOMENTS:
        message = f"`eventTime` is `{column.name}`, a {column.type}; expected a date or timestamp"
        report("MESH-D027", message, column.where)


def _check_inputs(product: Product, wiring: Wiring, report: _Report) -> None:
    names = [port.name for port in product.inputs]
    for key, ports in (("sources", wiring.sources), ("inputs", wiring.windows)):
        for name in ports:
            if name not in names:
                message = f"`{key}` names the input port `{name[:100]}`{did_you_mean(name, names)}"
                report("MESH-D024", message, wiring.where)
    for name in wiring.windows:
        port = product.input(name)
        if port is not None and port.source is not None:
            message = f"`inputs` gives `{name}` a window, and a source has no partitions"
            report("MESH-D024", message, wiring.where)


def _check_sources(product: Product, wiring: Wiring, report: _Report) -> None:
    for port in product.inputs:
        stated = wiring.sources.get(port.name)
        if port.address is not None and stated is not None:
            message = f"`sources` wires `{port.name}`, which is the product {port.address}"
            report("MESH-D024", message, stated.where)
        if port.source is None or stated is not None or wiring.transform.kind not in _OWN_CODE:
            continue
        message = f"the input port `{port.name}` is a source, and `sources` does not say where"
        fix = f"sources: {{{port.name}: {{path: data/{port.name}.csv}}}}"
        report("MESH-D029", message, wiring.where, fix)


def _check_partitions(contracts: Mapping[str, Contract], wiring: Wiring, report: _Report) -> None:
    if wiring.partitioning is None:
        if wiring.windows:
            message = "`inputs` has windows, and the product has no `partitions` to count from"
            report("MESH-D028", message, wiring.where)
        return
    name = wiring.partitioning.column
    for contract in contracts.values():
        if not contract.schema:
            continue
        column = contract.table.find(name)
        if column is None:
            known = [each.column for each in contract.table.properties]
            message = f"`partitions` names the column `{name[:100]}`, not in {contract.id}"
            report("MESH-D027", message + did_you_mean(name, known), wiring.where)
        elif column.type is not None and column.type.kind not in _MOMENTS:
            message = f"`partitions` names `{name}`, a {column.type}; expected a date or timestamp"
            report("MESH-D027", message, column.where)
