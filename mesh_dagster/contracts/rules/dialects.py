"""Which dialect of SQL the queries of a contract are written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
    servers = contract.rest.get("servers")
    for each in servers if isinstance(servers, list | tuple) else ():
        if isinstance(each, Mapping) and server in (None, each.get("server")):
            name = dialect_named(str(each.get("type", "")))
            return name if name in DIALECTS else DUCKDB
    return DUCKDB


def stated_dialect(rest: Mapping[str, Any]) -> str | None:
    """The dialect among the customProperties of a contract or of a rule."""
    custom = rest.get("customProperties")
    for each in custom if isinstance(custom, Iterable) else ():
        if isinstance(each, Mapping) and each.get("property") in _PROPERTIES:
            return dialect_named(str(each.get("value")))
    return None


def dialect_named(name: str) -> str:
    """The dialect behind one of its names; of an unknown one the name itself."""
    name = name.strip().lower()
    return _OTHER_NAMES.get(name, name)
