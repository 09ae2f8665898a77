"""A contract as Python source: a pandera schema that runs with pandera alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from mesh_dagster.contracts.exchange.exported import Exported, unsaid
from mesh_dagster.contracts.exchange.pandera.parts import (
    is_first_of_keys,
    is_native,
    is_python,
    never_null,
    said_of,
    schema_in,
)
from mesh_dagster.contracts.exchange.patterns import to_python
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.kinds import (
    PLATFORM_COLUMNS,
    Allowed,
    Expected,
    Format,
    Length,
    Multiple,
    Pattern,
    Range,
    Required,
    RowCount,
    Rule,
    Schema,
    Unique,
)
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import ColumnType, Kind

_POLARS = {
    Kind.BOOLEAN: "pl.Boolean",
    Kind.INT: "pl.Int32",
    Kind.LONG: "pl.Int64",
    Kind.FLOAT: "pl.Float32",
    Kind.DOUBLE: "pl.Float64",
    Kind.STRING: "pl.String",
    Kind.BINARY: "pl.Binary",
    Kind.DATE: "pl.Date",
    Kind.TIME: "pl.Time",
    Kind.TIMESTAMP: 'pl.Datetime("us")',
    Kind.TIMESTAMPTZ: 'pl.Datetime("us", "UTC")',
}
_ARROW = {
    Kind.BOOLEAN: "pyarrow.bool_()",
    Kind.INT: "pyarrow.int32()",
    Kind.LONG: "pyarrow.int64()",
    Kind.FLOAT: "pyarrow.float32()",
    Kind.DOUBLE: "pyarrow.float64()",
    Kind.STRING: "pyarrow.string()",
    Kind.BINARY: "pyarrow.binary()",
    Kind.DATE: "pyarrow.date32()",
    Kind.TIME: 'pyarrow.time64("us")',
    Kind.TIMESTAMP: 'pyarrow.timestamp("us")',
    Kind.TIMESTAMPTZ: 'pyarrow.timestamp("us", "UTC")',
}
_PANDAS = {
    Kind.BOOLEAN: ('"bool"', '"boolean"'),
    Kind.INT: ('"int32"', '"Int32"'),
    Kind.LONG: ('"int64"', '"Int64"'),
    Kind.FLOAT: ('"float32"', '"float32"'),
    Kind.DOUBLE: ('"float64"', '"float64"'),
    Kind.STRING: ("str", "str"),
    Kind.TIMESTAMP: ('"datetime64[us]"', '"datetime64[us]"'),
    Kind.TIMESTAMPTZ: ('"datetime64[us, UTC]"', '"datetime64[us, UTC]"'),
}
"""Without nulls, and with."""

_SPARK = {
    Kind.BOOLEAN: "T.BooleanType()",
    Kind.INT: "T.IntegerType()",
    Kind.LONG: "T.LongType()",
    Kind.FLOAT: "T.FloatType()",
    Kind.DOUBLE: "T.DoubleType()",
    Kind.STRING: "T.StringType()",
    Kind.BINARY: "T.BinaryType()",
    Kind.DATE: "T.DateType()",
    Kind.TIMESTAMP: "T.TimestampNTZType()",
    Kind.TIMESTAMPTZ: "T.TimestampType()",
}
_NESTED = {
    Kind.DECIMAL: {
        "polars": "pl.Decimal",
        "pandas": "pyarrow.decimal128",
        "pyspark": "T.DecimalType",
    },
    Kind.LIST: {"polars": "pl.List", "pandas": "pyarrow.list_", "pyspark": "T.ArrayType"},
    Kind.MAP: {"polars": "pl.Map", "pandas": "pyarrow.map_", "pyspark": "T.MapType"},
    Kind.STRUCT: {"polars": "pl.Struct", "pandas": "pyarrow.struct", "pyspark": "T.StructType"},
}
_NESTED_KINDS = (Kind.LIST, Kind.MAP, Kind.STRUCT)
_SIMPLE = {"polars": _POLARS, "pandas": _ARROW, "pyspark": _SPARK}
_IMPORTS = {
    "polars": ["import pandera.polars as pa", "import polars as pl"],
    "pandas": ["import pandas as pd", "import pandera.pandas as pa", "import pyarrow"],
    "pyspark": ["import pandera.pyspark as pa", "from pyspark.sql import functions as F",
                "from pyspark.sql import types as T"],
}  # fmt: skip


def export_pandera(contract: Contract, table: SchemaObject, backend: str = "polars") -> Exported:
    """A module with one `schema`, named after the contract; checks are named by rule id.

    A rule that pandera's own checks, or a line of the backend's, cannot say is left out and noted.
    """
    found = rules(contract, table.name)
    schema = schema_in(found)
    parts = _Parts()
    for each in schema.columns:
        checks = [
            line for rule in _own(found, each) for line in _checks(rule, backend, parts.notes)
        ]
        property_ = table.find(each.name)
        about = property_.description if property_ else None
        parts.columns.append(_column(each, checks, backend, parts.notes, about))
    parts.columns += [
        f"        {name!r}: pa.Column(None, required=False, nullable=True),"
        for name in sorted(PLATFORM_COLUMNS)
    ]
    parts.notes += unsaid(table, contract, keys=_SAID, options=None)
    parts.whole += [line for rule in found for line in _of_table(rule, backend, parts.notes)]
    return Exported(_module(contract, table, schema, parts, backend), tuple(parts.notes))


_SAID = {"required", "unique", "primaryKey", "enum", "relationships", "quality", "description"}
"""What is said by a rule, each of which is a check or a note, and descriptions."""


@dataclass(slots=True)
class _Parts:
    """Lines of source, and what none of them says."""

    columns: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _module(
    contract: Contract, table: SchemaObject, schema: Schema, parts: _Parts, backend: str
) -> str:
    about = " ".join(f"{contract.id} {contract.version}".split()).replace("\\", "/")
    head = [f'"""The contract {about.replace(chr(34), chr(39))} as a pandera schema."""', ""]
    if parts.notes:
        head += ["# Not held by this schema:", *(f"# - {_line(each)}" for each in parts.notes), ""]
    body = ["    {", *parts.columns, "    },"]
    if parts.whole:
        body += ["    checks=[", *(f"        {line}," for line in parts.whole), "    ],"]
    body += [f"    strict={schema.extra is Severity.ERROR},", f"    name={contract.id!r},"]
    body += [f"    metadata={said_of(contract, table)!r},"]
    imports = _imports("\n".join(body), backend)
    source = [*imports, "", "schema = pa.DataFrameSchema(", *body, ")"]
    return "\n".join([*head, *source]) + "\n"


def _imports(text: str, backend: str) -> list[str]:
    used = [each for each in _IMPORTS[backend] if _is_used(each, text)]
    plain = [f"import {name}" for name in ("datetime", "decimal", "math") if f"{name}." in text]
    return [*plain, *([""] if plain else []), *used]


def _is_used(statement: str, text: str) -> bool:
    name = statement.rsplit(maxsplit=1)[-1]
    return name == "pa" or f"{name}." in text


def _own(found: Sequence[Rule], column: Expected) -> list[Rule]:
    own = [rule for rule in found if is_native(rule) and rule.column == column.name]
    first = next((rule for rule in own if isinstance(rule, Required)), None)
    return [rule for rule in own if rule is not first] if column.required else own


def _column(
    each: Expected, checks: Sequence[str], backend: str, notes: list[str], about: str | None
) -> str:
    # A frame of pandas holds lists and structs as any of several types of Arrow's.
    vague = backend == "pandas" and each.type and each.type.kind in _NESTED_KINDS
    dtype = _dtype(each.type, backend) if each.type and not vague else None
    if dtype is None and (each.type or each.logical):
        notes.append(f"{each.name}: its type {each.type or each.logical}")
    if backend == "pandas" and each.type and dtype:
        dtype = _of_pandas(each.type.kind, dtype, nullable=not each.required)
    parts = [str(dtype), f"nullable={not each.required}", f"required={each.required}"]
    if each.required and not never_null(each) and backend == "polars":
        notes.append(f"{each.name}: NaN is no null in a contract, and one to pandera")
    parts += [f"description={about!r}"] if about else []
    if checks:
        listed = "".join(f"\n                {line}," for line in checks)
        parts.insert(1, f"checks=[{listed}\n            ]")
    inner = "".join(f"\n            {part}," for part in parts)
    return f"        {each.name!r}: pa.Column({inner}\n        ),"


def _of_pandas(kind: Kind, arrow: str, *, nullable: bool) -> str:
    """As pandas itself reads a file; what it has no type for is Arrow's."""
    plain, with_nulls = _PANDAS.get(kind, (None, None))
    found = with_nulls if nullable else plain
    return f"pd.ArrowDtype({arrow})" if found is None else found


