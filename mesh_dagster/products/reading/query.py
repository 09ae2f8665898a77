"""SQL over the products of the mesh, by their names: `select ... from flights.departures`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mesh_dagster.descriptors.suggest import nearest
from mesh_dagster.errors import (
    AddressError,
    DescriptorError,
    EvaluationError,
    MeshError,
    UnknownAddress,
    UsageError,
)
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports.open import PortData
from mesh_dagster.ports.sql import table_of
from mesh_dagster.products.granting.admission import Admission, Seen, admit
from mesh_dagster.products.granting.objecting import Wanted
from mesh_dagster.products.granting.stating import of_each
from mesh_dagster.products.granting.who import person
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.in_transform import refuse_in_transform
from mesh_dagster.products.reading.read import AsOf, open_published, publication_at
from mesh_dagster.products.reading.sql.plan import Asked
from mesh_dagster.products.reading.sql.process import DEFAULT, Ended, Limits, Process
from mesh_dagster.products.reading.uses import Use, record_uses

if TYPE_CHECKING:
    import pyarrow as pa

    from mesh_dagster.access.decision import Reader

_WORDS = re.compile(r"[a-z0-9]+")
_THREE_PARTS = re.compile(r"reads (\w+\.\w+\.\w+),", re.ASCII)
TOO_MUCH = "MESH-M067"
"""The code of a query that took longer, or more memory, than it may."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a query as they come, batch by batch; nothing is kept of those that were read."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def query(
    sql: str,
    *,
    mesh: Mesh | None = None,
    as_of: AsOf = None,
    limits: Limits = DEFAULT,
    purpose: str | None = None,
) -> pa.Table:
    """Run one SELECT, read-only, and return its rows. `purpose` is what they are read for, as
    `read` has it.

    Raises `UsageError` for what is not one SELECT over products, `UnknownAddress`, `AccessDenied`
    and `NeverPublished` for a table that cannot be read, and `EvaluationError` when the query fails
    or takes more than its `limits`; in a transform, which reads its input ports alone,
    `UndeclaredInput`.
    """
    import pyarrow as pa

    with opened(sql, mesh=mesh, as_of=as_of, limits=limits, purpose=purpose) as rows:
        return pa.Table.from_batches(rows.batches, rows.schema)


@contextmanager
def opened(
    sql: str,
    *,
    mesh: Mesh | None = None,
    as_of: AsOf = None,
    limits: Limits = DEFAULT,
    means: str | None = "query",
    purpose: str | None = None,
    reader: Reader | None = None,
    only: Callable[[Address, PortData], Sequence[str]] | None = None,
) -> Iterator[Rows]:
    """The rows of a query, for results that should be streamed. Raises what `query` raises.

    Only the products that it names are opened. `means` is by what they are read, as the reader's
    own ledger has it; None: it is nobody's read. `reader` is who reads, if it is not whoever runs
    this process. `only` says which columns of a port there are for it: the others it cannot name.
    """
    refuse_in_transform("the mesh")
    with Process(sql, limits) as process:
        mesh = mesh or Mesh.open()
        try:
            asked = process.asked()
            if asked.bare:
                raise _no_product(asked.bare[0], mesh)
            addresses = _addresses(mesh, asked)
            ports = list(addresses.values())
            wanted = Wanted(
                columns={each: _named(mesh, each, asked) for each in ports},
                stated=of_each(ports, purpose) if reader is None else {},
            )
            admitted = admit(mesh, reader or person(mesh), ports, means or "example", wanted)
            tables = _opened(admitted, asked, addresses, as_of, only)
            admitted.note([_seen(each, asked) for each in tables])
            rows = process.run([_handed(each, process) for each in tables])
        except Ended as ended:
            raise _meant(ended, mesh) or _failed(ended) from None
        if means is not None:
            record_uses(mesh, [_use(each, asked, means) for each in tables])
        yield Rows(rows.schema, _batches(process, rows))


@dataclass(frozen=True, slots=True)
class _Table:
    """A product's port under the name that the query has for it."""

    name: str
    address: Address
    data: PortData
    columns: tuple[str, ...]
    """Those that the query can read: never fewer than it does."""


def _batches(process: Process, reader: Any) -> Iterator[pa.RecordBatch]:
    try:
        yield from process.batches(reader)
    except Ended as ended:
        raise _failed(ended) from None


def _addresses(mesh: Mesh, asked: Asked) -> dict[str, Address]:
    """The ports that a query reads, by the names that it has for them."""
    found = {}
    for name in asked.tables:
        try:
            named = Address.from_sql(name)
        except AddressError:
            raise _no_product(name, mesh) from None
        try:
            found[name] = mesh.resolve(named)
        except UnknownAddress:
            if (port := _port_meant(name, mesh)) is None:
                raise
            raise port from None
    return found


