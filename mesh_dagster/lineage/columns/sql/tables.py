"""What a FROM clause brings: tables, subqueries, functions, joins, pivots."""

from __future__ import annotations

from sqlglot import exp

from mesh_dagster.lineage.columns.relation import NOTHING, Made, Relation, together, used
from mesh_dagster.lineage.columns.sql.expressions import made_of
from mesh_dagster.lineage.columns.sql.scope import Scope, Table, Uncertain
from mesh_dagster.model.lineage import Use

_JOIN = {"this", "side", "kind", "method", "on", "using"}
_ONE_SIDED = ("SEMI", "ANTI")


def read_from(first: exp.Expr, joins: list[exp.Expr], scope: Scope) -> Made:
    """Put the tables of a FROM clause into a scope; what decides which rows they come with."""
    rows = [_source(first, scope)]
    rows += [_join(each, scope) for each in joins]
    return together(rows)


def _source(node: exp.Expr, scope: Scope) -> Made:
    """Add one item with what hangs on it; what decides on its rows."""
    joins = node.args.get("joins") or []
    if joins:
        return _nested(node, joins, scope)
    relation, name, schema = _relation(node, scope)
    for pivot in node.args.get("pivots") or []:
        relation, name = _pivoted(pivot, relation, name)
    alias = node.args.get("alias")
    if alias is not None:
        name = alias.name or name
        relation = relation.renamed(each.name for each in alias.args.get("columns") or [])
    elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
        # Parentheses around tables alone: they keep their own names.
        inner = Scope(scope.known, scope)
        rows = read_from(node.this, [], inner)
        _merge(inner, scope)
        return rows
    scope.tables.append(Table(name, distinct_names(relation), schema))
    return relation.rows


def _nested(node: exp.Expr, joins: list[exp.Expr], scope: Scope) -> Made:
    inner = Scope(scope.known, scope)
    alone = node.copy()
    alone.set("joins", None)
    rows = read_from(alone, joins, inner)
    _merge(inner, scope)
    return rows


def _merge(inner: Scope, scope: Scope) -> None:
    scope.tables += inner.tables
    scope.merged |= inner.merged


def _relation(node: exp.Expr, scope: Scope) -> tuple[Relation, str, str]:
    """What an item is before its alias, the name that it has then, and its schema."""
    for kind, read in _ITEMS:
        if isinstance(node, kind):
            return read(node, scope)
    raise Uncertain(f"a table that is {type(node).__name__}")


def _table(node: exp.Expr, scope: Scope) -> tuple[Relation, str, str]:
    if not isinstance(node.this, exp.Identifier):
        return _function(node.this, node, scope)
    parts = [node.text(name) for name in ("catalog", "db", "this") if node.text(name)]
    return scope.table(".".join(parts)), parts[-1], "".join(parts[-2:-1]).lower()


def _lateral(node: exp.Expr, scope: Scope) -> tuple[Relation, str, str]:
    found, name, _ = _relation(node.this, scope)
    return found, name, ""


def _subquery(node: exp.Expr, scope: Scope) -> tuple[Relation, str, str]:
    from mesh_dagster.lineage.columns.sql.select import query

    if isinstance(node.this, exp.Table):
        inner = Scope(scope.known, scope)
        rows = read_from(node.this, [], inner)
        return Relation(tuple(inner.star()), rows), "", ""
    return query(node, scope.inner()), "", ""


def _unnest(node: exp.Expr, scope: Scope) -> tuple[Relation, str, str]:
    values = [used(made_of(each, scope), Use.TRANSFORMATION) for each in node.expressions]
    if len(values) != 1 or node.args.get("offset"):
        raise Uncertain("UNNEST of several values")
    # DuckDB calls the column as the table, and `unnest` still names it.
    alias = node.args.get("alias")
    name = (alias.name if alias is not None else "") or "unnest"
    return Relation(((name, values[0]),), used(values[0], Use.FILTER)), "unnest", ""


def _function(function: exp.Expr, node: exp.Expr, scope: Scope) -> tuple[Relation, str, str]:
    """A function that makes rows of its arguments, as `generate_series` does."""
    name = function.sql_name().lower() if isinstance(function, exp.Func) else ""
    if not isinstance(function, exp.GenerateSeries):
        raise Uncertain(f"the rows of {name or 'a function'}")
    made = used(made_of(function, scope), Use.TRANSFORMATION)
    alias = node.args.get("alias")
    called = (alias.name if alias is not None else "") or ""
    if not called:
        called = "range" if function.args.get("is_end_exclusive") else "generate_series"
    return Relation(((called, made),), used(made, Use.FILTER)), called, ""


def _values(node: exp.Expr, scope: Scope) -> tuple[Relation, str, str]:
    tuples = [each.expressions for each in node.expressions]
    if len({len(each) for each in tuples}) != 1:
        raise Uncertain("VALUES of different lengths")
    columns = [
        (f"col{at}", used(together(made_of(x, scope) for x in each), Use.TRANSFORMATION))
        for at, each in enumerate(zip(*tuples, strict=True))
    ]
    return Relation(tuple(columns)), "", ""


