"""What a contract says of what lies in a column, as properties and rules with their paths.

A nested property is given the text of its path for a name, so that all that makes rules of a
column's promises makes them of a field's, an item's, a key's and a value's; the path is put on
the rules afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mesh_dagster.contracts.rules.kinds import Reference, Rule, Unique
from mesh_dagster.contracts.rules.paths import Into, Path, Step
from mesh_dagster.model.contract import Property, Relationship, SchemaObject


@dataclass(frozen=True, slots=True)
class Nested:
    """A property in a column: under the text of its path, beside the fields of its object."""

    at: Property
    path: Path
    siblings: SchemaObject


def nested_in(each: Property, table: SchemaObject) -> Iterator[Nested]:
    """Every property in a column, to any depth."""
    return _below(each, Path(each.column), table)


def parts_of(each: Property) -> Iterator[tuple[Step, Property]]:
    """What lies in a property directly, and the step to it."""
    required = each.options.get("required")
    names = required if isinstance(required, list | tuple) else ()
    for field in each.properties:
        yield field.column, replace(field, required=field.required or field.name in names)
    for name, part in each.elements:
        yield Into(name), part


def _below(each: Property, path: Path, table: SchemaObject) -> Iterator[Nested]:
    parts = [(path.into(step), part) for step, part in parts_of(each)]
    placed = tuple(replace(part, physical_name=str(place)) for place, part in parts)
    siblings = SchemaObject(table.name, placed, rest=table.rest)
    for (place, part), at in zip(parts, placed, strict=True):
        yield Nested(at, place, siblings)
        yield from _below(part, place, table)


def put_on_path(rule: Rule, nested: Nested) -> Rule:
    """The rule of a nested property with its path, and with an id of the path's words."""
    text, paths = str(nested.path), _paths(nested)
    id_ = rule.id
    if id_.startswith(text):
        id_ = nested.path.words + id_[len(text) :]
    if isinstance(rule, Unique | Reference):
        keys = tuple(paths.get(name, nested.path) for name in rule.columns)
        return replace(rule, id=id_, path=nested.path, paths=keys)
    return replace(rule, id=id_, path=nested.path)


def _paths(nested: Nested) -> Mapping[str, Path]:
    above, last = nested.path.steps[:-1], nested.path.steps[-1]
    if isinstance(last, Into):
        return {str(nested.path): nested.path}
    holder = Path(nested.path.column, above)
    fields = (
        (each.column, each.column[len(str(holder)) + 1 :]) for each in nested.siblings.properties
    )
    return {text: holder.into(name) for text, name in fields}


def links_in(nested: Nested) -> Iterator[Relationship]:
    """The foreign keys of a nested property, under the text of its path."""
    for each in nested.at.relationships:
        yield replace(each, columns=(nested.at.column,))
