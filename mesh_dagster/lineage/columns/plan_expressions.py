"""What the expressions of a Polars plan are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.lineage.columns.relation import NOTHING, Made, together, used
from mesh_dagster.model.lineage import Use

_AGGREGATING = frozenset(["quantile", "null_count", "product", "skew", "kurtosis", "n_unique"])
_AS_LONG = frozenset(
    [
        "abs", "as_struct", "atan2", "cbrt", "ceil", "clip", "coalesce", "cos", "cosh", "cot",
        "cum_count", "cum_max", "cum_min", "cum_prod", "cum_sum", "cut", "degrees", "diff", "exp",
        "fill_null", "fill_null_with_strategy", "floor", "hash", "interpolate", "interpolate_by",
        "log", "log1p", "max_horizontal", "mean_horizontal", "min_horizontal", "negate",
        "pct_change", "pow", "radians", "random", "rank", "replace", "replace_strict", "reverse",
        "rle_id", "round", "round_sig_figs", "shift", "shift_and_fill", "sign", "sin", "sinh",
        "sqrt", "sum_horizontal", "tan", "tanh", "to_physical", "concat_list", "backward_fill",
        "forward_fill", "null_count", "product", "quantile", "skew", "kurtosis", "n_unique",
        "format", "peak_min", "peak_max", "arg_min", "arg_max", "list_concat",
    ]
)  # fmt: skip
"""Functions whose result has the rows of their input, or one. Of any other it is not known."""
_AS_LONG_KINDS = frozenset(
    ["BooleanFunction", "StringFunction", "TemporalFunction", "StructFunction", "RollingFunction"]
)


class Expressions:
    """Reads the expressions of one node, over the columns of its input."""

    def __init__(self, visitor: Any, columns: Mapping[str, Made]) -> None:
        self._visitor = visitor
        self._columns = columns

    def made(self, expression: int) -> Made:
        """What an expression is made of; unknown where Polars does not show it."""
        try:
            node = self._visitor.view_expression(expression)
        except (NotImplementedError, OverflowError):
            return None
        return self._made(node)

    def shortened(self, expression: int) -> Made:
        """What decides how many values an expression has, beside the rows that it is given."""
        try:
            node = self._visitor.view_expression(expression)
        except (NotImplementedError, OverflowError):
            return None
        if not _is_known(node):
            return None
        own = NOTHING if _as_long(node) else self._made(node)
        return together([own, *(self.shortened(child) for child, _ in self._children(node))])

    def _made(self, node: Any) -> Made:
        kind = type(node).__name__
        if kind == "Column":
            return self._columns.get(node.name)
        if kind == "Alias":
            return self.made(node.expr)
        if not _is_known(node):
            return None
        use = Use.AGGREGATION if _aggregates(node) else Use.TRANSFORMATION
        return together(used(self.made(child), then or use) for child, then in self._children(node))

    def _children(self, node: Any) -> Iterator[tuple[int, Use | None]]:
        """The expressions directly below, and what those are for that only decide."""
        match type(node).__name__:
            case "Ternary":
                yield node.predicate, Use.CONDITIONAL
                yield from ((each, None) for each in (node.truthy, node.falsy))
            case "Filter":
                yield node.input, None
                yield node.by, Use.FILTER
            case "SortBy":
                yield node.expr, None
                yield from ((each, Use.SORT) for each in node.by)
            case "Window":
                yield node.function, None
                yield from ((each, Use.WINDOW) for each in node.partition_by)
                if node.order_by is not None:
                    yield node.order_by, Use.WINDOW
            case "Rolling":
                yield node.function, None
                yield node.index_column, Use.WINDOW
            case name:
                for part in _PARTS[name]:
                    value = getattr(node, part)
                    yield from ((each, None) for each in _listed(value))


_PARTS: Mapping[str, tuple[str, ...]] = {
    "Column": (),
    "Literal": (),
    "Len": (),
    "Alias": ("expr",),
    "BinaryExpr": ("left", "right"),
    "Cast": ("expr",),
    "Sort": ("expr",),
    "Gather": ("expr", "idx"),
    "Agg": ("arguments",),
    "Explode": ("expr",),
    "Slice": ("input", "offset", "length"),
    "Function": ("input",),
}
"""Of the other expressions the parts that are expressions."""

_DECIDED = frozenset(["Ternary", "Filter", "SortBy", "Window", "Rolling"])
"""Those that have parts which only decide."""


def _is_known(node: Any) -> bool:
    """Whether all parts of an expression are known; other releases of Polars have more kinds."""
    return type(node).__name__ in _DECIDED or type(node).__name__ in _PARTS


def _listed(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _aggregates(node: Any) -> bool:
    kind = type(node).__name__
    return kind in ("Agg", "Len") or (
        kind == "Function" and str(node.function_data[0]) in _AGGREGATING
    )


def _as_long(node: Any) -> bool:
    """Whether a value comes out for each that goes in, or one for all."""
    match type(node).__name__:
        case "Filter" | "Gather" | "Explode" | "Slice":
            return False
        case "Agg":
            return node.name not in ("unique", "agg_groups")
        case "Function":
            name = node.function_data[0]
            kind = type(name).__name__
            return str(name) in _AS_LONG if isinstance(name, str) else kind in _AS_LONG_KINDS
    return True