def _join(join: exp.Expr, scope: Scope) -> Made:
    if unknown := {name for name, value in join.args.items() if value} - _JOIN:
        raise Uncertain(f"a join with {', '.join(sorted(unknown))}")
    left = len(scope.tables)
    merged = dict(scope.merged)
    right = Scope(scope.known, scope)
    rows = [_source(join.this, right)]
    names = [each.name.lower() for each in join.args.get("using") or []]
    if join.text("method") == "NATURAL":
        theirs = {name.lower() for name, _ in right.star()}
        names = [name.lower() for name, _ in scope.star() if name.lower() in theirs]
    for name in names:
        sides = _side(scope, name), _side(right, name)
        rows.append(used(together(sides), Use.JOIN))
        merged[name] = _one_of(join, *sides)
    _merge(right, scope)
    if join.args.get("on") is not None:
        rows.append(used(made_of(join.args["on"], scope), Use.JOIN))
    if join.text("kind") in _ONE_SIDED:
        del scope.tables[left:]
    else:
        scope.merged = scope.merged | merged
    return together(rows)


def _side(scope: Scope, name: str) -> Made:
    try:
        return scope.unqualified(name)
    except KeyError:
        raise Uncertain(f"a side of the join has no column {name}") from None


def _one_of(join: exp.Expr, left: Made, right: Made) -> Made:
    if join.text("side") == "FULL":
        return used(together([left, right]), Use.TRANSFORMATION)
    return right if join.text("side") == "RIGHT" else left


def distinct_names(relation: Relation) -> tuple[tuple[str, Made], ...]:
    """The columns under the names that they have outside: `a` and `a_1` where two are `a`."""
    seen: dict[str, int] = {}
    found = []
    for name, made in relation.columns:
        lower = name.lower()
        count = seen.get(lower, 0)
        seen[lower] = count + 1
        found.append((f"{name}_{count}" if name and count else name, made))
    return tuple(found)


def _pivoted(pivot: exp.Expr, relation: Relation, name: str) -> tuple[Relation, str]:
    alias = pivot.args.get("alias")
    columns = distinct_names(relation)
    scope = Scope({}, tables=[Table(name, columns)])
    if len(pivot.args.get("fields") or []) != 1 or not isinstance(pivot.args["fields"][0], exp.In):
        raise Uncertain("a PIVOT over several columns")
    make = _unpivot if pivot.args.get("unpivot") else _pivot
    found = make(pivot, scope, columns, relation.rows)
    if alias is not None:
        found = found.renamed(each.name for each in alias.args.get("columns") or [])
    return found, alias.name if alias is not None else name


def _pivot(
    pivot: exp.Expr, scope: Scope, columns: tuple[tuple[str, Made], ...], rows: Made
) -> Relation:
    """Grouped by all columns that it does not name, a column for each of the values."""
    spread = pivot.args["fields"][0]
    names = pivot.args.get("columns") or []
    if len(pivot.expressions) != 1 or len(names) != len(spread.expressions):
        raise Uncertain("a PIVOT with several aggregates")
    value = pivot.expressions[0]
    by = made_of(spread.this, scope)
    made = together([made_of(value, scope), used(by, Use.CONDITIONAL)])
    named = {each.name.lower() for each in (*value.find_all(exp.Column), spread.this)}
    group = pivot.args.get("group")
    if group is not None:
        named = {name.lower() for name, _ in columns} - {
            each.name.lower() for each in group.expressions
        }
    kept = [(name, kept) for name, kept in columns if name.lower() not in named]
    found = Relation((*kept, *((each.name, made) for each in names)), rows)
    return found.decided_by(together(kept for _, kept in kept), Use.GROUP_BY)


def _unpivot(
    pivot: exp.Expr, scope: Scope, columns: tuple[tuple[str, Made], ...], rows: Made
) -> Relation:
    """A row for each of some columns that has a value."""
    field = pivot.args["fields"][0]
    if len(pivot.expressions) != 1 or not all(
        isinstance(each, exp.Column) for each in field.expressions
    ):
        raise Uncertain("an UNPIVOT of several columns at once")
    value = used(together(made_of(each, scope) for each in field.expressions), Use.TRANSFORMATION)
    gone = {each.name.lower() for each in field.expressions}
    kept = [(name, made) for name, made in columns if name.lower() not in gone]
    label = (field.this.name, NOTHING)
    found = Relation((*kept, label, (pivot.expressions[0].name, value)), rows)
    return found.decided_by(value, Use.FILTER)


_ITEMS = (
    (exp.Table, _table),
    (exp.Unnest, _unnest),
    (exp.Lateral, _lateral),
    (exp.Values, _values),
    (exp.Query, _subquery),
)
