"""What an expression is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp

from mesh_dagster.lineage.columns.relation import NOTHING, Made, together, used
from mesh_dagster.lineage.columns.sql.scope import Scope, Uncertain
from mesh_dagster.model.lineage import Use

AGGREGATES = frozenset(
    [
        "any_value",
        "approx_count_distinct",
        "approx_quantile",
        "approx_top_k",
        "arbitrary",
        "arg_max",
        "arg_max_null",
        "arg_max_nulls_last",
        "arg_min",
        "arg_min_null",
        "arg_min_nulls_last",
        "argmax",
        "argmin",
        "array_agg",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bitstring_agg",
        "bool_and",
        "bool_or",
        "combine_aggr",
        "corr",
        "count",
        "count_if",
        "count_star",
        "countif",
        "covar_pop",
        "covar_samp",
        "decimal_average",
        "entropy",
        "favg",
        "first",
        "fsum",
        "group_concat",
        "histogram",
        "histogram_exact",
        "kahan_sum",
        "kurtosis",
        "kurtosis_pop",
        "last",
        "list",
        "listagg",
        "lttb",
        "mad",
        "max",
        "max_by",
        "mean",
        "median",
        "min",
        "min_by",
        "mode",
        "product",
        "quantile",
        "quantile_cont",
        "quantile_disc",
        "regr_avgx",
        "regr_avgy",
        "regr_count",
        "regr_intercept",
        "regr_r2",
        "regr_slope",
        "regr_sxx",
        "regr_sxy",
        "regr_syy",
        "reservoir_quantile",
        "sem",
        "skewness",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "sum",
        "sum_no_overflow",
        "sumkahan",
        "var_pop",
        "var_samp",
        "variance",
        "variant_group_object",
    ]
)
"""DuckDB's own names, for those that sqlglot has no class for."""

_OF_ONE_ROW = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue)
_WITH_LAMBDA = frozenset(
    [
        "apply",
        "array_apply",
        "array_filter",
        "array_reduce",
        "array_transform",
        "filter",
        "invoke",
        "list_apply",
        "list_filter",
        "list_reduce",
        "list_transform",
        "reduce",
    ]
)
_LAMBDA_CLASSES = (exp.Transform, exp.ArrayFilter, exp.Reduce)


def made_of(node: exp.Expr | None, scope: Scope) -> Made:
    """What an expression is made of, and how. Raises `Uncertain`."""
    if node is None:
        return NOTHING
    for kind, read in _READERS.items():
        if isinstance(node, kind):
            return read(node, scope)
    if is_aggregate(node):
        return used(_children(node, scope.of_rows()), Use.AGGREGATION)
    return used(_children(node, scope), Use.TRANSFORMATION)


def is_aggregate(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower() in AGGREGATES
    return isinstance(node, exp.AggFunc) and not isinstance(node, _OF_ONE_ROW)


def aggregates(node: exp.Expr) -> bool:
    """Whether an expression makes one value of many rows; that of a window does not."""
    if isinstance(node, exp.Query | exp.Exists):
        return False
    if isinstance(node, exp.Window):
        inside = [*_direct(node.this), *node.args.get("partition_by", ()), node.args.get("order")]
        return any(aggregates(each) for each in inside if each is not None)
    return is_aggregate(node) or any(aggregates(each) for each in _direct(node))


def unnests(node: exp.Expr) -> Iterator[exp.Expr]:
    """What a projection makes several rows of."""
    for kind in (exp.Unnest, exp.Explode):
        yield from node.find_all(kind)
    for each in node.find_all(exp.Anonymous):
        if str(each.this).lower() in ("unnest", "unlist"):
            yield each


def _direct(node: exp.Expr | None) -> Iterator[exp.Expr]:
    for value in node.args.values() if node is not None else ():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, exp.Expr):
                yield each


def _children(node: exp.Expr, scope: Scope) -> Made:
    return together(made_of(each, scope) for each in _direct(node))


def _parts(node: exp.Expr) -> list[exp.Expr]:
    return [node.args[name] for name in ("catalog", "db", "table", "this") if node.args.get(name)]


def _column(node: exp.Expr, scope: Scope) -> Made:
    if isinstance(node.this, exp.Star):
        if node.this.args.get("except_") or node.this.args.get("replace"):
            raise Uncertain("a * with parts left out is not a value")
        return together(made for _, made in scope.of_table(node.text("table")).columns)
    return scope.column([part.name for part in _parts(node)])


def _inside(node: exp.Expr, scope: Scope) -> Made:
    return made_of(node.this, scope)


def _star(node: exp.Expr, scope: Scope) -> Made:
    """`count(*)` looks at no column; elsewhere a * is not a value."""
    if isinstance(node.parent, exp.Count):
        return NOTHING
    raise Uncertain("a * is not a value")


