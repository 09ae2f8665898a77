"""A contract's query, read in its own dialect and written anew for the engine that runs it.

What runs is never the text of the contract: it is what the parser understood of it, so nothing
hides in a comment or in a quoting that two parsers read differently. One query that only reads
the tables it is given is let through; everything else is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import first_line

LONGEST = 100_000
"""Characters of a query: more is no rule, and a parser's time grows with it."""

_TABLE = ("model", "schema", "table", "object", "dataset", "project", "catalog", "database")
_COLUMN = ("column", "property", "field")
_ONE = rf"\$?\{{(?:{'|'.join((*_TABLE, *_COLUMN))})\}}"
_PLACEHOLDERS = re.compile(rf'(["`]?){_ONE}(?:\.{_ONE})*\1')

_ROWS_FROM = frozenset({"unnest", "generate_series", "range", "explode", "posexplode"})
"""Functions that may stand in FROM: they make rows of values, and read nothing."""
_REACHING = re.compile(
    r"(read|parquet|sniff|duckdb|pragma|pg|iceberg|delta|sqlite|postgres|mysql|st_read|load)_?\w*"
    r"|query(_table)?|glob|getenv|current_setting|set_config|which_secret|write_log|\w*checkpoint"
    r"|nextval|currval|java_method|reflect|try_reflect|input_file_\w+|sleep\w*|from_substrait\w*"
    r"|json_execute_serialized_sql|enable_logging|sql_auto_complete|xp_\w+|sp_\w+",
    re.ASCII,
)
"""Functions by which a query would reach beyond its tables: files, settings, the machine."""
_HARMLESS = frozenset({"pg_typeof", "load_factor", "queries"})
_REFUSED: tuple[type[exp.Expr], ...] = (
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Describe,
    exp.Summarize,
    exp.Into,
    exp.Lock,
    exp.ReadCSV,
    exp.ReadParquet,
    exp.SessionParameter,
    exp.Parameter,
    exp.Placeholder,
)


class Refused(ValueError):
    """The query is not run; the text says why."""


class Absent(Refused):
    """It reads a table of which nothing is at hand; the text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run, and of each table what it reads."""

    sql: str
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Table -> columns, as they are stored. Empty: none of them, only the number of rows."""


def plan(
    query: str,
    dialect: str,
    *,
    own: Sequence[str],
    path: Sequence[str] | None,
    tables: Mapping[str, Sequence[str]],
    absent: Mapping[str, str] | None = None,
    write: str = "duckdb",
    views: Mapping[str, str] | None = None,
) -> Plan:
    """Read a query and write it for an engine. Raises `Refused`, of which `Absent` is one.

    `own` are the names of the rule's table, `path` leads to its column: what the placeholders
    stand for. `tables` are the tables that may be read, with their columns, `absent` those that
    might be if there was any data, with the reason. `views` are other names under which the
    engine has the tables.
    """
    tree = _parsed(_filled(query, dialect, own, path), dialect)
    for node in tree.walk():
        _check(node, dialect)
    asked = list(_tables(tree, tables, absent or {}, dialect))
    for node, table in asked:
        _rename(node, (views or {}).get(table))
    if write == "duckdb" != dialect:
        tree = tree.transform(_counting)
    try:
        sql = tree.sql(dialect=write, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise Refused(f"it cannot be said in {write} SQL: {first_line(error)}") from None
    return Plan(sql, _needs(tree, sql, asked, tables))


def _counting(node: exp.Expr) -> exp.Expr:
    """DuckDB's COUNT_IF of no rows is null; that of all other dialects is 0."""
    if not isinstance(node, exp.CountIf) or isinstance(node.this, exp.Distinct):
        return node
    return exp.Count(this=exp.Case().when(node.this, exp.Literal.number(1)))


def _filled(query: str, dialect: str, own: Sequence[str], path: Sequence[str] | None) -> str:
    """With the placeholders replaced by quoted identifiers."""
    if len(query) > LONGEST:
        raise Refused(f"the query has {len(query):,} characters; the most is {LONGEST:,}")

    def fill(found: re.Match[str]) -> str:
        names: list[str] = []
        for word in re.findall(r"\w+", found[0]):
            if word in _TABLE:
                names.append(own[0])
            elif path is None:
                raise Refused(f"{found[0]} stands for a column, and the rule has none to put there")
            else:
                names.extend(path)
        return _quoted(names, dialect)

    return _PLACEHOLDERS.sub(fill, query)


def _quoted(names: Iterable[str], dialect: str) -> str:
    try:
        return ".".join(exp.to_identifier(each, quoted=True).sql(dialect=dialect) for each in names)
    except ValueError as error:
        raise Refused(f"{dialect!r} is no dialect of SQL: {first_line(error)}") from None


