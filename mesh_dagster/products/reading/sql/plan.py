"""What a query asks for, by DuckDB's own parser: the parser that will run it.

A query is untrusted text. It may read tables that it names, and compute; whatever else SQL can
reach (files, the network, settings, the catalog, other SQL in a text) is refused here, before
anything is bound. The connection that runs it is locked as well (`worker`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

LONGEST = 100_000
"""Characters of a query."""

_ROWS_FROM = frozenset({"unnest", "generate_series", "range", "json_each", "json_tree"})
"""Functions that may stand in FROM: they make rows of values, and read nothing."""

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
"""What a query is made of. A WITH of DuckDB can also insert, delete, update and copy to a file."""

_REACHING = re.compile(
    r"(read|scan|parquet|sniff|duckdb|pragma|iceberg|delta|sqlite|postgres|mysql|st_read|load|copy"
    r"|install|attach|http|s3)_\w*|\w+_(scan|description|privilege)"
    r"|pg_(?!typeof$|size_pretty$)\w+|inet_\w+|__\w+"
    r"|query(_table)?|glob|getenv|current_(setting|query|query_id)|set_config|which_secret|write_log"
    r"|\w*checkpoint|nextval|currval|setval|sleep\w*|json_\w*(sql|plan|statement)|from_substrait\w*"
    r"|enable_\w+|disable_\w+|sql_auto_complete|stats|vector_type|get_block_size"
    r"|to_aggregate_state|finalize|combine|variant_bytes_to_variant|parse_duckdb_log_message",
    re.ASCII,
)
"""Functions by which a query would reach beyond its tables, or into the engine's own memory."""


class Refused(ValueError):
    """The query is not run; the text says why."""


