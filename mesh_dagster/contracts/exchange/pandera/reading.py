"""A pandera schema that exists -> a contract: `contract_from(schema)`.

pandera's own checks become promises of the contract. A team's own checks are Python: the
contract names them in words, and `FromPandera.own` still runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeVar

import polars as pl

from mesh_dagster.contracts.exchange.document import name_of
from mesh_dagster.contracts.exchange.families import family_of
from mesh_dagster.contracts.exchange.imported import Imported, imported
from mesh_dagster.contracts.exchange.patterns import from_python
from mesh_dagster.contracts.exchange.types import typed
from mesh_dagster.contracts.rules.kinds import PLATFORM_COLUMNS
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.types import ColumnType, Kind
from mesh_dagster.ports.types import type_from_polars

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OPTIONS = {
    "greater_than_or_equal_to": ("min_value", "minimum"),
    "greater_than": ("min_value", "exclusiveMinimum"),
    "less_than_or_equal_to": ("max_value", "maximum"),
    "less_than": ("max_value", "exclusiveMaximum"),
}


@dataclass(frozen=True, slots=True)
class FromPandera:
    """A contract, the schema it was made from, and what only that schema can check.

    Above a function it marks what the function returns: `asset_checks_from` finds it there.
    """

    schema: Any
    imported: Imported
    own: tuple[str, ...] = ()
    """The team's own checks, by name."""

    @property
    def contract(self) -> Contract:
        return self.imported.contract

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the schema the contract does not hold."""
        return self.imported.notes

    def __call__(self, function: _Function) -> _Function:
        function.__mesh_contract__ = self  # type: ignore[attr-defined]
        return function


@dataclass(slots=True)
class _Reading:
    notes: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)


def contract_from(schema: Any, *, id: str | None = None, name: str | None = None) -> FromPandera:
    """The contract that a pandera schema states; `.contract` is it, `.notes` what it leaves out.

    `schema` is a `DataFrameSchema` or a `DataFrameModel` of pandera.polars or pandera.pandas.
    `id` and `name` are the contract's and its table's, by default the schema's own name. Raises
    `UsageError` for anything else.
    """
    given = schema.to_schema() if hasattr(schema, "to_schema") else schema
    if not hasattr(given, "columns") or not isinstance(given.columns, dict):
        raise UsageError(
            f"{type(schema).__name__} is no DataFrameSchema or DataFrameModel of pandera",
            code="MESH-C054",
        )
    kept = {key: value for key, value in (given.metadata or {}).items() if isinstance(value, str)}
    own = name or kept.get("table") or given.name or getattr(schema, "__name__", None) or "table"
    reading = _Reading()
    columns = [
        _property(str(key), column, reading)
        for key, column in given.columns.items()
        if key not in PLATFORM_COLUMNS
    ]
    table: dict[str, Any] = {
        "name": name_of(str(own).rpartition("/")[2] if "://" in str(own) else str(own))
    }
    if given.description:
        table["description"] = given.description
    table["properties"] = [each for each in columns if each is not None]
    if quality := list(_of_table(given, reading)):
        table["quality"] = quality
    if given.strict is not True:
        table["customProperties"] = [{"property": "additionalColumns", "value": True}]
    if given.strict == "filter":
        reading.notes.append("strict='filter' drops other columns; the contract lets them be")
    _parsing(given, reading)
    kept["id"] = id or kept.get("contract") or table["name"]
    document = imported(
        table["name"], [table], reading.notes, f"the pandera schema {own}", kept=kept
    )
    return FromPandera(given, document, tuple(reading.own))


def _parsing(schema: Any, reading: _Reading) -> None:
    """What changes data rather than judging it."""
    changed = [str(name) for name, column in schema.columns.items() if column.coerce]
    if schema.coerce or changed:
        of = ", ".join(changed) or "every column"
        reading.notes.append(f"coerce of {of}: a contract judges data and changes none")
    if getattr(schema, "parsers", None):
        reading.notes.append("parsers: a contract judges data and changes none")
    if getattr(schema, "index", None) is not None:
        reading.notes.append("the index: a contract is about columns")
    if getattr(schema, "ordered", False):
        reading.notes.append("ordered: the order of columns is nothing that a contract promises")


def _property(name: str, column: Any, reading: _Reading) -> dict[str, Any] | None:
    if column.regex:
        reading.notes.append(f"columns that match {name!r}: a contract names each column")
        return None
    document: dict[str, Any] = {"name": name, **_typed(name, column.dtype, reading)}
    if not column.nullable and column.required:
        document["required"] = True
    elif not column.nullable:
        reading.notes.append(f"{name} may be absent and never null; here it may be null then")
    elif column.required:
        reading.notes.append(f"{name} must be there and may be null; here it may be absent too")
    if column.unique:
        document["unique"] = True
    if said := column.description or column.title:
        document["description"] = str(said)
    for check in column.checks:
        _take(name, check, document, reading)
    if own := [each for each in column.checks if is_own(each)]:
        document.setdefault("quality", []).extend(_in_words(each, reading) for each in own)
    return document


def _typed(name: str, dtype: Any, reading: _Reading) -> dict[str, Any]:
    if dtype is None:
        return {}
    exact = _type_of(dtype)
    if isinstance(exact, ColumnType):
        return typed(exact)
    family = family_of(exact) if isinstance(exact, pl.DataType) else None
    if family is None:
        reading.notes.append(f"the type of {name}, {dtype}: a contract has no word for it")
        return {}
    return typed(family, physical=False)


def _type_of(dtype: Any) -> ColumnType | pl.DataType | None:
    """In the mesh's words, else in Polars' own."""
    inner = getattr(dtype, "type", None)
    named = type(dtype).__name__
    if named == "Date":
        return ColumnType(Kind.DATE)
    if named == "Decimal" and hasattr(dtype, "precision"):
        return ColumnType(Kind.DECIMAL, dtype.precision, dtype.scale)
    if isinstance(inner, type) and issubclass(inner, pl.DataType):
        inner = inner()
    if not isinstance(inner, pl.DataType):
        inner = _of_pandas(inner)
    found = type_from_polars(inner) if inner is not None else None
    return found if isinstance(found, ColumnType) else inner


def _of_pandas(dtype: Any) -> pl.DataType | None:
    import pandas as pd

    if str(dtype) == "object":
        return None
    try:
        return pl.from_pandas(pd.DataFrame({"a": pd.Series([], dtype=dtype)})).schema["a"]
    except (TypeError, ValueError, pl.exceptions.PolarsError):
        return None


def is_own(check: Any) -> bool:
    """Whether somebody wrote the check: the contract has words for it and no rule."""
    return _builtin(check) is None


def name_of_check(check: Any) -> str:
    """What a check is called, in letters, digits and underscores."""
    function = getattr(check, "_check_fn", None)
    return name_of(str(getattr(check, "name", None) or getattr(function, "__name__", "check")))


def _builtin(check: Any) -> str | None:
    """The name of pandera's own check; None of one that somebody wrote."""
    found = getattr(check._check_fn, "_name", None)
    return found if isinstance(found, str) and not check.groupby else None


