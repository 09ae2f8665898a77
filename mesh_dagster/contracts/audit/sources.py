"""The file of a source system against its contract: which columns it really has, and of what.

A source belongs to nobody in the mesh, and changes without notice: what it has is looked at
before a transform reads it. Formats of text have no types of their own; there a column has that
type which all its values can be read as, and any type fits that holds those values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

import polars as pl

from mesh_dagster.contracts.audit.data.frame import Frame, stream
from mesh_dagster.contracts.audit.run import audit
from mesh_dagster.contracts.rules.compile import rules
from mesh_dagster.contracts.rules.grammar import a_value
from mesh_dagster.contracts.rules.kinds import Schema
from mesh_dagster.contracts.rules.literals import kind_of
from mesh_dagster.model.contract import Contract, Property
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.types import Kind

ALIKE = 0.5
"""How alike the names of a column that is gone and a new one are, to be guessed the same."""

_WHOLE = frozenset({Kind.INT, Kind.LONG})
_NUMBERS = _WHOLE | {Kind.FLOAT, Kind.DOUBLE, Kind.DECIMAL}
_MOMENTS = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_LOGICAL = {"timestamp": Kind.TIMESTAMPTZ}


@dataclass(frozen=True, slots=True)
class SourceAudit:
    """What a source's contract says of what was found, and the columns that were found."""

    results: tuple[RuleResult, ...]
    columns: Mapping[str, str]
    changes: tuple[str, ...] = ()
    """What is different from the last good read, in words."""

    @property
    def blocks(self) -> bool:
        """Whether it must not be read."""
        return any(result.blocks for result in self.results)


def audit_source(
    contract: Contract,
    data: pl.LazyFrame,
    *,
    texts: bool,
    last: Mapping[str, str] | None = None,
    port: str | None = None,
) -> SourceAudit:
    """Hold a source against its contract: its columns first, then, if those hold, its rows.

    `texts`: its format knows only texts. `last` is what it had at its last good read. Raises
    `EvaluationError` when it cannot be read.
    """
    found = Frame.of(data).types()
    columns = {name: str(type_) for name, type_ in found.items()}
    changes = tuple(changed(last, columns)) if last is not None else ()
    checked = rules(contract)
    schema = next(rule for rule in checked if isinstance(rule, Schema))
    if texts:
        problems = tuple(_problems(contract, columns, found, data))
        result = _schema_result(schema, problems, len(columns))
    else:
        result = replace(audit([schema], data)[0], port=port)
    if changes and result.verdict is not Verdict.PASSED:
        result = replace(
            result, message=f"{result.message}; since it was last read: {_all(changes)}"
        )
    results = [replace(result, port=port)]
    if result.verdict is Verdict.PASSED and (others := [r for r in checked if r is not schema]):
        rows = _read(contract, data) if texts else data
        results += audit(others, rows, port=port)
    return SourceAudit(tuple(results), columns, changes)


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """What is different in the columns of a source, in words: added, gone, renamed, retyped."""
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    for name, other in renamed(before, now).items():
        gone.remove(name)
        new.remove(other)
        yield f"{name} seems to be named {other} now"
    yield from (f"{name} is gone" for name in gone)
    yield from (f"{name} is new, a {now[name]}" for name in new)
    for name, type_ in before.items():
        if name in now and now[name] != type_:
            yield f"{name} was {type_} and is {now[name]}"


def renamed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """A guess which column that is gone is which new one: of the same type, alike or in place."""
    new = [name for name in now if name not in before]
    found: dict[str, str] = {}
    for name in (each for each in before if each not in now):
        same = [each for each in new if now[each] == before[name]]
        in_place = list(now)[list(before).index(name)] if len(before) == len(now) else None
        likely = [(_alike(name, each) + (each == in_place), each) for each in same]
        score, other = max(likely, default=(0.0, ""))
        if score >= ALIKE:
            found[name] = other
            new.remove(other)
    return found


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()