def _named(mesh: Mesh, address: Address, asked: Asked) -> tuple[str, ...] | None:
    """The columns of a port that a query can name, as its contract has them; None: any."""
    if asked.everything:
        return None
    try:
        contract = mesh.contract(address)
    except DescriptorError:
        return None
    return asked.named(each.column for each in contract.table.properties)


def _opened(
    admitted: Admission,
    asked: Asked,
    addresses: Mapping[str, Address],
    as_of: AsOf,
    only: Callable[[Address, PortData], Sequence[str]] | None,
) -> list[_Table]:
    """The tables of a query; of a product that is there twice, both are of one publication."""
    states: dict[Address, Publication] = {}
    mesh, found = admitted.mesh, []
    for name, address in addresses.items():
        state = states.get(address.of_product) or publication_at(mesh, address, as_of)
        states[address.of_product] = state
        data = admitted.narrowed(address, open_published(mesh, address, publication=state))
        if only is not None:
            data = replace(data, columns=tuple(only(address, data)))
        there = data.schema if data.columns is None else data.columns
        found.append(_Table(name, address, data, asked.named(there)))
    return found


def _handed(table: _Table, process: Process) -> Mapping[str, Any]:
    """A table as the process of the query takes it: files that it can open by itself.

    It has no credentials. What lies elsewhere is written for it, in a stream, with the columns
    that the query can read. Raises `Ended` where that is more than the query may take.
    """
    data, files = table.data, list(table.data.files)
    schema, _, name = table.name.partition(".")
    if files and data.options is not None:
        rows = data.polars(table.columns or tuple(data.columns or data.schema)[:1])
        # A footer leaves NaN out, and DuckDB would leave out the rows that hold one.
        floats = "Float" in str(rows.collect_schema().dtypes())
        files = process.write(rows, table.name, statistics=not floats)
    return {"schema": schema, "name": name, "files": files, "columns": data.duckdb_columns}


def _use(table: _Table, asked: Asked, means: str) -> Use:
    seen = _seen(table, asked)
    return Use(seen.port, seen.publication, means, seen.columns)


def _seen(table: _Table, asked: Asked) -> Seen:
    everything = asked.everything or len(table.columns) == len(table.data.schema)
    columns = None if everything else table.columns
    return Seen(table.address, table.data.publication.number, columns)


def _no_product(name: str, mesh: Mesh) -> UsageError:
    """A table that is named like no product."""
    known = {
        f"{each.address.domain}.{each.address.product}": each.address.product
        for each in mesh.products()
    }
    if (port := _port_meant(name, mesh)) is not None:
        return port
    same = [full for full, product in known.items() if product == name.lower()]
    meant = same[0] if same else nearest(name, known)
    hint = f"; did you mean `{table_of(Address.from_sql(meant))}`?" if meant else ""
    return UsageError(
        f"there is no table {name[:100]}: products are named like flights.departures{hint}",
        code="MESH-M043",
        fix="mesh products lists what there is",
    )


def _meant(ended: Ended, mesh: Mesh) -> UsageError | None:
    """What a query meant that ended because of a name in three parts."""
    found = _THREE_PARTS.search(ended.message) if ended.kind == "reaching" else None
    return _port_meant(found[1], mesh) if found else None


def _port_meant(name: str, mesh: Mesh) -> UsageError | None:
    """What is told of a name that is nearly a port's, as `crew.roster_masked` is."""
    said = _WORDS.findall(name.lower())
    for product in mesh.products():
        for each in product.outputs:
            address = each.address
            words = _WORDS.findall(f"{address.domain}_{address.product}_{address.port}")
            major = [f"v{address.major}"]
            if address.port and [word for word in said if [word] != major] == words:
                return UsageError(
                    f"there is no table {name[:100]}; did you mean `{table_of(address)}`?",
                    code="MESH-M043",
                    fix=f"mesh query 'from {table_of(address)}'",
                )
    return None


def _failed(ended: Ended) -> MeshError:
    """What a person is told of a query that has no answer."""
    match ended.kind:
        case "refused":
            return UsageError(
                ended.message,
                code="MESH-M041",
                fix="write one SELECT over products: select ... from flights.departures",
            )
        case "reaching":
            return UsageError(ended.message, code="MESH-M066", fix="mesh explain MESH-M066")
        case "time":
            return EvaluationError(
                ended.message, code=TOO_MUCH, fix="ask for less, or for longer: --timeout 600"
            )
        case "memory":
            return EvaluationError(
                ended.message, code=TOO_MUCH, fix="ask for less, or for more: --memory 8000"
            )
        case "disk":
            fix = "ask for less, or free some space; TMPDIR names another folder"
            return EvaluationError(ended.message, code=TOO_MUCH, fix=fix)
    return EvaluationError(
        f"the query failed: {ended.message}",
        code="MESH-M043",
        fix="mesh products lists what there is; mesh show ADDRESS its columns",
    )