def _take(name: str, check: Any, document: dict[str, Any], reading: _Reading) -> None:
    """Put what a check of pandera's own says into a property."""
    kind = _builtin(check)
    if kind is None:
        return
    said = check.statistics or {}
    if check.raise_warning:
        _take_warning(name, check, document, reading)
        return
    options = document.setdefault("logicalTypeOptions", {})
    found = dict(_options(kind, said))
    taken = [key for key in found if key in options and options[key] != found[key]]
    values = said.get("allowed_values") or ([said["value"]] if kind == "equal_to" else [])
    if found and not taken:
        options |= found
    elif kind in ("isin", "equal_to") and "enum" not in document:
        document["enum"] = [{"value": _plain(each)} for each in sorted(values, key=repr)]
    else:
        reading.notes.append(f"{name}: {check.error or kind} has no place in a contract")
    if not options:
        del document["logicalTypeOptions"]


def _take_warning(name: str, check: Any, document: dict[str, Any], reading: _Reading) -> None:
    """Options of a contract fail; a rule of quality may only warn."""
    values = (check.statistics or {}).get("allowed_values")
    if values is None:
        told = check.error or check.name
        reading.notes.append(f"{name}: {told} only warns, which no option of a contract does")
        return
    arguments = {"validValues": [_plain(each) for each in sorted(values, key=repr)]}
    rule = {"metric": "invalidValues", "arguments": arguments, "mustBe": 0, "severity": "warning"}
    document.setdefault("quality", []).append(rule)


def _options(kind: str, said: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if kind in _OPTIONS:
        statistic, option = _OPTIONS[kind]
        yield option, _plain(said[statistic])
    elif kind == "in_range":
        for end, word in (("min", "inimum"), ("max", "aximum")):
            inclusive = said.get(f"include_{end}", True)
            yield ("m" + word if inclusive else f"exclusiveM{word}"), _plain(said[f"{end}_value"])
    elif kind == "str_length":
        exact = said.get("exact_value")
        for key, end in (("minLength", "min_value"), ("maxLength", "max_value")):
            if (length := said.get(end) if exact is None else exact) is not None:
                yield key, length
    elif pattern := _pattern(kind, said):
        yield "pattern", pattern


def _pattern(kind: str, said: dict[str, Any]) -> str | None:
    match kind:
        case "str_contains":
            return _read(said["pattern"])
        case "str_matches":
            # pandera matches from the start of the text on.
            found = _read(said["pattern"])
            bound = found is None or (found.startswith("^") and "|" not in found)
            return found if bound else f"^(?:{found})"
        case "str_startswith":
            return f"^{re.escape(str(said['string']))}"
        case "str_endswith":
            return f"{re.escape(str(said['string']))}$"
    return None


def _read(given: str | re.Pattern[str]) -> str | None:
    if isinstance(given, re.Pattern):
        return from_python(given.pattern, given.flags)
    return from_python(given)


def _of_table(schema: Any, reading: _Reading) -> Iterator[dict[str, Any]]:
    if schema.unique:
        keys = [schema.unique] if isinstance(schema.unique, str) else list(schema.unique)
        yield {
            "metric": "duplicateValues",
            "arguments": {"properties": [str(key) for key in keys]},
            "mustBe": 0,
        }
    for check in schema.checks:
        if is_own(check):
            yield _in_words(check, reading)
        else:
            reading.notes.append(
                f"{check.error or check.name} on the whole frame: say it of columns"
            )


def _in_words(check: Any, reading: _Reading) -> dict[str, Any]:
    name = name_of_check(check)
    if name not in reading.own:
        reading.own.append(name)
    reading.notes.append(f"the team's own check {name}: it is Python, and stays with pandera")
    told = check.description or check.title or check.error or f"pandera check {name}"
    return {"type": "text", "name": name, "description": str(told)}


def _plain(value: Any) -> Any:
    """A value as a document has it: decimals as numbers, moments as text."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str) else str(value)
