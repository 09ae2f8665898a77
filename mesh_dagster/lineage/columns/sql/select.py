"""What a query is made of: SELECT, its clauses, CTEs, set operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlglot import exp

from mesh_dagster.lineage.columns.relation import NOTHING, Made, Relation, together, used
from mesh_dagster.lineage.columns.sql.expressions import aggregates, made_of, unnests
from mesh_dagster.lineage.columns.sql.scope import Scope, Table, Uncertain
from mesh_dagster.lineage.columns.sql.tables import distinct_names, read_from
from mesh_dagster.model.lineage import Use

_SELECT = frozenset(
    [
        "with_",
        "expressions",
        "distinct",
        "from_",
        "laterals",
        "joins",
        "where",
        "group",
        "having",
        "qualify",
        "windows",
        "order",
        "limit",
        "offset",
        "sample",
    ]
)
_SET = frozenset(
    [
        "with_",
        "this",
        "expression",
        "expressions",
        "distinct",
        "by_name",
        "order",
        "limit",
        "offset",
    ]
)
_PARENTHESES = frozenset(["with_", "this", "alias", "order", "limit", "offset", "pivots", "sample"])
_MOST_ROUNDS = 100

Projected = tuple[str, Made, exp.Expr]
"""A column of a SELECT list: its name, what it is made of, and what it stands in the text as."""

NO_NAMES: Mapping[str, Made] = {}


def query(node: exp.Expr, scope: Scope) -> Relation:
    """The relation of a query whose tables `scope` knows. Raises `Uncertain`."""
    known = _with(node.args.get("with_"), scope)
    inner = Scope(known, scope.outer)
    match node:
        case exp.Select():
            _only(node, _SELECT)
            return _select(node, inner)
        case exp.SetOperation():
            _only(node, _SET)
            return _ended(node, _set(node, inner), inner)
        case exp.Subquery():
            _only(node, _PARENTHESES)
            return _ended(node, query(node.this, inner), inner)
    raise Uncertain(f"a query that is {type(node).__name__}")


def _only(node: exp.Expr, known: frozenset[str]) -> None:
    given = {name for name, value in node.args.items() if value}
    if unknown := given - known:
        raise Uncertain(f"{type(node).__name__} with {', '.join(sorted(unknown))}")


def _with(node: exp.Expr | None, scope: Scope) -> Mapping[str, Relation | None]:
    known = dict(scope.known)
    for each in node.expressions if node is not None else ():
        name = each.alias.lower()
        columns = [column.name for column in each.args["alias"].args.get("columns") or []]
        around = Scope(known, scope.outer)
        try:
            recursive = bool(node and node.args.get("recursive"))
            found = _recursive(each, name, columns, around) if recursive else None
            found = found or query(each.this, around)
            known[name] = Relation(distinct_names(found.renamed(columns)), found.rows)
        except Uncertain:
            # Only who reads it is uncertain too.
            known[name] = None
    return known


def _recursive(cte: exp.Expr, name: str, columns: list[str], scope: Scope) -> Relation | None:
    """What it comes to when nothing is added any more; None where it does not read itself."""
    body = cte.this
    if not isinstance(body, exp.Union) or not any(
        table.name.lower() == name and not table.db for table in body.find_all(exp.Table)
    ):
        return None
    found = query(body.this, Scope(scope.known, scope.outer)).renamed(columns)
    for _ in range(_MOST_ROUNDS):
        seen = Scope({**scope.known, name: found}, scope.outer)
        again = query(body, seen).renamed(columns or found.names)
        again = _united(found, again)
        if again == found:
            return found
        found = again
    raise Uncertain(f"the recursion of {name} does not end")


def _united(one: Relation, other: Relation) -> Relation:
    pairs = zip(one.columns, other.columns, strict=True)
    columns = tuple((name, together([made, more])) for (name, made), (_, more) in pairs)
    return Relation(columns, together([one.rows, other.rows]))


def _set(node: exp.Expr, scope: Scope) -> Relation:
    left, right = (
        query(node.this, Scope(scope.known, scope.outer)),
        query(node.expression, Scope(scope.known, scope.outer)),
    )
    if node.args.get("by_name"):
        left, right = _by_name(left, right), _by_name(right, left, left.names)
    if len(left.columns) != len(right.columns):
        raise Uncertain("a set operation of different numbers of columns")
    rows = [left.rows, right.rows]
    if isinstance(node, exp.Union):
        columns = _united(left, right).columns
    else:
        columns = left.columns
        rows.append(used(together([left.made, right.made]), Use.FILTER))
    found = Relation(columns, together(rows))
    return found.decided_by(found.made, Use.GROUP_BY) if node.args.get("distinct") else found


def _by_name(relation: Relation, other: Relation, order: Iterable[str] | None = None) -> Relation:
    """With the columns that only the other has; they are empty here."""
    mine = {name.lower(): (name, made) for name, made in distinct_names(relation)}
    more = {name.lower(): (name, NOTHING) for name, _ in other.columns}
    names = [name.lower() for name in order or relation.names]
    names += [name for name in (*mine, *more) if name not in names]
    if "" in names or len(set(names)) != len(names):
        raise Uncertain("UNION BY NAME of columns without a name")
    return Relation(tuple(mine.get(name) or more[name] for name in names), relation.rows)


def _select(node: exp.Expr, scope: Scope) -> Relation:
    start = node.args.get("from_")
    joins = [*(node.args.get("laterals") or []), *(node.args.get("joins") or [])]
    rows = read_from(start.this, joins, scope) if start is not None else NOTHING
    scope.windows = {each.name.lower(): each for each in node.args.get("windows") or []}
    projected: list[Projected] = []
    for each in node.expressions:
        for name, made in _projected(each, scope):
            projected.append((name, made, each))
            if _is_alias(each, name):
                # Of two of one name the last one counts.
                scope.aliases[name.lower()] = made
    found = Relation(tuple((name, made) for name, made, _ in projected), rows)
    for each in node.expressions:
        for several in unnests(each):
            found = found.decided_by(made_of(several, scope), Use.FILTER)
    for clause in ("where", "qualify"):
        if (condition := node.args.get(clause)) is not None:
            found = found.decided_by(made_of(condition.this, scope), Use.FILTER)
    group = node.args.get("group")
    if (having := node.args.get("having")) is not None:
        of_groups = replace(scope, hiding=_hiding(group, projected, scope))
        found = found.decided_by(made_of(having.this, of_groups), Use.FILTER)
    if group is not None:
        found = found.decided_by(_grouped(group, projected, scope), Use.GROUP_BY)
    found = _distinct(node.args.get("distinct"), found, scope)
    return _ended(node, found, scope)


def _is_alias(node: exp.Expr, name: str) -> bool:
    """Whether a projection gives a column a name, be it by a * or by COLUMNS."""
    star = node.this if isinstance(node, exp.Column) else node
    if isinstance(star, exp.Star):
        given = [*(star.args.get("replace") or []), *(star.args.get("rename") or [])]
        return name.lower() in {each.alias.lower() for each in given}
    return isinstance(node, exp.Alias) or node.find(exp.Columns) is not None


def _distinct(node: exp.Expr | None, found: Relation, scope: Scope) -> Relation:
    if node is None:
        return found
    on, made = node.args.get("on"), [made for _, made in found.columns]
    keys = [] if on is None else on.expressions if isinstance(on, exp.Tuple) else [on]
    by = together(_named(each, made, scope, scope.aliases) for each in keys) if keys else found.made
    return found.decided_by(by, Use.GROUP_BY)


def _projected(node: exp.Expr, scope: Scope) -> Iterable[tuple[str, Made]]:
    match node:
        case exp.Star():
            return _star(node, scope.star(), scope)
        case exp.Column(this=exp.Star()):
            table = scope.of_table(node.text("table"))
            return _star(node.this, list(table.columns), scope)
    if (many := node.find(exp.Columns)) is not None:
        return _columns(node, many, scope)
    named = isinstance(node, exp.Alias | exp.Column)
    return [(node.alias_or_name if named else "", made_of(node, scope))]


def _star(
    star: exp.Expr, columns: list[tuple[str, Made]], scope: Scope
) -> Iterable[tuple[str, Made]]:
    left_out = {each.name.lower() for each in star.args.get("except_") or []}
    replaced = {each.alias.lower(): each.this for each in star.args.get("replace") or []}
    renamed = {each.this.name.lower(): each.alias for each in star.args.get("rename") or []}
    found = []
    for name, made in columns:
        lower = name.lower()
        if lower not in left_out:
            new = made_of(replaced[lower], scope) if lower in replaced else made
            found.append((renamed.get(lower, name), new))
    return found


def _columns(node: exp.Expr, many: exp.Expr, scope: Scope) -> Iterable[tuple[str, Made]]:
    """`COLUMNS(*)` or a list of names: the expression once for each column."""
    match many.this:
        case exp.Star() if not any(many.this.args.values()):
            names = [name for name, _ in scope.star()]
        case exp.Array() if all(isinstance(each, exp.Literal) for each in many.this.expressions):
            names = [each.name for each in many.this.expressions]
        case _:
            raise Uncertain("which columns COLUMNS stands for")
    if isinstance(node, exp.Alias) or len(list(node.find_all(exp.Columns))) > 1:
        raise Uncertain("what COLUMNS are called")
    if node is many:
        return [(name, scope.column([name])) for name in names]
    found = []
    for name in names:
        column = exp.column(exp.to_identifier(name, quoted=True))
        one = node.transform(
            lambda each, new=column: new if isinstance(each, exp.Columns) else each
        )
        found.append((name, made_of(one, scope)))
    return found


def _grouped(group: exp.Expr, projected: list[Projected], scope: Scope) -> Made:
    if group.args.get("all"):
        return together(made for _, made, each in projected if not aggregates(each))
    return together(
        _named(each, [made for _, made, _ in projected], scope) for each in _keys(group)
    )


def _keys(group: exp.Expr) -> list[exp.Expr]:
    """Of all the sets that rows are grouped by together."""
    keys = [
        each
        for name in ("expressions", "grouping_sets", "rollup", "cube")
        for each in group.args.get(name) or []
    ]
    found = []
    for each in keys:
        key = each.unnest()
        if isinstance(key, exp.Rollup | exp.Cube | exp.GroupingSets | exp.Tuple):
            keys += key.expressions
        else:
            found.append(key)
    return found


def _hiding(group: exp.Expr | None, projected: list[Projected], scope: Scope) -> Mapping[str, Made]:
    """The aliases that hide a column in HAVING: all but those of columns that are grouped by."""
    by_alias = {name.lower(): each for name, _, each in projected if isinstance(each, exp.Alias)}
    grouped = set()
    for key in _keys(group) if group is not None else ():
        stands_for = key
        if isinstance(key, exp.Literal) and key.name.isdigit() and int(key.name) > 0:
            stands_for = next((each for _, _, each in projected[int(key.name) - 1 :]), key)
        elif isinstance(key, exp.Column) and not _is_column(key, scope):
            stands_for = by_alias.get(key.name.lower(), key)
        inner = stands_for.unalias().unnest()
        grouped |= {inner.name.lower()} if isinstance(inner, exp.Column) else set()
    return {name: made for name, made in scope.aliases.items() if name not in grouped}


def _is_column(key: exp.Expr, scope: Scope) -> bool:
    return bool(key.text("table")) or any(each.has(key.name.lower()) for each in scope.tables)


def _named(
    node: exp.Expr, projected: list[Made], scope: Scope, hiding: Mapping[str, Made] = NO_NAMES
) -> Made:
    """A key of GROUP BY, ORDER BY or DISTINCT ON: a number is a column's place.

    By `hiding` an alias that stands alone hides a column of its name, in an expression it does not.
    """
    inner = node.unnest()
    alone = isinstance(inner, exp.Column) and not inner.table
    if alone and inner.name.lower() in hiding:
        return hiding[inner.name.lower()]
    if isinstance(inner, exp.Literal) and not inner.is_string:
        at = int(inner.name) if inner.name.isdigit() else 0
        if not 0 < at <= len(projected):
            raise Uncertain(f"there is no column number {inner.name}")
        return projected[at - 1]
    if isinstance(inner, exp.Var | exp.Column) and inner.name.upper() == "ALL":
        return together(projected)
    return made_of(inner, scope)


def _ended(node: exp.Expr, found: Relation, scope: Scope) -> Relation:
    """What ORDER BY, LIMIT and OFFSET decide."""
    made = [made for _, made in found.columns]
    if not isinstance(node, exp.Select):
        scope = Scope(scope.known, scope.outer, [Table("", distinct_names(found))])
    if (order := node.args.get("order")) is not None:
        ordered = (each.this for each in order.expressions)
        keys = together(_named(each, made, scope, scope.aliases) for each in ordered)
        found = found.decided_by(keys, Use.SORT)
    for clause in ("limit", "offset"):
        if (bound := node.args.get(clause)) is not None:
            found = found.decided_by(made_of(bound, scope), Use.FILTER)
    return found
