"""What the columns of one SELECT in DuckDB's SQL are made of.

sqlglot parses the text; names are looked up here, by DuckDB's own rules: which of a column and an
alias is meant where, what `*` stands for, what a join's USING makes one column of. A form that
is not known here makes what it touches unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from mesh_dagster.lineage.columns.relation import Relation
from mesh_dagster.lineage.columns.sql.scope import Scope, Uncertain

__all__ = ["LONGEST", "Uncertain", "relation_from_sql"]

LONGEST = 100_000
"""Characters of a text that is read."""


def relation_from_sql(text: str, tables: Mapping[str, Relation]) -> Relation:
    """The relation that a query makes of these tables, whose names may have a schema.

    Raises `Uncertain` where it cannot be told.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    from mesh_dagster.lineage.columns.sql.select import query

    if len(text) > LONGEST:
        raise Uncertain(f"the query has {len(text):,} characters, {LONGEST:,} are read")
    try:
        statements = [each for each in sqlglot.parse(text, dialect="duckdb") if each is not None]
        if len(statements) != 1:
            raise Uncertain(f"{len(statements)} statements")
        known = {name.lower(): relation for name, relation in tables.items()}
        return query(statements[0], Scope(known))
    except (SqlglotError, RecursionError) as error:
        raise Uncertain(f"the query is not understood: {type(error).__name__}") from error
