"""SQL over the products of the mesh, by their names: `select ... from flights.departures`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mesh_dagster.errors import AddressError, EvaluationError
from mesh_dagster.model.address import Address
from mesh_dagster.model.snapshot import Publication
from mesh_dagster.ports.open import PortData
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.read import AsOf, open_published, publication_at
from mesh_dagster.products.sandbox import only_select, sandbox
from mesh_dagster.products.transform import refuse_in_transform

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def query(sql: str, *, mesh: Mesh | None = None, as_of: AsOf = None) -> pa.Table:
    """Run one SELECT, read-only, and return its rows.

    Raises `UsageError` for what is not one SELECT, `UnknownAddress` and `NeverPublished` for a
    table that cannot be read, and `EvaluationError` when the query fails; in a transform, which
    reads its input ports alone, `UndeclaredInput`.
    """
    with opened(sql, mesh=mesh, as_of=as_of) as relation:
        return relation.to_arrow_table()


@contextmanager
def opened(
    sql: str, *, mesh: Mesh | None = None, as_of: AsOf = None
) -> Iterator[duckdb.DuckDBPyRelation]:
    """The query as a lazy relation, for results that should be streamed."""
    import duckdb

    refuse_in_transform("the mesh")
    mesh = mesh or Mesh.open()
    statement = only_select(sql)
    tables = _opened(mesh, _products(statement.query), as_of)
    files = [file for data in tables.values() for file in data.files]
    with sandbox({name: data.duckdb for name, data in tables.items()}, files) as connection:
        try:
            yield connection.sql(statement.query)
        except duckdb.Error as error:
            raise EvaluationError(
                f"the query failed: {error}",
                code="MESH-M043",
                fix="mesh products lists what there is; mesh show ADDRESS its columns",
            ) from error


def _opened(mesh: Mesh, products: dict[str, Address], as_of: AsOf) -> dict[str, PortData]:
    """The tables of a query; of a product that is there twice, both are of one publication."""
    states: dict[Address, Publication] = {}
    tables = {}
    for name, named in products.items():
        address = mesh.resolve(named)
        state = states.get(address.of_product) or publication_at(mesh, address, as_of)
        states[address.of_product] = state
        tables[name] = open_published(mesh, address, publication=state)
    return tables


def _products(sql: str) -> dict[str, Address]:
    """The tables of a query that are named like products.

    They are taken from the parsed text: to bind it, DuckDB would have to know them already.
    """
    import duckdb

    with duckdb.connect() as connection:
        asked = connection.execute("select json_serialize_sql($1)", [sql]).fetchall()
    parsed = json.loads(asked[0][0])
    if parsed["error"]:
        raise EvaluationError(
            f"the query cannot be planned: {parsed['error_message']}", code="MESH-M043"
        )
    found = {}
    for name in sorted(_tables(parsed)):
        try:
            found[name] = Address.from_sql(name)
        except AddressError:
            continue  # no product is named so: DuckDB says what it is
    return found


def _tables(node: Any) -> set[str]:
    """The tables of a parsed query that name a schema and no other catalog."""
    if isinstance(node, list):
        return {name for each in node for name in _tables(each)}
    if not isinstance(node, dict):
        return set()
    own = set()
    if node.get("table_name") and node.get("schema_name") and not node.get("catalog_name"):
        own = {f"{node['schema_name']}.{node['table_name']}".lower()}
    return own.union(*(_tables(each) for each in node.values()))
