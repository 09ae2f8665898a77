"""What a rule found, in words: always what is there, and what the contract says."""

from __future__ import annotations

from typing import Any

from mesh_dagster.contracts.rules.kinds import (
    NONE_ALLOWED,
    Allowed,
    Counted,
    Distinct,
    Format,
    Length,
    Missing,
    Multiple,
    Parsed,
    Pattern,
    Range,
    Reference,
    Required,
    RowCount,
    Size,
    Unique,
)
from mesh_dagster.contracts.rules.paths import Into, Path


def outcome(rule: Counted | Unique | RowCount | Reference, failed: int, rows: int) -> str:
    """`3 rows beyond the first of (origin, date, hour); the contract allows none`."""
    allowed = "allows none" if rule.bound == NONE_ALLOWED else f"says {rule.bound}"
    if isinstance(rule, RowCount):
        return f"{rows:,} rows; the contract {allowed}"
    of = "rows" if rule.level is None else _elements(rule.level)
    share = f" ({failed / rows:.4%} of {rows:,})" if rule.bound.percent and rows else ""
    if isinstance(rule, Unique):
        found = f"{failed:,} {of} beyond the first of ({', '.join(rule.columns)}){share}"
    else:
        found = f"{failed:,} of {rows:,} {of} {_violation(rule)}{share}"
    return f"{found}; the contract {allowed}"


def _violation(rule: Counted | Reference) -> str:
    column = rule.column
    told = ""
    match rule:
        case Required():
            told = f"have no {column}"
        case Missing():
            told = f"have a {column} that stands for a missing one"
        case Allowed():
            matching = f" matching {rule.pattern}" if rule.pattern else ""
            told = f"have another {column} than {shown(rule.values)}{matching}"
        case Pattern():
            told = f"have a {column} that does not match {rule.pattern}"
        case Length():
            bounds = range_in_words(rule.minimum, rule.maximum)
            told = f"have a {column} that has not {bounds} characters"
        case Parsed():
            told = f"have a {column} that is no {rule.type or 'value of its type'}"
        case Format():
            told = f"have a {column} that is not of the form {rule.format}"
        case Multiple():
            told = f"have a {column} that is no multiple of {float(rule.of):.15g}"
        case Size():
            same = rule.minimum == rule.maximum
            bounds = str(rule.minimum) if same else range_in_words(rule.minimum, rule.maximum)
            told = f"have a {column} that does not hold {bounds}"
        case Distinct():
            told = f"have a {column} that holds an item twice"
        case Range():
            told = f"have a {column} that is not {_ends(rule)}"
        case Reference():
            target = rule.target or rule.target_object or "the table itself"
            columns, theirs = ", ".join(rule.columns), ", ".join(rule.target_columns)
            told = f"have a ({columns}) that is not in {target} ({theirs})"
    return told


def _elements(level: Path) -> str:
    words = {Into.ITEM: "items", Into.KEY: "keys", Into.VALUE: "values"}
    last = level.steps[-1]
    held = words[last] if isinstance(last, Into) else "values"
    return f"{held} of {Path(level.column, level.steps[:-1])}"


def _ends(rule: Range) -> str:
    return range_in_words(
        rule.minimum, rule.maximum, rule.exclusive_minimum, rule.exclusive_maximum
    )


def range_in_words(
    minimum: Any = None,
    maximum: Any = None,
    exclusive_minimum: Any = None,
    exclusive_maximum: Any = None,
) -> str:
    """`at least 0 and less than 10`."""
    parts = {
        "at least": minimum,
        "more than": exclusive_minimum,
        "at most": maximum,
        "less than": exclusive_maximum,
    }
    return " and ".join(f"{word} {end}" for word, end in parts.items() if end is not None)


def shown(values: tuple[Any, ...], most: int = 5) -> str:
    """A few of the values, and how many more there are."""
    few = ", ".join(str(value) for value in values[:most])
    more = len(values) - most
    return f"{few} (and {more} more)" if more > 0 else few
