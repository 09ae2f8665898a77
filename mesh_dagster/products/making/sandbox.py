"""SQL on DuckDB that reads the tables it is given and nothing else.

Queries, and the SQL transforms of domains, are untrusted text: they may neither write, nor
attach, nor read files or the network, nor change a setting (design rule 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mesh_dagster.errors import UsageError
from mesh_dagster.products.reading.sql.plan import Refused, check_reads, one_select

if TYPE_CHECKING:
    import duckdb

    Relation = Callable[["duckdb.DuckDBPyConnection"], "duckdb.DuckDBPyRelation"]


@contextmanager
def sandbox(
    tables: Mapping[str, Relation], files: Iterable[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection with one view a table; names are `view` or `schema.view`.

    `files` are the only files it may open: those the tables are made of.
    """
    import duckdb

    connection = duckdb.connect()
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set python_enable_replacements = false")
        for name, relation in tables.items():
            _view(connection, name, relation(connection))
        connection.execute("set allowed_paths = $files", {"files": list(files)})
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()


def only_select(sql: str) -> duckdb.Statement:
    """The one SELECT that a text is.

    Raises `UsageError` for a syntax error, for several statements, and for any that is no query.
    """
    try:
        found = one_select(sql)
        check_reads(found.query)
    except Refused as refused:
        raise UsageError(
            str(refused),
            code="MESH-M041",
            fix="products are read-only: change one by its own transform",
        ) from None
    return found


def named_parameters(statement: duckdb.Statement, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the values on offer, those that the statement asks for; DuckDB refuses others."""
    return {name: value for name, value in values.items() if name in statement.named_parameters}


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, relation: duckdb.DuckDBPyRelation
) -> None:
    schema, _, table = name.rpartition(".")
    if not schema:
        relation.create_view(table)
        return
    body = f"__{schema}__{table}"
    relation.create_view(body)
    connection.execute(f'create schema if not exists "{schema}"')
    connection.execute(f'create view "{schema}"."{table}" as from "{body}"')