def _query(node: exp.Expr, scope: Scope) -> Made:
    from mesh_dagster.lineage.columns.sql.select import query

    found = query(node, scope.inner())
    return together([found.made, found.rows])


def _exists(node: exp.Expr, scope: Scope) -> Made:
    from mesh_dagster.lineage.columns.sql.select import query

    return used(query(node.this, scope.inner()).rows, Use.CONDITIONAL)


def _case(node: exp.Expr, scope: Scope) -> Made:
    conditions = [node.this, *(each.this for each in node.args["ifs"])]
    values = [*(each.args.get("true") for each in node.args["ifs"]), node.args.get("default")]
    return together([_all(conditions, scope, Use.CONDITIONAL), _all(values, scope)])


def _if(node: exp.Expr, scope: Scope) -> Made:
    values = [node.args.get("true"), node.args.get("false")]
    return together([_all([node.this], scope, Use.CONDITIONAL), _all(values, scope)])


def _all(nodes: list[exp.Expr | None], scope: Scope, use: Use = Use.TRANSFORMATION) -> Made:
    return used(together(made_of(each, scope) for each in nodes), use)


def _shapes(node: exp.Expr, scope: Scope) -> list[exp.Expr]:
    """A window with those that it goes on from by name, and these from others."""
    shapes = [node]
    for shape in shapes:
        for name in filter(None, (shape.text("alias"), shape.text("first"))):
            named = scope.windows.get(name.lower())
            if named is None or named in shapes:
                raise Uncertain(f"there is no window {name}")
            shapes.append(named)
    return shapes


def _window(node: exp.Expr, scope: Scope) -> Made:
    around: list[exp.Expr | None] = []
    for shape in _shapes(node, scope):
        around += shape.args.get("partition_by") or []
        around += [shape.args.get("order"), shape.args.get("spec")]
    inner = used(made_of(node.this, scope), Use.TRANSFORMATION)
    return together([inner, _all(around, scope, Use.WINDOW)])


def _filter(node: exp.Expr, scope: Scope) -> Made:
    condition = node.expression.this if isinstance(node.expression, exp.Where) else node.expression
    rows = scope.of_rows()
    return together([made_of(node.this, rows), _all([condition], rows, Use.FILTER)])


def _within(node: exp.Expr, scope: Scope) -> Made:
    """`mode() within group (order by x)` is an aggregate of x."""
    rows = scope.of_rows()
    order = together(made_of(each.this, rows) for each in node.expression.expressions)
    return together([made_of(node.this, rows), used(order, Use.AGGREGATION)])


def _order(node: exp.Expr, scope: Scope) -> Made:
    return together([made_of(node.this, scope), _all(node.expressions, scope, Use.SORT)])


def _lambda(node: exp.Expr, scope: Scope) -> Made:
    """`x -> x + 1`; in a function that takes no lambda, `data -> 'key'` reads JSON of a column."""
    parameters = [each.name for each in node.expressions]
    function = node.parent
    takes = isinstance(function, _LAMBDA_CLASSES) or (
        isinstance(function, exp.Anonymous) and str(function.this).lower() in _WITH_LAMBDA
    )
    if takes:
        return made_of(node.this, scope.shadowing(parameters))
    columns = together(scope.column([name]) for name in parameters)
    return used(together([columns, made_of(node.this, scope)]), Use.TRANSFORMATION)


def _comprehension(node: exp.Expr, scope: Scope) -> Made:
    names = [each.name for each in node.find_all(exp.Identifier) if each is node.expression]
    inside = scope.shadowing(names)
    parts = [made_of(node.this, inside), made_of(node.args.get("condition"), inside)]
    return used(together([*parts, made_of(node.args.get("iterator"), scope)]), Use.TRANSFORMATION)


def _dot(node: exp.Expr, scope: Scope) -> Made:
    return used(
        together([made_of(node.this, scope), made_of(node.expression, scope)]), Use.TRANSFORMATION
    )


def _columns(node: exp.Expr, scope: Scope) -> Made:
    raise Uncertain("which columns COLUMNS stands for")


_READERS: dict[type, Callable[[Any, Scope], Made]] = {
    exp.Column: _column,
    exp.Alias: _inside,
    exp.Paren: _inside,
    exp.Star: _star,
    exp.Exists: _exists,
    exp.Query: _query,
    exp.Case: _case,
    exp.If: _if,
    exp.Window: _window,
    exp.Filter: _filter,
    exp.WithinGroup: _within,
    exp.Order: _order,
    exp.Lambda: _lambda,
    exp.Comprehension: _comprehension,
    exp.Dot: _dot,
    exp.Columns: _columns,
}
