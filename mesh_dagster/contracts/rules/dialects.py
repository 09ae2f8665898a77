"""Which dialect of SQL the queries of a contract are written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesh_dagster.contracts.rules.servers import servers
from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.contract import Contract

DUCKDB = "duckdb"
DIALECTS = frozenset(
    {
        "athena",
        "bigquery",
        "clickhouse",
        "databricks",
        "doris",
        "dremio",
        "drill",
        "druid",
        "duckdb",
        "exasol",
        "fabric",
        "hive",
        "materialize",
        "mysql",
        "oracle",
        "postgres",
        "presto",
        "redshift",
        "risingwave",
        "snowflake",
        "spark",
        "sqlite",
        "starrocks",
        "teradata",
        "trino",
        "tsql",
    }
)
_OTHER_NAMES = {
    "cloudsql": "postgres",
    "dataframe": "spark",
    "glue": "athena",
    "impala": "hive",
    "mariadb": "mysql",
    "mssql": "tsql",
    "postgresql": "postgres",
    "sqlserver": "tsql",
    "synapse": "tsql",
}
_PROPERTIES = ("dialect", "sqlDialect")


def dialect_of(contract: Contract, server: str | None = None) -> str:
    """The dialect that a contract states (customProperty `dialect`), or that of its server.

    `server` names one of its servers; otherwise it is the first. Files, and servers that have
    no dialect of their own, are queried in DuckDB's.
    """
    stated = stated_dialect(contract.rest)
    if stated:
        return stated
    for each in servers(contract):
        if server in (None, each.name):
            name = dialect_named(each.type)
            return name if name in DIALECTS else DUCKDB
    return DUCKDB


def stated_dialect(rest: Mapping[str, Any]) -> str | None:
    """The dialect among the customProperties of a contract or of a rule."""
    found = kept_value(rest, *_PROPERTIES)
    return None if found is None else dialect_named(str(found))


def dialect_named(name: str) -> str:
    """The dialect behind one of its names; of an unknown one the name itself."""
    name = name.strip().lower()
    return _OTHER_NAMES.get(name, name)