class Reaching(Refused):
    """It would reach beyond the products it names."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query reads. `tables` are `schema.table`, in lower case; `words` all names in it.

    `everything` says that a column may be read without its name being there, as by a star.
    `bare` are tables without a schema, which no product is.
    """

    sql: str
    tables: tuple[str, ...]
    words: tuple[str, ...]
    everything: bool
    bare: tuple[str, ...] = ()

    def named(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of some columns that it can read: never fewer than it does."""
        words = frozenset(self.words)
        return tuple(each for each in columns if self.everything or each.lower() in words)


def asked(sql: str) -> Asked:
    """Read one SELECT. Raises `Refused`, of which `Reaching` is one."""
    if len(sql) > LONGEST:
        raise Refused(f"the query has {len(sql):,} characters; the most is {LONGEST:,}")
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"this is not SQL: character {error.start + 1} is no text") from None
    statement = one_select(sql).query
    reading = _Reading()
    try:
        reading.walk(_parsed(statement), frozenset())
    except RecursionError:
        raise Refused("the query is nested too deeply") from None
    return Asked(
        statement,
        tuple(sorted(reading.tables)),
        tuple(sorted(reading.words)),
        reading.everything or bool(reading.rows & reading.alone),
        tuple(sorted(reading.bare)),
    )


def one_select(sql: str) -> duckdb.Statement:
    """The one SELECT that a text is. Raises `Refused`."""
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise Refused(f"this is not SQL: {error}") from None
    kinds = [_kind_of(each) for each in statements]
    if kinds == ["MULTI"]:
        raise Refused("a PIVOT names its values: pivot ... on column in ('a', 'b')")
    if kinds != ["SELECT"]:
        raise Refused(f"a query is one SELECT; this is {' and '.join(kinds) or 'empty'}")
    return statements[0]


def _kind_of(statement: duckdb.Statement) -> str:
    """What a statement is, in capitals. The parser knows more kinds than its Python has names."""
    try:
        return str(statement.type.name)
    except ValueError:
        return "something else"


def _parsed(statement: str) -> Any:
    import duckdb

    with duckdb.connect() as connection:
        found = connection.execute("select json_serialize_sql($1)", [statement]).fetchall()
    parsed = json.loads(found[0][0])
    if parsed["error"]:
        raise Refused(f"the query cannot be planned: {parsed['error_message']}")
    return parsed["statements"]


class _Reading:
    """One walk through a parsed query."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.bare: set[str] = set()
        self.words: set[str] = set()
        self.rows: set[str] = set()
        """Names of tables: a column of such a name is a whole row."""
        self.alone: set[str] = set()
        self.everything = False

    def walk(self, node: Any, scope: frozenset[str]) -> None:
        """Take in a node; `scope` are the names that WITH gives to queries, where it stands."""
        match node:
            case list():
                for each in node:
                    self.walk(each, scope)
            case dict():
                self._node(node, scope)
            case str():
                self.words.add(node.lower())

    def _node(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        kind = node.get("type")
        if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _NODES:
            raise Refused(f"a query is one SELECT; this has {_verb(kind)} in it")
        if "function_name" in node:
            _check_function(node, in_from=False)
        match kind:
            case "BASE_TABLE":
                self._table(node, scope)
                self.everything |= bool(node.get("column_name_alias"))
                return
            case "COLUMN_REF":
                self.alone.add(".".join(map(str, node["column_names"][-2:])).lower())
            case "TABLE_FUNCTION":
                _check_function(node.get("function") or {}, in_from=True)
            case "SHOW_REF" if not node.get("query"):
                raise Reaching("the tables of a query are products: mesh products lists them")
            case "VALUE_PARAMETER":
                raise Refused("the query has a parameter, and there is no value for it")
        self.everything |= _reads_all(node)
        within = scope
        for name, query in _named(node):
            self.walk(query, within)
            within |= {name.lower()}
        if kind == "RECURSIVE_CTE_NODE":
            # What it begins with cannot read itself: there the name means a table.
            self.walk(node.get("left"), within)
            within |= {str(node.get("cte_name")).lower()}
        skipped = ("cte_map", "left" if kind == "RECURSIVE_CTE_NODE" else "")
        for key, value in node.items():
            if key not in skipped:
                self.walk(value, within)

    def _table(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        schema, table = str(node.get("schema_name") or ""), str(node.get("table_name") or "")
        path = (node.get("qualified_name") or {}).get("path") or []
        if node.get("catalog_name") or len(path) > 2:
            raise Reaching(f"the query reads {'.'.join(path)}, and only products can be read")
        if node.get("at_clause"):
            raise Refused("AT is not understood: all of a query is read as of one moment")
        self.rows |= {table.lower(), str(node.get("alias") or "").lower()} - {""}
        if schema:
            named = f"{schema}.{table}".lower()
            self.tables.add(named)
            self.rows.add(named)
        elif table.lower() not in scope:
            self.bare.add(table)


def _verb(kind: str) -> str:
    """`COPY` of `COPY_QUERY_NODE`."""
    return kind.removesuffix("_NODE").removesuffix("_QUERY").replace("_", " ")


def check_reads(sql: str) -> None:
    """Raise `Refused` for a SELECT in which something else than a SELECT stands."""
    try:
        left = [_parsed(sql)]
    except RecursionError:
        raise Refused("the query is nested too deeply") from None
    while left:
        node = left.pop()
        if isinstance(node, dict):
            kind = node.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _NODES:
                raise Refused(f"a query is one SELECT; this has {_verb(kind)} in it")
            left += node.values()
        elif isinstance(node, list):
            left += node


def _named(node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The queries that WITH names, in their order: each may read those before it."""
    for entry in (node.get("cte_map") or {}).get("map", ()):
        yield str(entry["key"]), entry["value"]


def _check_function(node: dict[str, Any], *, in_from: bool) -> None:
    name = str(node.get("function_name") or "").lower()
    if in_from and name not in _ROWS_FROM:
        raise Reaching(f"the query reads from {name}(), and only products can be read")
    if _REACHING.fullmatch(name):
        raise Reaching(f"{name}() reaches beyond the products that a query names")


def _reads_all(node: dict[str, Any]) -> bool:
    """Whether a node may read columns that it does not name."""
    return (
        node.get("class") == "STAR"
        or node.get("type") in ("PIVOT", "SHOW_REF", "POSITIONAL_REFERENCE")
        or node.get("ref_type") in ("NATURAL", "POSITIONAL")
        or bool(node.get("column_name_alias"))
    )
