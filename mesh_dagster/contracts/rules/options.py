"""What a property's own keys promise of its values: its type, enum and logicalTypeOptions.

Which options a logicalType has, and what they take, is checked when a contract is read
(`descriptors.options`). A contract made in Python has passed no such check, so whatever cannot
be used here is an `Unsupported` rule and not an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from mesh_dagster.contracts.rules.formats import OF_MOMENTS, Form, text_format
from mesh_dagster.contracts.rules.kinds import (
    Allowed,
    Distinct,
    Format,
    Length,
    Multiple,
    Pattern,
    Range,
    Rule,
    Size,
    Unsupported,
)
from mesh_dagster.contracts.rules.literals import kind_of, value_in_zone, values_of
from mesh_dagster.contracts.rules.moments import PatternError, iso_format, moment_format
from mesh_dagster.contracts.rules.schema import Purpose
from mesh_dagster.contracts.rules.wording import range_in_words, shown
from mesh_dagster.descriptors.types import FOREIGN
from mesh_dagster.model.contract import Property
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.types import Kind

_ENDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
}
_ABOUT_THE_TYPE = {"format", "timezone", "defaultTimezone", "elementType"}
"""Options that say what is stored; the schema's rule compares that. A text's format does not."""

_CARRIED = {"distanceMetric", "embeddingModel", "embeddingModelVersion", "normalized"}
"""Advice to readers of vectors, of which nothing can be held against data."""

_DONE = {*_ENDS, *_ABOUT_THE_TYPE, *_CARRIED, "minLength", "maxLength", "pattern", "enum"}
_DONE |= {"multipleOf", "minItems", "maxItems", "uniqueItems", "dimensions"}
_DONE |= {"minProperties", "maxProperties", "required"}
_MOMENTS = ("date", "timestamp", "time")


def option_rules(each: Property, how: Purpose) -> Iterator[Rule]:
    """The rules of one property's enum and logicalTypeOptions, and of a type that says nothing."""
    if not how.standalone:
        yield from _type(each)
    for make in (_enum, _range, _multiple, _length, _pattern, _format, _size, _distinct, _others):
        yield from make(each)


def stated_enum(each: Property) -> Any:
    """The entries of a property's enum, a key of its own in ODCS 3.2 and an option elsewhere."""
    return each.rest.get("enum") or each.options.get("enum")


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


def _identity(each: Property, name: str) -> dict[str, Any]:
    return {
        "id": f"{each.column}_{name}",
        "column": each.column,
        "dimension": "conformity",
        "where": each.where,
    }


def _type(each: Property) -> Iterator[Rule]:
    named = each.physical_type or each.logical_type
    if each.type is None and named:
        yield unsupported(
            each, "type", f"{named!r} does not say which type is stored", Severity.WARNING
        )


def _kind(each: Property) -> Kind | None:
    """What the values are; a type that only the data's format has is told by it alone."""
    named = (each.physical_type or "").strip().lower() in FOREIGN
    return None if named else kind_of(each)


def _enum(each: Property) -> Iterator[Rule]:
    entries = stated_enum(each)
    if not entries:
        if entries == [] or each.rest.get("enum") == []:
            yield unsupported(each, "allowed", "the enum has no value, and so allows none")
        return
    try:
        zone = each.options.get("defaultTimezone")
        values = values_of(enum_values(entries), _kind(each), zone)
    except (ValueError, TypeError) as error:
        yield unsupported(each, "allowed", f"of the enum, {error}")
        return
    message = f"every {each.column} is one of {shown(values)}"
    yield Allowed(**_identity(each, "allowed"), message=message, values=values)


def _range(each: Property) -> Iterator[Rule]:
    given = _ends(each.options)
    if not given:
        return
    kind, zone = _kind(each), each.options.get("defaultTimezone")
    try:
        ends = {_ENDS[key]: value_in_zone(given[key], kind, zone) for key in given}
    except ValueError as error:
        yield unsupported(each, "range", f"of its ends, {error}")
        return
    message = f"every {each.column} is {range_in_words(**ends)}"
    yield Range(**_identity(each, "range"), message=message, **ends)


