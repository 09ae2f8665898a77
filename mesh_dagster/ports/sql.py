"""Names, texts and ports in the SQL of DuckDB. No engine is imported: a query starts small."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from mesh_dagster.model.address import Address

_WORDS = """
all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case
cast check collate collation column columns concurrently constraint create cross default deferrable
desc describe distinct do else end except false fetch for foreign freeze from full generated glob
group having ilike in initially inner intersect into is isnull join lambda lateral leading left
like limit map natural not notnull null offset on only or order outer overlaps pivot pivot_longer
pivot_wider placing positional primary qualify references returning right select semi show similar
some struct summarize symmetric table tablesample then to trailing true try_cast tuple union unique
unpack unpivot using variadic verbose when where window with
"""
_RESERVED = frozenset(_WORDS.split())
"""What DuckDB keeps for itself, or for functions and types: as a name they stand in quotes."""
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


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


def table_of(address: Address) -> str:
    """A port as SQL names it."""
    schema, _, table = address.sql_name.partition(".")
    return f"{name_of(schema)}.{name_of(table)}"


def name_of(name: str) -> str:
    """A name as SQL takes it: in quotes where it has to be."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return quoted(name)


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
