"""What lies in columns, judged on every engine as a person with pen and paper would.

The evaluator here knows no frames: it walks Python values. It is slow, short and obvious.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
import polars as pl
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Distinct,
    Length,
    Missing,
    Multiple,
    Pattern,
    Range,
    Required,
    Rule,
    Size,
    Unique,
)
from mesh_dagster.contracts.rules.paths import Into, Path
from mesh_dagster.model.contract import Contract, Property, Quality, SchemaObject
from mesh_dagster.model.finding import Verdict
from mesh_dagster.model.product import Status
from mesh_dagster.model.types import ColumnType, Kind

WORDS = ["", "a", "ab", "Abc", "é"]
NUMBERS = [-3, -1, 0, 1, 2, 4]
NOWHERE = object()


@dataclass
class Shape:
    """A type of Polars, values of it, and the property that promises something of it."""

    promised: Property
    dtype: Any
    values: st.SearchStrategy[Any]
    quality: list[Quality] = field(default_factory=list)


@st.composite
def shapes(draw: st.DrawFn, name: str, depth: int) -> Shape:
    kinds = ["text", "number"] if depth == 0 else ["text", "number", "object", "array", "map"]
    kind = draw(st.sampled_from(kinds))
    common: dict[str, Any] = {"required": draw(st.booleans()), "unique": draw(st.booleans())}
    if kind == "text":
        lengths = {"minLength": st.integers(0, 2), "maxLength": st.integers(0, 3)}
        options = draw(st.fixed_dictionaries({}, optional=lengths))
        if draw(st.booleans()):
            options["pattern"] = draw(st.sampled_from(["^[a-z]", "b", "^$"]))
        some = st.none() | st.sampled_from(WORDS)
        type_ = ColumnType(Kind.STRING)
        return Shape(
            Property(name, "string", type=type_, options=options, **common), pl.String, some
        )
    if kind == "number":
        ends = {"minimum": st.sampled_from(NUMBERS), "exclusiveMaximum": st.sampled_from(NUMBERS)}
        options = draw(st.fixed_dictionaries({}, optional=ends))
        if draw(st.booleans()):
            options["multipleOf"] = draw(st.sampled_from([2, 1.5, 3]))
        enum = draw(st.none() | st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3))
        rest = {"enum": enum} if enum else {}
        type_ = ColumnType(Kind.LONG)
        promised = Property(name, "integer", type=type_, options=options, rest=rest, **common)
        return Shape(promised, pl.Int64, st.none() | st.sampled_from(NUMBERS))
    common["unique"] = False
    return draw({"object": objects, "array": arrays, "map": maps}[kind](name, depth, common))


@st.composite
def objects(draw: st.DrawFn, name: str, depth: int, common: dict[str, Any]) -> Shape:
    inner = [draw(shapes(f"f{at}", depth - 1)) for at in range(draw(st.integers(1, 2)))]
    sizes = {"minProperties": st.integers(0, 2), "maxProperties": st.integers(0, 2)}
    options = draw(st.fixed_dictionaries({}, optional=sizes))
    fields = tuple((each.promised.name, each.promised.type) for each in inner)
    promised = Property(
        name,
        "object",
        type=ColumnType(Kind.STRUCT, fields=fields),  # type: ignore[arg-type]
        options=options,
        properties=tuple(each.promised for each in inner),
        **common,
    )
    held = st.fixed_dictionaries({each.promised.name: each.values for each in inner})
    dtype = pl.Struct({each.promised.name: each.dtype for each in inner})
    return Shape(promised, dtype, st.none() | held)


@st.composite
def arrays(draw: st.DrawFn, name: str, depth: int, common: dict[str, Any]) -> Shape:
    inner = draw(shapes("", depth - 1))
    sizes = {"minItems": st.integers(0, 2), "maxItems": st.integers(0, 2)}
    options = draw(st.fixed_dictionaries({}, optional=sizes))
    if inner.promised.logical_type in ("string", "integer"):
        options["uniqueItems"] = draw(st.booleans())
    promised = Property(
        name,
        "array",
        type=ColumnType(Kind.LIST, item=inner.promised.type),
        options=options,
        items=inner.promised,
        **common,
    )
    return Shape(promised, pl.List(inner.dtype), st.none() | st.lists(inner.values, max_size=3))


@st.composite
def maps(draw: st.DrawFn, name: str, depth: int, common: dict[str, Any]) -> Shape:
    inner = draw(shapes("", depth - 1))
    lengths = {"maxLength": st.integers(0, 2)}
    options = draw(st.fixed_dictionaries({}, optional=lengths))
    key = Property("", "string", type=ColumnType(Kind.STRING), options=options)
    type_ = ColumnType(Kind.MAP, key=key.type, item=inner.promised.type)
    promised = Property(name, "map", type=type_, key=key, value=inner.promised, **common)
    held = st.dictionaries(st.sampled_from(WORDS), inner.values, max_size=2)
    return Shape(promised, pl.Map(pl.String, inner.dtype), st.none() | held)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Contract, pl.DataFrame, list[dict[str, Any]]]:
    inner = [draw(shapes(f"c{at}", 2)) for at in range(draw(st.integers(1, 2)))]
    table = SchemaObject("t", tuple(each.promised for each in inner))
    contract = Contract("mesh://d/p/v1", "1.0.0", Status.ACTIVE, (table,))
    size = draw(st.integers(0, 5))
    columns = {
        each.promised.name: draw(st.lists(each.values, min_size=size, max_size=size))
        for each in inner
    }
    data = pl.DataFrame(
        [pl.Series(each.promised.name, columns[each.promised.name], each.dtype) for each in inner]
    )
    rows = [{name: values[at] for name, values in columns.items()} for at in range(size)]
    return contract, data, rows


def values_at(path: Path, rows: list[dict[str, Any]]) -> Iterator[Any]:
    """What is at a path, of each element of its level; NOWHERE in a null object."""
    level = path.level
    found = [row[path.column] for row in rows]
    steps = path.steps
    if level is not None:
        for step in level.steps:
            found = [each for value in found for each in _into(value, step)]
        steps = steps[len(level.steps) :]
    for value in found:
        held = value
        for step in steps:
            held = NOWHERE if held is None or held is NOWHERE else held[step]
        yield held


def _into(value: Any, step: str | Into) -> list[Any]:
    if value is None or value is NOWHERE:
        return []
    if step is Into.ITEM:
        return list(value)
    if step is Into.KEY:
        return list(value.keys())
    if step is Into.VALUE:
        return list(value.values())
    return [value[step]]


def breaks(rule: Rule, value: Any) -> bool:
    if value is NOWHERE:
        return False
    if isinstance(rule, Required | Missing):
        return value is None
    if value is None:
        return False
    match rule:
        case Allowed():
            return value not in rule.values
        case Length():
            return (
                not (rule.minimum or 0)
                <= len(value)
                <= (9 if rule.maximum is None else rule.maximum)
            )
        case Pattern():
            return re.search(rule.pattern, value) is None
        case Range():
            low = rule.minimum is not None and value < rule.minimum
            return low or (rule.exclusive_maximum is not None and value >= rule.exclusive_maximum)
        case Multiple():
            return (value / rule.of).denominator != 1
        case Size():
            held = value
            if isinstance(value, dict):
                held = [each for each in value.values() if each is not None]
            return (
                not (rule.minimum or 0)
                <= len(held)
                <= (9 if rule.maximum is None else rule.maximum)
            )
        case Distinct():
            return len(set(value)) < len(value)
    raise AssertionError(rule)


def by_hand(rule: Rule, rows: list[dict[str, Any]]) -> tuple[int, int]:
    """How many elements there are, and how many of them break the rule."""
    path = rule.path or Path(rule.column or "")
    values = list(values_at(path, rows))
    if isinstance(rule, Unique):
        keys = [value for value in values if value is not None and value is not NOWHERE]
        return len(values), len(keys) - len(set(keys))
    return len(values), sum(breaks(rule, value) for value in values)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_polars_duckdb_and_paper_count_the_same(
    case: tuple[Contract, pl.DataFrame, list[dict[str, Any]]],
) -> None:
    contract, data, rows = case
    checked = rules(contract)
    relation = duckdb.connect().from_arrow(data.to_arrow())
    for engine, there in (("polars", data.lazy()), ("duckdb", relation)):
        for rule, result in zip(checked, audit(checked, there), strict=True):
            if rule.kind == "schema":
                assert result.verdict is Verdict.PASSED, (engine, result)
                continue
            assert (result.checked, result.failed) == by_hand(rule, rows), (engine, rule, result)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_the_elements_shown_are_those_that_were_counted(
    case: tuple[Contract, pl.DataFrame, list[dict[str, Any]]],
) -> None:
    contract, data, rows = case
    checked = rules(contract)
    relation = duckdb.connect().from_arrow(data.to_arrow())
    for rule in checked:
        if isinstance(rule, Unique) or rule.kind == "schema":
            continue
        for there in (data.lazy(), relation):
            shown = failing_rows(rule, there, limit=1000, schema=checked[0])  # type: ignore[arg-type]
            assert shown.height == by_hand(rule, rows)[1]
            extra = [str(rule.level)] if rule.level else []
            assert shown.columns == data.columns + extra