def _ends(options: Mapping[str, Any]) -> dict[str, Any]:
    """The ends that are given; in ODCS 3.0 an exclusive one is an inclusive one and a flag."""
    given = {key: options[key] for key in _ENDS if options.get(key) is not None}
    for end, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(given.get(exclusive), bool):
            flagged = given.pop(exclusive)
            if flagged and end in given:
                given[exclusive] = given.pop(end)
    return given


def _multiple(each: Property) -> Iterator[Rule]:
    of = each.options.get("multipleOf")
    if of is None:
        return
    number = isinstance(of, int | float) and not isinstance(of, bool) and 0 < of < float("inf")
    if not number:
        yield unsupported(each, "multiple", f"multipleOf is a number above 0, not {of!r}")
        return
    message = f"every {each.column} is a multiple of {of}"
    yield Multiple(**_identity(each, "multiple"), message=message, of=Fraction(str(of)))


def _length(each: Property) -> Iterator[Rule]:
    least, most = each.options.get("minLength"), each.options.get("maxLength")
    if least is None and most is None:
        return
    if not _counts(least, most):
        yield unsupported(each, "length", f"a length is a whole number, not {least!r}, {most!r}")
        return
    message = f"every {each.column} has {range_in_words(least, most)} characters"
    yield Length(**_identity(each, "length"), message=message, minimum=least, maximum=most)


def _pattern(each: Property) -> Iterator[Rule]:
    pattern = each.options.get("pattern")
    if pattern is None:
        return
    if not isinstance(pattern, str):
        yield unsupported(each, "pattern", f"a pattern is a text, not {pattern!r}")
        return
    message = f"every {each.column} matches {pattern}"
    yield Pattern(**_identity(each, "pattern"), message=message, pattern=pattern)


def _format(each: Property) -> Iterator[Rule]:
    """The form of a text: a named one, or how it writes a date."""
    format_ = each.options.get("format")
    if format_ is None or _kind(each) is not Kind.STRING:
        return
    try:
        if each.logical_type in _MOMENTS:
            found: Form | None = moment_format(format_)
        else:
            found = iso_format(format_) if format_ in OF_MOMENTS else text_format(format_)
    except (PatternError, LookupError, TypeError) as error:
        yield unsupported(each, "format", str(error.args[0]), Severity.WARNING)
        return
    if found is not None:
        message = f"every {each.column} is of the form {format_}"
        yield Format(
            **_identity(each, "format"),
            message=message,
            format=format_,
            patterns=found.patterns,
            refused=found.refused,
        )


def _size(each: Property) -> Iterator[Rule]:
    options = each.options
    dimensions = options.get("dimensions")
    words = (
        ("items", options.get("minItems"), options.get("maxItems")),
        ("properties", options.get("minProperties"), options.get("maxProperties")),
        ("dimensions", dimensions, dimensions),
    )
    for name, least, most in words:
        if least is None and most is None:
            continue
        if not _counts(least, most):
            reason = f"a number of {name} is a whole one, not {least!r}, {most!r}"
            yield unsupported(each, name, reason)
            continue
        bounds = f"{least}" if least == most else range_in_words(least, most)
        yield Size(
            **_identity(each, name),
            message=f"every {each.column} has {bounds} {name}",
            minimum=least,
            maximum=most,
        )


def _distinct(each: Property) -> Iterator[Rule]:
    wanted = each.options.get("uniqueItems")
    if wanted not in (None, True, False):
        yield unsupported(each, "distinct", f"uniqueItems is true or false, not {wanted!r}")
    elif wanted:
        message = f"no {each.column} holds an item twice"
        yield Distinct(**_identity(each, "distinct"), message=message)


def _others(each: Property) -> Iterator[Rule]:
    for key in each.options:
        if key not in _DONE:
            yield unsupported(each, key, f"{key} is no option of a {each.logical_type}")


def _counts(*ends: Any) -> bool:
    return all(end is None or (type(end) is int and end >= 0) for end in ends)