def _dtype(type_: ColumnType, backend: str) -> str | None:
    """The type in the backend's words; None where it has none."""
    inner = [_dtype(each, backend) for each in (type_.key, type_.item) if each]
    fields = [(name, _dtype(each, backend)) for name, each in type_.fields]
    if None in inner or any(each is None for _, each in fields):
        return None
    word = _NESTED.get(type_.kind, {}).get(backend)
    if word is None:
        return _SIMPLE[backend].get(type_.kind)
    if type_.kind is Kind.DECIMAL:
        return f"{word}({type_.precision}, {type_.scale})"
    if type_.kind is not Kind.STRUCT:
        return f"{word}({', '.join(map(str, inner))})"
    if backend == "pyspark":
        listed = ", ".join(f"T.StructField({name!r}, {each})" for name, each in fields)
    else:
        listed = ", ".join(f"({name!r}, {each})" for name, each in fields)
    return f"{word}([{listed}])" if backend != "polars" else f"{word}(dict([{listed}]))"


def _checks(rule: Rule, backend: str, notes: list[str]) -> Iterator[str]:
    """The checks of a rule on one column, as source."""
    more = _named(rule)
    match rule:
        case Allowed(pattern=None):
            yield f"pa.Check.isin([{', '.join(map(_literal, rule.values))}], {more})"
        case Pattern():
            yield from _contains(rule, [rule.pattern], backend, notes)
        case Format():
            yield from _contains(rule, rule.patterns, backend, notes)
            if rule.refused:
                notes.append(f"{rule.id}: {rule.message}, as far as one pattern can tell")
        case Length():
            for name, least in (("min_value", rule.minimum), ("max_value", rule.maximum)):
                if least is not None:
                    yield f"pa.Check.str_length({name}={least}, {more})"
        case Range():
            yield from _ends(rule, more, backend)
        case Multiple() if rule.of.denominator == 1 and backend != "pyspark":
            by = rule.of.numerator
            value = "data.lazyframe.select(pl.col(data.key)" if backend == "polars" else "(data"
            yield f"pa.Check(lambda data: {value} % {by} == 0), {more})"
        case _:
            notes.append(f"{rule.id}: {rule.message}")


