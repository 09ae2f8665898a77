"""What contracts state of the origins of their columns, held against what is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mesh_dagster.contracts.rules.kinds import PLATFORM_COLUMNS
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import MeshError
from mesh_dagster.lineage.columns.declared import (
    LOGIC,
    SOURCES,
    Statement,
    differences,
    statements_of,
)
from mesh_dagster.lineage.columns.relation import InputTable, ordered
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.lineage import ColumnLineage, Evidence
from mesh_dagster.model.product import InputPort
from mesh_dagster.products.mesh import Mesh


def declared_findings(mesh: Mesh, loaded: LoadedProduct) -> Iterator[Finding]:
    """Where a contract's word on its columns' origins is not what is read.

    Nothing is asked of a product that states none.
    """
    stated = {port: statements_of(each) for port, each in loaded.contracts.items()}
    if not any(stated.values()):
        return
    tables = {each.name: _table(mesh, loaded, each) for each in loaded.product.inputs}
    for statements in stated.values():
        for each in statements:
            yield from _unread(loaded, each, tables)
    kept = _kept(mesh, loaded)
    yield from _undeclared(loaded, stated, kept)
    known = [each for each in tables.values() if each is not None]
    for port, lineage in kept.items():
        if port in loaded.contracts:
            yield from _different(loaded, lineage, loaded.contracts[port], known)


def _table(mesh: Mesh, loaded: LoadedProduct, port: InputPort) -> InputTable | None:
    """The columns that an input port offers; None where nobody says which."""
    if port.address is None:
        contract = loaded.source_contracts.get(port.name)
        return None if contract is None else InputTable(port.name, _columns(contract))
    try:
        address = mesh.resolve(port.address)
        contract = mesh.contract(address)
    except (MeshError, KeyError):
        return None
    columns = port.columns or (*_columns(contract), *PLATFORM_COLUMNS)
    return InputTable(port.name, columns, address)


def _columns(contract: Contract) -> tuple[str, ...]:
    return tuple(each.column for each in contract.table.properties) if contract.schema else ()


def _kept(mesh: Mesh, loaded: LoadedProduct) -> Mapping[str, ColumnLineage]:
    """What is known of its newest publication; a journal that cannot be asked knows nothing."""
    address = loaded.product.address
    try:
        with mesh.journal(address.domain) as journal:
            return journal.columns(address.path)
    except MeshError:
        return {}


def _unread(
    loaded: LoadedProduct, statement: Statement, tables: Mapping[str, InputTable | None]
) -> Iterator[Finding]:
    for port, column in statement.sources:
        said = f"`{port}.{column}`" if column else f"`{port}`"
        if port not in tables:
            why = f"and there is no input port {port!r}{did_you_mean(port, tables)}"
        else:
            table = tables[port]
            if not column or table is None or column in table.columns:
                continue
            why = f"which that input port does not read{did_you_mean(column, table.columns)}"
        yield Finding(
            "MESH-L030",
            f"the column `{statement.column}` is said to be made of {said}, {why}",
            Severity.ERROR,
            loaded.product.address.path,
            statement.where,
            fix=f"write <input port>.<column> in {SOURCES}",
        )


def _undeclared(
    loaded: LoadedProduct,
    stated: Mapping[str, Sequence[Statement]],
    kept: Mapping[str, ColumnLineage],
) -> Iterator[Finding]:
    """Columns that a port reads, of which no contract says what becomes of them.

    Where the plan or the text of the transform tells, nobody has to say it.
    """
    told = (Evidence.SQL, Evidence.DBT, Evidence.PLAN)
    if kept and all(each.evidence in told and each.whole for each in kept.values()):
        return
    statements = [each for some in stated.values() for each in some]
    if any(each.logic for each in statements):
        return
    declared = {source for each in statements for source in each.sources}
    for port in loaded.product.inputs:
        missing = [each for each in port.columns or () if (port.name, each) not in declared]
        if missing:
            yield Finding(
                "MESH-L031",
                f"its input `{port.name}` reads {', '.join(missing)}, and no contract says which "
                "column is made of it",
                Severity.WARNING,
                loaded.product.address.path,
                port.where,
                fix=f"name it in {SOURCES} of a column, or read it no longer",
            )


def _different(
    loaded: LoadedProduct, lineage: ColumnLineage, contract: Contract, tables: Sequence[InputTable]
) -> Iterator[Finding]:
    for statement, more in differences(lineage, contract, tables):
        names = ", ".join(
            f"{each.address.path if each.address else each.source}.{each.column}"
            for each in ordered(more)
        )
        yield Finding(
            "MESH-L032",
            f"the column `{statement.column}` is said to be made of {names}, and the "
            "transform does not use that for it",
            Severity.WARNING,
            loaded.product.address.path,
            statement.where,
            fix=f"correct {SOURCES if statement.logic is None else LOGIC}, or leave it out",
        )
