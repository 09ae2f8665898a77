"""What the columns of a lazy Polars frame are made of, from its query plan.

Polars gives the plan it would run as a tree of nodes and expressions: wildcards are expanded,
every output is named, and what no other engine could run (a Python function) is refused. The plan
is read before it is optimized: it says then what the transform says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mesh_dagster.lineage.columns.plan_expressions import Expressions
from mesh_dagster.lineage.columns.relation import (
    NOTHING,
    InputTable,
    Made,
    Relation,
    together,
    used,
)
from mesh_dagster.model.lineage import Use

if TYPE_CHECKING:
    import polars as pl

_SAME = ("Slice", "Cache", "Sink")
_DEEPEST = 500
_MOST = 20_000
"""Nodes of a plan that are read: one that joins itself again and again doubles each time."""


def relation_from_plan(frame: pl.LazyFrame, tables: Sequence[InputTable]) -> Relation:
    """The relation that a lazy frame is; what its plan does not tell is unknown.

    A scan is that of the input port whose files it reads.
    """
    import polars as pl

    names = frame.collect_schema().names()
    try:
        plain = frame._ldf.with_optimizations(pl.QueryOptFlags.none()._pyoptflags)
        found = _Plan(plain.visit(), tables).relation(0)
    except (NotImplementedError, AttributeError, TypeError, LookupError, RecursionError):
        # The plan is no public interface: a release that has another one makes it unknown.
        return Relation(tuple((name, None) for name in names), None)
    made = dict(found.columns)
    return Relation(tuple((name, made.get(name)) for name in names), found.rows)


class _Plan:
    """Walks one plan."""

    def __init__(self, visitor: Any, tables: Sequence[InputTable]) -> None:
        self._visitor = visitor
        self._tables = tables
        self._left = _MOST
        self._readers: Mapping[str, Callable[[Any, list[Relation]], Relation]] = {
            "Scan": self._scan,
            "DataFrameScan": self._frame,
            "SimpleProjection": self._projection,
            "Select": self._select,
            "HStack": self._with_columns,
            "Reduce": self._select,
            "Filter": self._filter,
            "Sort": self._sort,
            "Distinct": self._distinct,
            "GroupBy": self._group,
            "Join": self._join,
            "Union": self._union,
            "MergeSorted": self._merge,
            "HConcat": self._side_by_side,
            "MapFunction": self._function,
        }

    def relation(self, depth: int) -> Relation:
        """What the node that the visitor stands at is."""
        here = self._visitor.get_node()
        names = list(self._visitor.get_schema())
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            raise RecursionError
        inputs = []
        for child in self._visitor.get_inputs():
            self._visitor.set_node(child)
            inputs.append(self._child(depth))
        self._visitor.set_node(here)
        try:
            node = self._visitor.view_current_node()
        except NotImplementedError:
            return _unknown(names)
        kind = type(node).__name__
        if kind in _SAME:
            return inputs[0]
        reader = self._readers.get(kind)
        return _unknown(names) if reader is None else reader(node, inputs)

    def _child(self, depth: int) -> Relation:
        try:
            return self.relation(depth + 1)
        except NotImplementedError:
            return _unknown(list(self._visitor.get_schema()))

    def _names(self) -> list[str]:
        return list(self._visitor.get_schema())

    def _expressions(self, inputs: Sequence[Relation]) -> Expressions:
        return Expressions(self._visitor, dict(inputs[0].columns))

    def _scan(self, node: Any, _: list[Relation]) -> Relation:
        files = {str(path) for path in node.paths}
        row_index = node.file_options.row_index
        table = _only([each for each in self._tables if files and files <= set(each.files)])
        if table is None:
            return _unknown(self._names())
        counted = row_index[0] if row_index else None
        columns: list[tuple[str, Made]] = [
            (name, _of(table, name) if name != counted else NOTHING) for name in self._names()
        ]
        return Relation(tuple(columns))

    def _frame(self, node: Any, _: list[Relation]) -> Relation:
        """A frame in memory is an input where it is as empty as that, which has no file."""
        names = self._names()
        alike = [each for each in self._tables if not each.files and each.columns == tuple(names)]
        table = _only(alike) if node.df.height() == 0 else None
        return _unknown(names) if table is None else table.relation

    def _projection(self, _: Any, inputs: list[Relation]) -> Relation:
        made = dict(inputs[0].columns)
        return Relation(tuple((name, made.get(name)) for name in self._names()), inputs[0].rows)

    def _select(self, node: Any, inputs: list[Relation]) -> Relation:
        read = self._expressions(inputs)
        expressions = node.expr if hasattr(node, "expr") else node.exprs
        columns = tuple((each.output_name, read.made(each.node)) for each in expressions)
        found = Relation(columns, inputs[0].rows)
        for each in expressions:
            # `select` has as many rows as its longest expression: what shortens one decides.
            found = found.decided_by(read.shortened(each.node), Use.FILTER)
        return found

    def _with_columns(self, node: Any, inputs: list[Relation]) -> Relation:
        read = self._expressions(inputs)
        made = dict(inputs[0].columns)
        made |= {each.output_name: read.made(each.node) for each in node.exprs}
        return Relation(tuple((name, made.get(name)) for name in self._names()), inputs[0].rows)

    def _filter(self, node: Any, inputs: list[Relation]) -> Relation:
        return inputs[0].decided_by(self._expressions(inputs).made(node.predicate.node), Use.FILTER)

    def _sort(self, node: Any, inputs: list[Relation]) -> Relation:
        read = self._expressions(inputs)
        return inputs[0].decided_by(
            together(read.made(each.node) for each in node.by_column), Use.SORT
        )

    def _distinct(self, node: Any, inputs: list[Relation]) -> Relation:
        subset = node.options[1]
        columns = dict(inputs[0].columns)
        names = list(columns) if subset is None else subset
        return inputs[0].decided_by(together(columns.get(name) for name in names), Use.GROUP_BY)

    def _group(self, node: Any, inputs: list[Relation]) -> Relation:
        read = self._expressions(inputs)
        options = node.options
        made = {each.output_name: read.made(each.node) for each in (*node.keys, *node.aggs)}
        keys = [read.made(each.node) for each in node.keys]
        of_windows = [options.dynamic, options.rolling]
        columns = dict(inputs[0].columns)
        for window in of_windows:
            if window is not None:
                index = _index_column(window)
                keys.append(columns.get(index) if index else None)
                made.setdefault(index or "", used(columns.get(index or ""), Use.TRANSFORMATION))
        bounds = {"_lower_boundary", "_upper_boundary"} if any(of_windows) else set()
        found = []
        for name in self._names():
            found.append((name, together(keys) if name in bounds else made.get(name)))
        rows = inputs[0].decided_by(together(keys), Use.GROUP_BY).rows
        if any(of_windows):
            # Each window's rows are those near its index: every aggregate is decided by it.
            found = [
                (name, together([one, used(together(keys), Use.WINDOW)])) for name, one in found
            ]
        return Relation(tuple(found), rows)

    def _join(self, node: Any, inputs: list[Relation]) -> Relation:
        how, _, __, suffix, coalesce, *___ = node.options
        kind = how if isinstance(how, str) else how[0]
        left, right = inputs
        here = self._visitor
        keys = [Expressions(here, dict(left.columns)).made(each.node) for each in node.left_on]
        keys += [Expressions(here, dict(right.columns)).made(each.node) for each in node.right_on]
        rows = together([left.rows, right.rows, used(together(keys), Use.JOIN)])
        if kind == "AsOf" and isinstance(how, tuple):
            # What the two sides are matched by may be called alike on both.
            sides = (left, how[4]), (right, how[5])
            by = [
                dict(side.columns).get(str(name)) for side, names in sides for name in names or ()
            ]
            rows = together([rows, used(together(by), Use.JOIN)])
        if node.predicate is not None:
            both = {**dict(right.columns), **dict(left.columns)}
            condition = Expressions(here, both).made(node.predicate.node)
            rows = together([rows, used(condition, Use.JOIN)])
        if kind in ("Semi", "Anti"):
            return Relation(left.columns, rows)
        mine, theirs = dict(left.columns), dict(right.columns)
        if coalesce and kind in ("Right", "Full"):
            for one, other in zip(node.left_on, node.right_on, strict=True):
                key = mine.pop(one.output_name, None)
                if kind == "Full":
                    merged = together([key, theirs.get(other.output_name)])
                    mine[one.output_name] = used(merged, Use.TRANSFORMATION)
        return Relation(tuple(_joined(self._names(), mine, theirs, suffix)), rows)

    def _union(self, _: Any, inputs: list[Relation]) -> Relation:
        columns = [
            (name, together(made[at][1] for made in (each.columns for each in inputs)))
            for at, name in enumerate(self._names())
        ]
        return Relation(tuple(columns), together(each.rows for each in inputs))

    def _merge(self, node: Any, inputs: list[Relation]) -> Relation:
        found = self._union(node, inputs)
        keys = node.key if isinstance(node.key, list) else [node.key]
        columns = dict(found.columns)
        return found.decided_by(together(columns.get(str(key)) for key in keys), Use.SORT)

    def _side_by_side(self, _: Any, inputs: list[Relation]) -> Relation:
        columns = tuple(column for each in inputs for column in each.columns)
        return Relation(columns, together(each.rows for each in inputs))

    def _function(self, node: Any, inputs: list[Relation]) -> Relation:
        name, *arguments = node.function
        columns = dict(inputs[0].columns)
        rows, names = inputs[0].rows, self._names()
        match name:
            case "hint_sorted" | "rechunk":
                return inputs[0]
            case "row_index":
                made = {each: columns.get(each, NOTHING) for each in names}
            case "rename":
                made = {
                    **columns,
                    **dict(zip(arguments[1], _all(columns, arguments[0]), strict=True)),
                }
            case "explode":
                exploded = [columns.get(each) for each in arguments[0]]
                rows = together([rows, used(together(exploded), Use.FILTER)])
                changed = dict(zip(arguments[0], exploded, strict=True))
                made = {**columns, **{k: used(v, Use.TRANSFORMATION) for k, v in changed.items()}}
            case "unpivot":
                index, on, variable, value = arguments[:4]
                molten = on or [each for each in columns if each not in (index or ())]
                made = {each: columns.get(each) for each in index or ()}
                made |= {
                    variable: NOTHING,
                    value: used(together(_all(columns, molten)), Use.TRANSFORMATION),
                }
            case "unnest":
                structs = together(_all(columns, arguments[0]))
                one = used(structs, Use.TRANSFORMATION)
                made = {each: columns.get(each, one) for each in names}
                if set(arguments[0]) & set(names):
                    made = dict.fromkeys(names)
            case _:
                return _unknown(names)
        return Relation(tuple((each, made.get(each)) for each in names), rows)


def _joined(
    names: Sequence[str], mine: Mapping[str, Made], theirs: Mapping[str, Made], suffix: str
) -> list[tuple[str, Made]]:
    """Columns of the left side keep their names, those of the right get the suffix if they must."""
    found: list[tuple[str, Made]] = []
    for name in names:
        if name in mine:
            found.append((name, mine[name]))
        elif name in theirs:
            found.append((name, theirs[name]))
        else:
            found.append((name, theirs.get(name.removesuffix(suffix) if suffix else name)))
    return found


def _index_column(window: Any) -> str | None:
    index = getattr(window, "index_column", None)
    return None if index is None else str(index)


def _of(table: InputTable, name: str) -> Made:
    return table.column(name) if name in table.columns else None


def _all(columns: Mapping[str, Made], names: Sequence[str]) -> list[Made]:
    return [columns.get(each) for each in names]


def _only(tables: Sequence[InputTable]) -> InputTable | None:
    """The one of several, or any of those that are one and the same table."""
    same = {(each.address, each.port if each.address is None else "") for each in tables}
    return tables[0] if len(same) == 1 else None


def _unknown(names: Sequence[str]) -> Relation:
    return Relation(tuple((name, None) for name in names), None)
