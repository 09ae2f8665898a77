"""Foreign keys, as rules: into another product's port, or another object of the contract."""

from __future__ import annotations

from mesh_dagster.contracts.rules.grammar import a, key
from mesh_dagster.contracts.rules.kinds import Reference, Unsupported
from mesh_dagster.contracts.rules.schema import Purpose
from mesh_dagster.model.contract import Property, Relationship, SchemaObject
from mesh_dagster.model.finding import Severity


def reference(link: Relationship, table: SchemaObject, how: Purpose) -> Reference | Unsupported:
    """The rule of one foreign key; what the contract does not have is a warning that says so."""
    columns = tuple(_stored(table, name) for name in link.columns)
    target = None if link.target else _object_of(link, table, how)
    to = link.target or (target.name if target else link.target_object)
    id_ = f"{'_'.join(columns)}_in_{to}"
    message = f"every {key(columns)} is {a(key(link.target_columns))} of {to}"
    column = columns[0] if len(columns) == 1 else None
    reason = _obstacle(link, target, table, how)
    if reason:
        return Unsupported(
            id=id_,
            message=message,
            column=column,
            dimension="consistency",
            severity=Severity.WARNING if link.target is None else link.severity,
            where=link.where,
            reason=reason,
        )
    targets = link.target_columns
    return Reference(
        id=id_,
        message=message,
        column=column,
        dimension="consistency",
        severity=link.severity,
        where=link.where,
        columns=columns,
        target=link.target,
        target_columns=tuple(_stored(target, name) for name in targets) if target else targets,
        target_object=target.name if target and target.name != table.name else None,
    )


def _object_of(link: Relationship, table: SchemaObject, how: Purpose) -> SchemaObject | None:
    """The contract's object that a foreign key points to, by its name, stored name or id."""
    for each in (table, *how.contract.schema):
        if link.target_object in (*each.names, each.rest.get("id")):
            return each
    return None


def _obstacle(
    link: Relationship, target: SchemaObject | None, table: SchemaObject, how: Purpose
) -> str | None:
    if len(link.columns) != len(link.target_columns) or not link.columns:
        return f"{len(link.columns)} columns refer to {len(link.target_columns)}"
    if link.target is not None:
        return None
    if target is None:
        known = ", ".join(each.name for each in how.contract.schema)
        return f"the contract has no object {link.target_object}; there are: {known}"
    for name in link.target_columns:
        if property_of(target, name) is None:
            return f"{target.name} has no property {name} in the contract"
    if target.name != table.name and not how.standalone:
        return f"{target.name} is no port of its own, and only the first object is served"
    return None


def property_of(table: SchemaObject, name: str) -> Property | None:
    """The property of a name, stored name or id."""
    found = table.find(name)
    if found is None:
        found = next((each for each in table.properties if each.rest.get("id") == name), None)
    return found


def _stored(table: SchemaObject, name: str) -> str:
    found = property_of(table, name)
    return found.column if found else name
