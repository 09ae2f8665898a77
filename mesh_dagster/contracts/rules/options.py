"""What a property's own keys promise of its values: enum, range, length, pattern."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dagster.contracts.rules.kinds import Allowed, Length, Pattern, Range, Rule, Unsupported
from mesh_dagster.contracts.rules.literals import kind_of, value_of, values_of
from mesh_dagster.contracts.rules.wording import range_in_words, shown
from mesh_dagster.model.contract import Property
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import Kind

_ENDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
}
_ABOUT_THE_TYPE = {"format", "timezone", "defaultTimezone", "elementType", "dimensions"}
"""Options that say what is stored; the schema rule compares that. `format` of a text does not."""

_DONE = {*_ENDS, *_ABOUT_THE_TYPE, "minLength", "maxLength", "pattern", "enum"}


def option_rules(each: Property) -> Iterator[Rule]:
    """The rules of one column's enum and logicalTypeOptions."""
    for make in (_type, _enum, _range, _length, _pattern, _format, _others):
        yield from make(each)


def enum_values(entries: Any) -> list[Any]:
    """The values of an ODCS enum: of 3.2's `{value: ...}` entries, or plain ones."""
    return [each.get("value") if isinstance(each, Mapping) else each for each in entries]


def unsupported(
    each: Property, name: str, reason: str, severity: Severity = Severity.ERROR
) -> Unsupported:
    """The rule that says why one promise on a column cannot be checked."""
    return Unsupported(
        id=f"{each.column}_{name}",
        message=f"what the contract says of the {name} of {each.column}",
        column=each.column,
        dimension="conformity",
        severity=severity,
        where=each.where,
        reason=reason,
    )


def _type(each: Property) -> Iterator[Rule]:
    named = each.physical_type or each.logical_type
    if each.type is None and named:
        yield unsupported(
            each, "type", f"{named!r} does not say which type is stored", Severity.WARNING
        )


def _enum(each: Property) -> Iterator[Rule]:
    entries = each.rest.get("enum") or each.options.get("enum")
    if not entries:
        return
    try:
        values = values_of(enum_values(entries), kind_of(each.type, each.logical_type))
    except (ValueError, TypeError) as error:
        yield unsupported(each, "allowed", f"of the enum, {error}")
        return
    yield Allowed(
        id=f"{each.column}_allowed",
        message=f"every {each.column} is one of {shown(values)}",
        column=each.column,
        dimension="conformity",
        where=each.where,
        values=values,
    )


def _range(each: Property) -> Iterator[Rule]:
    given = {key: each.options[key] for key in _ENDS if each.options.get(key) is not None}
    if not given:
        return
    kind = kind_of(each.type, each.logical_type)
    try:
        ends = {_ENDS[key]: value_of(value, kind) for key, value in given.items()}
    except ValueError as error:
        yield unsupported(each, "range", f"of its ends, {error}")
        return
    yield Range(
        id=f"{each.column}_range",
        message=f"every {each.column} is {range_in_words(**ends)}",
        column=each.column,
        dimension="conformity",
        where=each.where,
        **ends,
    )


def _length(each: Property) -> Iterator[Rule]:
    least, most = each.options.get("minLength"), each.options.get("maxLength")
    if least is None and most is None:
        return
    if not all(end is None or (type(end) is int and end >= 0) for end in (least, most)):
        yield unsupported(each, "length", f"a length is a whole number, not {least!r}, {most!r}")
        return
    yield Length(
        id=f"{each.column}_length",
        message=f"every {each.column} has {range_in_words(least, most)} characters",
        column=each.column,
        dimension="conformity",
        where=each.where,
        minimum=least,
        maximum=most,
    )


def _pattern(each: Property) -> Iterator[Rule]:
    pattern = each.options.get("pattern")
    if pattern is None:
        return
    if not isinstance(pattern, str):
        yield unsupported(each, "pattern", f"a pattern is a text, not {pattern!r}")
        return
    yield Pattern(
        id=f"{each.column}_pattern",
        message=f"every {each.column} matches {pattern}",
        column=each.column,
        dimension="conformity",
        where=each.where,
        pattern=pattern,
    )


def _format(each: Property) -> Iterator[Rule]:
    format_ = each.options.get("format")
    if format_ is not None and kind_of(each.type, each.logical_type) is Kind.STRING:
        reason = f"the format {format_!r} of a text cannot be checked yet; give a pattern instead"
        yield unsupported(each, "format", reason, Severity.WARNING)


def _others(each: Property) -> Iterator[Rule]:
    for key in each.options:
        if key not in _DONE:
            yield unsupported(each, key, f"the option {key} cannot be checked yet")