def _ends(rule: Range, more: str, backend: str) -> Iterator[str]:
    ends = {
        "greater_than_or_equal_to": rule.minimum,
        "greater_than": rule.exclusive_minimum,
        "less_than_or_equal_to": rule.maximum,
        "less_than": rule.exclusive_maximum,
    }
    floats = any(isinstance(end, float) for end in ends.values())
    if floats and rule.maximum is None and rule.exclusive_maximum is None and backend == "polars":
        # NaN is above every number to Polars, and lies in no range.
        yield f"pa.Check.less_than_or_equal_to(math.inf, {more})"
    for name, end in ends.items():
        if end is not None:
            yield f"pa.Check.{name}({_literal(end)}, {more})"


def _of_table(rule: Rule, backend: str, notes: list[str]) -> Iterator[str]:
    if isinstance(rule, Schema) or is_native(rule):
        return
    more = _named(rule)
    if isinstance(rule, Unique) and is_first_of_keys(rule):
        yield f"pa.Check({_first(list(rule.columns), backend)}, {more})"
    elif isinstance(rule, RowCount) and backend != "pyspark" and _holds(rule):
        number = "data.lazyframe.collect().height" if backend == "polars" else "len(data)"
        # A frame of one row: pandera.polars cannot put a bare False beside failing values.
        kept = _holds(rule).replace("rows", number)
        answer = f'pl.LazyFrame({{"holds": [{kept}]}})' if backend == "polars" else kept
        yield f"pa.Check(lambda data: {answer}, {more})"
    else:
        notes.append(f"{rule.id}: {rule.message}")


def _first(keys: list[str], backend: str) -> str:
    if backend == "pandas":
        return f"lambda data: data[{keys!r}].isna().any(axis=1) | ~data.duplicated({keys!r})"
    if backend == "pyspark":
        counted = f"data.dropna(subset={keys!r}).groupBy({keys!r}).count()"
        return f'lambda data: {counted}.where(F.col("count") > 1).isEmpty()'
    missing = f"pl.any_horizontal(pl.col({keys!r}).is_null())"
    distinct = f"pl.struct({keys!r}).is_first_distinct()"
    return f"lambda data: data.lazyframe.select({missing} | {distinct})"


def _holds(rule: RowCount) -> str:
    """The bound as a condition on `rows`."""
    first, last = (int(n) if n.denominator == 1 else float(n) for n in
                   (rule.bound.numbers[0], rule.bound.numbers[-1]))  # fmt: skip
    return {
        "mustBe": f"rows == {first}",
        "mustNotBe": f"rows != {first}",
        "mustBeGreaterThan": f"rows > {first}",
        "mustBeGreaterOrEqualTo": f"rows >= {first}",
        "mustBeLessThan": f"rows < {first}",
        "mustBeLessOrEqualTo": f"rows <= {first}",
        "mustBeBetween": f"{first} <= rows <= {last}",
        "mustNotBeBetween": f"not {first} <= rows <= {last}",
    }[rule.bound.operator.value]


def _named(rule: Rule) -> str:
    warns = ", raise_warning=True" if rule.severity is Severity.WARNING else ""
    return f"name={rule.id!r}{warns}"


def _contains(rule: Rule, patterns: Sequence[str], backend: str, notes: list[str]) -> Iterator[str]:
    """Patterns are in the words of Rust; pandera reads them as Python does before it uses them."""
    for pattern in patterns:
        text = to_python(pattern, backend)
        if is_python(text):
            yield f"pa.Check.str_contains({text!r}, {_named(rule)})"
        elif backend == "polars":
            column = f"data.lazyframe.select(pl.col(data.key).str.contains({pattern!r}))"
            yield f"pa.Check(lambda data: {column}, {_named(rule)})"
        else:
            notes.append(f"{rule.id}: {rule.message}")


def _literal(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return repr(value)
    if isinstance(value, Decimal):
        return f"decimal.{value!r}"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "math.inf" if value > 0 else "-math.inf"
    return repr(value)


def _line(note: str) -> str:
    return " ".join(note.split())