def _parsed(text: str, dialect: str) -> exp.Expr:
    try:
        found = sqlglot.parse(text, dialect=dialect)
    except ParseError as error:
        raise Refused(f"it could not be read as {dialect} SQL: {_told(error)}") from None
    except RecursionError:
        raise Refused(f"it could not be read as {dialect} SQL: it is nested too deeply") from None
    except (SqlglotError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Refused(f"it could not be read as {dialect} SQL: {first_line(error)}") from None
    statements = [each for each in found if each is not None]
    if len(statements) != 1:
        told = f"{len(statements)} statements" if statements else "empty"
        raise Refused(f"a query is one SELECT, and this is {told}")
    tree = statements[0]
    if not isinstance(tree, exp.Query) or isinstance(tree, _REFUSED):
        raise Refused(f"a query is one SELECT, and this is {tree.key.upper()}")
    return tree


def _told(error: ParseError) -> str:
    """`Invalid expression / Unexpected token at line 1, near "1"`."""
    if not error.errors:
        return first_line(error)
    first = error.errors[0]
    near = first.get("highlight")
    told = f"{first.get('description') or 'not understood'}".rstrip(".")
    at = f" at line {first['line']}" if first.get("line") else ""
    return f"{told}{at}" + (f', near "{near}"' if near else "")


def _check(node: exp.Expr, dialect: str) -> None:
    if isinstance(node, _REFUSED):
        raise Refused(f"a query only reads, and this one has {node.sql(dialect=dialect)[:60]}")
    if not isinstance(node, exp.Func):
        return
    name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
    if _REACHING.fullmatch(name) and name not in _HARMLESS:
        raise Refused(f"a query reads the tables it is given, and {name}() reaches beyond them")


def _tables(
    tree: exp.Expr,
    tables: Mapping[str, Sequence[str]],
    absent: Mapping[str, str],
    dialect: str,
) -> Iterator[tuple[exp.Table, str]]:
    """The tables that are read, each with its name among those that may be."""
    known = {name.casefold(): name for name in tables}
    gone = {name.casefold(): why for name, why in absent.items()}
    within = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
    for node in tree.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier):
            called = node.this
            name = (called.name if isinstance(called, exp.Anonymous) else called.key).lower()
            name = "generate_series" if name == "generateseries" else name
            if name not in _ROWS_FROM:
                raise Refused(f"it reads {name}(), and only tables can be read")
            continue
        name = node.name.casefold()
        if name in known:
            yield node, known[name]
        elif name in within and not node.args.get("db"):
            continue
        elif name in gone:
            raise Absent(gone[name])
        else:
            told = node.sql(dialect=dialect)[:80]
            raise Refused(f"it reads {told}, which is no table at hand{did_you_mean(told, tables)}")


def _rename(node: exp.Table, view: str | None) -> None:
    """A table by its bare name: the contract's schema or catalog is not where the data lies."""
    node.set("db", None)
    node.set("catalog", None)
    if view is not None:
        if not node.alias:
            node.set("alias", exp.TableAlias(this=node.this.copy()))
        node.set("this", exp.to_identifier(view, quoted=True))


def _needs(
    tree: exp.Expr,
    sql: str,
    asked: Sequence[tuple[exp.Table, str]],
    tables: Mapping[str, Sequence[str]],
) -> dict[str, tuple[str, ...]]:
    """Of each table the columns whose name occurs at all: never fewer than are read."""
    names = {each.name.casefold() for each in tree.find_all(exp.Identifier)}
    # What is a word of the language may be a column too: `list`, `date`.
    names.update(re.findall(r"\w+", sql.casefold()))
    rows = {each.alias_or_name.casefold() for each, _ in asked}
    everything = any(_reads_all(star) for star in tree.find_all(exp.Star))
    everything |= any(column.name.casefold() in rows for column in tree.find_all(exp.Column))
    # `t AS x(b)` renames columns by their place.
    everything |= any(alias.columns for alias in tree.find_all(exp.TableAlias))
    everything |= any(
        isinstance(node, exp.Columns | exp.Pivot | exp.TableColumn)
        or (isinstance(node, exp.Join) and str(node.args.get("method") or "").upper() == "NATURAL")
        for node in tree.walk()
    )
    return {
        table: tuple(column for column in tables[table] if everything or column.casefold() in names)
        for _, table in asked
    }


def _reads_all(star: exp.Star) -> bool:
    """`count(*)` asks for rows, every other star for columns."""
    parent: Any = star.parent
    return not isinstance(parent, exp.Count)
