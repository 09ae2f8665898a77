"""What a rule found, in words: always what is there, and what the contract says."""

from __future__ import annotations

from typing import Any

from mesh_dagster.contracts.rules.grammar import a, a_value, count, have, key
from mesh_dagster.contracts.rules.kinds import (
    NONE_ALLOWED,
    Allowed,
    Bound,
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
    if isinstance(rule, RowCount):
        return f"{count(rows, 'row')}; {allowed(rule.bound)}"
    one, many = ("row", "rows") if rule.level is None else _elements(rule.level)
    share = f" ({failed / rows:.4%} of {rows:,})" if rule.bound.percent and rows else ""
    if isinstance(rule, Unique):
        found = f"{count(failed, one, many)} beyond the first of ({', '.join(rule.columns)})"
    else:
        of = one if rows == 1 else many
        found = f"{failed:,} of {rows:,} {of} {have(failed)} {_violation(rule)}"
    return f"{found}{share}; {allowed(rule.bound)}"


def allowed(bound: Bound) -> str:
    """What the contract says of how many there may be."""
    return "the contract allows none" if bound == NONE_ALLOWED else f"the contract says {bound}"


def _violation(rule: Counted | Reference) -> str:
    told = a(rule.column or "")
    match rule:
        case Required():
            told = f"no {rule.column}"
        case Missing():
            told += " that stands for a missing one"
        case Allowed():
            matching = f" matching {rule.pattern}" if rule.pattern else ""
            told += f" other than {shown(rule.values)}{matching}"
        case Pattern():
            told += f" that does not match {rule.pattern}"
        case Length():
            told += f" that does not have {_number(rule, 'character')}"
        case Parsed():
            told += f" that is not {a_value(rule.type) if rule.type else 'of its type'}"
        case Format():
            told += f" that is not of the form {rule.format}"
        case Multiple():
            told += f" that is no multiple of {float(rule.of):.15g}"
        case Size():
            told += f" that does not hold {_number(rule, 'value')}"
        case Distinct():
            told += " that holds an item twice"
        case Range():
            told += f" that is not {_ends(rule)}"
        case Reference():
            target = rule.target or rule.target_object or "the table itself"
            theirs = ", ".join(rule.target_columns)
            told = f"{a(key(rule.columns))} that is not in {target} ({theirs})"
    return told


def _number(rule: Length | Size, one: str) -> str:
    """`at least 2 and at most 5 values`, `1 character`."""
    ends = [end for end in (rule.minimum, rule.maximum) if end is not None]
    same = rule.minimum == rule.maximum
    told = f"{ends[0]:,}" if same else range_in_words(rule.minimum, rule.maximum)
    return f"{told} {one}" if ends[-1] == 1 else f"{told} {one}s"


def _elements(level: Path) -> tuple[str, str]:
    words = {Into.ITEM: "item", Into.KEY: "key", Into.VALUE: "value"}
    last = level.steps[-1]
    held = words[last] if isinstance(last, Into) else "value"
    inside = Path(level.column, level.steps[:-1])
    return f"{held} of {inside}", f"{held}s of {inside}"


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
    return " and ".join(f"{word} {_plain(end)}" for word, end in parts.items() if end is not None)


def shown(values: tuple[Any, ...], most: int = 5) -> str:
    """A few of the values, and how many more there are."""
    few = ", ".join(_plain(value) for value in values[:most])
    more = len(values) - most
    return f"{few} (and {more} more)" if more > 0 else few


def _plain(value: Any) -> str:
    """A value as the contract's author wrote it: 150 is 150 in a column of floats too."""
    return f"{value:.15g}" if isinstance(value, float) else str(value)