def _problems(
    contract: Contract, columns: Mapping[str, str], found: Mapping[str, Any], data: pl.LazyFrame
) -> Iterator[tuple[str, str]]:
    """(column, what is wrong with it) of a format of texts."""
    declared = {each.column: each for each in contract.table.properties}
    expected = {
        name: columns.get(name, str(each.type or each.logical_type))
        for name, each in declared.items()
    }
    guesses = renamed(expected, columns)
    closed = contract.table.additional is Severity.ERROR
    texts = [name for name in declared if str(found.get(name)) == Kind.STRING]
    unread = _unreadable({name: declared[name] for name in texts}, data)
    for name, each in declared.items():
        if name not in columns:
            known_as = guesses.get(name)
            if each.required or each.primary_key is not None or (known_as and closed):
                guess = f", and there is {known_as}: renamed?" if known_as else ""
                yield name, f"{name} is missing{guess}"
        elif name in unread:
            yield (
                name,
                f"{name} holds {unread[name]!r}, which is not {a_value(_kind(each) or 'value')}",
            )
        elif not _fits(columns[name], _kind(each)):
            yield name, f"{name} is {columns[name]}, and {_kind(each)} in the contract"
    if closed:
        for name in columns:
            if name not in declared and name not in guesses.values():
                yield name, f"{name} is not in the contract"


def _schema_result(schema: Schema, problems: Sequence[tuple[str, str]], checked: int) -> RuleResult:
    message = "; ".join(told for _, told in problems) or schema.message
    return RuleResult(
        rule=schema.id,
        kind=schema.kind,
        verdict=Verdict.FAILED if problems else Verdict.PASSED,
        severity=schema.severity,
        message=message,
        dimension=schema.dimension,
        checked=checked,
        failed=len(problems),
        where=schema.where,
        columns=tuple(problems),
    )


def _kind(declared: Property) -> Kind | None:
    kind = kind_of(declared.type, declared.logical_type)
    return kind or _LOGICAL.get(declared.logical_type or "")


def _fits(found: str, kind: Kind | None) -> bool:
    """Whether a column of texts that could all be read as the found type holds the declared."""
    if kind is None or found in (kind, Kind.STRING):
        return True
    if kind is Kind.STRING:
        return found not in {str(each) for each in (Kind.LIST, Kind.STRUCT, Kind.MAP)}
    whole = found in {str(each) for each in _WHOLE}
    number = found in {str(each) for each in _NUMBERS}
    return (whole and kind in _NUMBERS) or (number and kind in _NUMBERS - _WHOLE)


def _unreadable(declared: Mapping[str, Property], data: pl.LazyFrame) -> dict[str, str]:
    """Column of texts -> one of its values that its declared type cannot be read from."""
    firsts = []
    for name, each in declared.items():
        kind = _kind(each)
        if kind in (None, Kind.STRING, Kind.BINARY):
            continue
        text = pl.col(name)
        bad = text.is_not_null() & _parsed(text, kind).is_null()
        firsts.append(text.filter(bad).first().alias(name))
    if not firsts:
        return {}
    row = stream(data.select(firsts)).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def _parsed(text: pl.Expr, kind: Kind | None) -> pl.Expr:
    match kind:
        case Kind.DATE:
            return text.str.to_date("%Y-%m-%d", strict=False)
        case Kind.TIME:
            return text.str.to_time("%H:%M:%S", strict=False)
        case Kind.TIMESTAMP | Kind.TIMESTAMPTZ:
            zone = "UTC" if kind is Kind.TIMESTAMPTZ else None
            forms = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")
            zoned = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
            plain = [
                text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone(zone)
                for form in forms
            ]
            if zone is None:
                return pl.coalesce(plain)
            aware = [
                text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
                for form in zoned
            ]
            return pl.coalesce(*plain, *aware)
        case Kind.BOOLEAN:
            lower = text.str.to_lowercase()
            return pl.when(lower.is_in(["true", "false"])).then(lower == "true")
    whole = kind in _WHOLE
    return text.str.strip_chars().cast(pl.Int64 if whole else pl.Float64, strict=False)


def _read(contract: Contract, data: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with the types of the contract, all of which can be read."""
    schema = data.collect_schema()
    parsed = []
    for each in contract.table.properties:
        kind = _kind(each)
        dtype = schema.get(each.column)
        if dtype is None or kind is None:
            continue
        column = pl.col(each.column)
        if dtype == pl.String and kind is not Kind.STRING:
            parsed.append(_parsed(column, kind))
        elif kind is Kind.STRING and not dtype.is_nested():
            parsed.append(column.cast(pl.String))
    return data.with_columns(parsed)


def _all(changes: Sequence[str]) -> str:
    return ", ".join(changes)
