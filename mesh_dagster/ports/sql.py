"""Names, texts and ports in the SQL of DuckDB. No engine is imported: a query starts small."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def relation(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    columns: Iterable[tuple[str, str]],
) -> duckdb.DuckDBPyRelation:
    """The rows of Parquet files with the columns (name, DuckDB type) that their port has now:
    what a file does not have is null there, what it has narrower is cast."""
    there: set[str] = set()
    if files:
        rows = connection.read_parquet(list(files), union_by_name=True, hive_partitioning=False)
        there = set(rows.columns)
    else:
        rows = connection.sql("select 1 where false")
    return rows.project(
        ", ".join(
            f"CAST({quoted(name) if name in there else 'NULL'} AS {words}) AS {quoted(name)}"
            for name, words in columns
        )
    )


def quoted(name: str) -> str:
    """A name as an identifier of SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
