"""What an export gives: a text, and what of the contract its format cannot say."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from mesh_dagster.contracts.rules.options import enum_values, stated_enum
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract, Property, SchemaObject


@dataclass(frozen=True, slots=True)
class Exported:
    """A document, and notes: one sentence for each promise that it does not hold."""

    text: str
    notes: tuple[str, ...] = ()


def identity(contract: Contract) -> dict[str, str]:
    """Which contract it was, for an import to take up again."""
    return {"id": contract.id, "version": contract.version, "status": contract.status.value}


def table_of(contract: Contract, name: str | None) -> SchemaObject:
    """The schema object that is meant: the one named, or the only one. Raises `UsageError`."""
    if not contract.schema:
        raise UsageError(f"{contract.id} has no schema to export", code="MESH-C053")
    if name is None and len(contract.schema) == 1:
        return contract.schema[0]
    if name is not None and (found := contract.object_named(name)):
        return found
    known = ", ".join(each.name for each in contract.schema)
    told = f"has no schema object {name!r}" if name else "has several schema objects"
    raise UsageError(
        f"{contract.id} {told}; there are: {known}", code="MESH-C053", fix="--table NAME"
    )


def enum_of(column: Property) -> tuple[Any, ...]:
    """The values that a property may have, where the contract lists them."""
    return tuple(enum_values(stated_enum(column) or ()))


def walked(
    columns: Collection[Property], before: str = "", *, stored: bool = False
) -> Iterator[tuple[str, Property]]:
    """Each property and all that lies in it, with its path, of stored names if asked."""
    for each in columns:
        yield from _within(f"{before}{each.column if stored else each.name}", each, stored=stored)


def _within(path: str, each: Property, *, stored: bool) -> Iterator[tuple[str, Property]]:
    yield path, each
    yield from walked(each.properties, f"{path}.", stored=stored)
    for part, inner in each.elements:
        yield from _within(f"{path}{part}", inner, stored=stored)


def unsaid(
    table: SchemaObject,
    contract: Contract,
    *,
    keys: Collection[str],
    options: Collection[str] | None = (),
) -> Iterator[str]:
    """What a format does not say, whose words are these keys of a property and these options.

    Without `options` the format has rules of its own for them.

    `keys` are of: required, unique, primaryKey, description, classification, enum,
    relationships, quality, entity, and rest for all others.
    """
    for path, each in walked(table.properties):
        held = {
            "required": each.required and each.primary_key is None,
            "unique": each.unique,
            "description": each.description,
            "classification": each.classification,
            "enum": enum_of(each),
            "relationships": each.relationships,
            "entity": each.entity,
        }
        for key, stated in held.items():
            if stated and key not in keys:
                yield f"{path}: {key}"
        for option, value in each.options.items():
            if options is not None and option not in options and not _is_type(option, each):
                yield f"{path}: {option} {value!r}"
        if "quality" not in keys:
            yield from (f"{path}: {_told(rule)}" for rule in each.quality)
        if "rest" not in keys:
            yield from (f"{path}: {key}" for key in each.rest if key != "enum")
    if "rest" not in keys and table.event_time:
        yield f"{table.name}: eventTime {table.event_time}"
    if table.key and "primaryKey" not in keys:
        yield f"primary key ({', '.join(table.key)})"
    if "quality" not in keys:
        yield from (f"{table.name}: {_told(rule)}" for rule in table.quality)
    if table.relationships and "relationships" not in keys:
        yield f"{table.name}: relationships of several columns"
    levels = (f"{each.name} {each.value} {each.unit or ''}" for each in contract.service_levels)
    yield from (f"service level: {each}".rstrip() for each in levels)
    about = [*(["description"] if contract.description else []), *contract.rest]
    if about:
        yield f"of the contract itself: {', '.join(about)}"


def _is_type(option: str, column: Property) -> bool:
    """Options that say what is stored: the type of the column says the same."""
    if option == "format":
        return column.logical_type in ("integer", "number")
    return option in ("timezone", "defaultTimezone", "elementType", "dimensions")


def _told(rule: Any) -> str:
    """A quality rule in a few words."""
    name = rule.name or rule.rest.get("description") or rule.metric or rule.type
    bound = f" {rule.operator} {rule.threshold}" if rule.operator else ""
    return f"quality rule {' '.join(str(name).split())[:80]}{bound}"
