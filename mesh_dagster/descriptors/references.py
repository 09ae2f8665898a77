"""How ODCS names what a foreign key points to, and back.

`orders.id` and `schema/orders/properties/id` lie in the same contract;
`network/airports/v1.yaml#schema/airports/properties/faa` is another product's port, by the path
of its address, because the standard allows no `mesh://` there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mesh_dagster.descriptors.custom import Custom, with_custom
from mesh_dagster.descriptors.shape import Choice
from mesh_dagster.descriptors.source import Map, Source, shown
from mesh_dagster.descriptors.syntax import plain
from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Relationship
from mesh_dagster.model.finding import Severity

SEVERITY = Choice(tuple(Severity))
_SHORTHAND = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*(\.[A-Za-z_][A-Za-z0-9_\-]*)+", re.ASCII)
_FILE = re.compile(r"\.ya?ml$")
_FORMS = "<domain>/<product>/v1.yaml#schema/<table>/properties/<column>, or <table>.<column>"


@dataclass(frozen=True, slots=True)
class Reference:
    """One column somewhere: in this contract when `target` is None."""

    target: str | None
    table: str
    column: str


class ReferenceFormError(ValueError):
    """The text is no reference; says why."""


def parse_reference(text: str) -> Reference:
    """Read one of the standard's forms. Raises `ReferenceFormError`."""
    if _SHORTHAND.fullmatch(text):
        table, _, column = text.partition(".")
        return Reference(None, table, column)
    place, hash_, inside = text.rpartition("#")
    match inside.removeprefix("/").split("/"):
        case ["schema", table, *rest] if table and len(rest) % 2 == 0 and rest:
            names, keys = rest[1::2], set(rest[::2])
        case _:
            raise ReferenceFormError(f"is {shown(text)}, expected {_FORMS}")
    if keys != {"properties"} or not all(names):
        raise ReferenceFormError(f"is {shown(text)}, expected {_FORMS}")
    return Reference(_target(place) if hash_ else None, table, ".".join(names))


def _target(place: str) -> str:
    path, found = _FILE.subn("", place)
    if not found:
        raise ReferenceFormError(f"names the file {shown(place)}, expected {_FORMS}")
    try:
        address = Address.parse(path)
    except AddressError as error:
        raise ReferenceFormError(f"names {shown(path)}: {error.what}") from None
    if address.major is None:
        raise ReferenceFormError(
            f"names {shown(path)} without its major, expected {address.domain}/{address.product}/v1"
        )
    return address.path


def write_reference(reference: Reference) -> str:
    """The text of a reference, in the shortest form that the standard allows."""
    short = f"{reference.table}.{reference.column}"
    if reference.target is None and _SHORTHAND.fullmatch(short):
        return short
    columns = "/".join(f"properties/{name}" for name in reference.column.split("."))
    place = "" if reference.target is None else f"{reference.target}.yaml#"
    return f"{place}schema/{reference.table}/{columns}"


def relationships_from(
    data: Map, table: str, column: str | None, source: Source
) -> tuple[Relationship, ...]:
    """The foreign keys of a table (`column` None) or of one of its columns."""
    read = [_relationship(each, table, column, source) for each in data.get("relationships", ())]
    return tuple(each for each in read if each is not None)


def _relationship(data: Map, table: str, column: str | None, source: Source) -> Relationship | None:
    found = len(source.findings)
    targets = _references(data, "to", source)
    columns = (column,) if column is not None else _own_columns(data, table, source)
    if column is not None and "from" in data:
        message = f"`from` of a relationship of {column} says nothing: it is from {column}"
        line = data.line_of("from")
        source.report("MESH-D054", message, line, fix="remove it", severity=Severity.WARNING)
    errors = [each for each in source.findings[found:] if each.severity is Severity.ERROR]
    if errors or not targets:
        return None
    first = targets[0]
    if any((each.target, each.table) != (first.target, first.table) for each in targets):
        message = "`to` names columns of several tables; a foreign key points to one"
        source.report("MESH-D017", message, data.line_of("to"))
    if len(targets) != len(columns):
        message = f"`from` has {len(columns)} columns and `to` has {len(targets)}"
        source.report("MESH-D017", message, data.line_of("to"))
    custom = Custom(data, source)
    rest = {key: plain(data[key]) for key in data if key not in ("from", "to", "customProperties")}
    if kept := custom.rest(("severity",)):
        rest["customProperties"] = kept
    severity = custom.take("severity", SEVERITY) or usual_severity(first.target)
    return Relationship(
        columns=columns,
        target=first.target,
        target_object=first.table,
        target_columns=tuple(each.column for each in targets),
        severity=Severity(severity),
        where=source.at(data.line),
        rest=rest,
    )


def usual_severity(target: str | None) -> Severity:
    """What a foreign key is that says nothing: another product may be late, a contract is whole."""
    return Severity.ERROR if target is None else Severity.WARNING


def _references(data: Map, key: str, source: Source) -> list[Reference]:
    value = data.get(key, ())
    texts: Sequence[str] = [value] if isinstance(value, str) else value
    references = []
    for text in texts:
        try:
            references.append(parse_reference(text))
        except ReferenceFormError as error:
            source.report("MESH-D017", f"`{key}` {error}", data.line_of(key))
    if key in data and not texts:
        source.report("MESH-D017", f"`{key}` names no column", data.line_of(key))
    return references


def _own_columns(data: Map, table: str, source: Source) -> tuple[str, ...]:
    if "from" not in data:
        message = "`from` is missing; a table's relationship says which of its columns it means"
        source.report("MESH-D009", message, data.line)
        return ()
    own = _references(data, "from", source)
    for each in own:
        if each.target is not None or each.table != table:
            message = f"`from` is {write_reference(each)}, a column elsewhere than in `{table}`"
            source.report("MESH-D017", message, data.line_of("from"))
    return tuple(each.column for each in own)


def relationship_document(
    relationship: Relationship, table: str, *, of_table: bool
) -> dict[str, Any]:
    """A foreign key as ODCS has it, under a table or under its column."""
    to = [
        write_reference(Reference(relationship.target, relationship.target_object, column))
        for column in relationship.target_columns
    ]
    document: dict[str, Any] = {}
    if of_table:
        own = [write_reference(Reference(None, table, each)) for each in relationship.columns]
        document["from"] = own if len(own) > 1 else own[0]
    document["to"] = to if len(to) > 1 else to[0]
    changed = relationship.severity is not usual_severity(relationship.target)
    noted = any(
        item.get("property") == "severity" for item in relationship.rest.get("customProperties", ())
    )
    severity = relationship.severity.value if changed or noted else None
    with_custom(document, {"severity": severity}, relationship.rest)
    kept = {key: value for key, value in relationship.rest.items() if key not in document}
    return {**document, **kept}
