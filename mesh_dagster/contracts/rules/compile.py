"""Contract in, rules out: what an output port promises, as a flat list of things to check.

Nothing of the contract is dropped: what cannot be checked becomes an `Unsupported` rule that
says so. No engine is imported here, so that a location can list a thousand contracts' checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from zlib import crc32

from mesh_dagster.contracts.rules.kinds import (
    Expected,
    Reference,
    Required,
    Rule,
    Schema,
    Unique,
    Unsupported,
)
from mesh_dagster.contracts.rules.options import option_rules
from mesh_dagster.contracts.rules.quality import quality_rules
from mesh_dagster.contracts.rules.service_levels import service_level_rules
from mesh_dagster.model.contract import Contract, Property, Relationship, SchemaObject


def rules(contract: Contract, *, partition_column: str | None = None) -> tuple[Rule, ...]:
    """Every rule of the table that a contract's port serves, the schema itself first.

    `partition_column` is the column the port is partitioned by: a key that does not hold it
    must be unique over all partitions. Ids are unique within the result, stable as long as the
    promise they stand for is, and of `[A-Za-z0-9_]` only.
    """
    table = contract.table
    found = [
        _schema(table, contract.where),
        *(rule for each in table.properties for rule in _of_property(table, each)),
        *_keys(table),
        *(_reference(table, each) for each in table.links),
        *quality_rules(table.quality, table, None),
        *service_level_rules(contract, table),
    ]
    placed = (_over_partitions(rule, partition_column) for rule in found)
    return tuple(_with_distinct_ids(placed))


def needed_elsewhere(rules: Iterable[Rule]) -> frozenset[str]:
    """The columns that an audit of some partitions needs of the port's other partitions."""
    columns: set[str] = set()
    for rule in rules:
        if isinstance(rule, Unique) and rule.whole_port:
            columns.update(rule.columns)
        if isinstance(rule, Reference) and rule.target is None:
            columns.update(rule.target_columns)
    return frozenset(columns)


def _schema(table: SchemaObject, where: str | None) -> Schema:
    columns = tuple(
        Expected(each.column, each.type, each.required or each.primary_key is not None, each.where)
        for each in table.properties
    )
    return Schema(
        id="schema",
        message=f"the columns are the {len(columns)} of the contract, of exactly their types",
        dimension="conformity",
        where=table.where or where,
        columns=columns,
    )


def _of_property(table: SchemaObject, each: Property) -> Iterator[Rule]:
    column = each.column
    if each.required or each.primary_key is not None:
        yield Required(
            id=f"{column}_required",
            message=f"every row has a {column}",
            column=column,
            dimension="completeness",
            where=each.where,
        )
    if each.unique and table.key != (column,):
        yield _unique(f"{column}_unique", (column,), each.where)
    yield from option_rules(each)
    yield from quality_rules(each.quality, table, each)
    yield from _nested(each)


def _nested(each: Property) -> Iterator[Rule]:
    """The type of a nested field is part of its column's; more than that cannot be checked."""
    inner = (*each.properties, *([each.items] if each.items else []))
    for field in inner:
        promises = field.required or field.unique or field.options or field.quality
        if promises or field.rest.get("enum") or field.relationships:
            yield Unsupported(
                id=f"{each.column}_{field.name or 'items'}_nested",
                message=f"what the contract says of {field.name or 'the items'} in {each.column}",
                column=each.column,
                dimension="conformity",
                where=field.where,
                reason="rules on nested fields cannot be run yet; their types are checked",
            )
        yield from _nested(replace(field, physical_name=f"{each.column}_{field.name or 'items'}"))


def _keys(table: SchemaObject) -> Iterator[Rule]:
    if table.key:
        first = next(each for each in table.properties if each.column == table.key[0])
        yield _unique("primary_key", table.key, first.where)


def _unique(id_: str, columns: tuple[str, ...], where: str | None) -> Unique:
    return Unique(
        id=id_,
        message=f"no two rows have the same ({', '.join(columns)})",
        column=columns[0] if len(columns) == 1 else None,
        dimension="uniqueness",
        where=where,
        columns=columns,
    )


def _reference(table: SchemaObject, link: Relationship) -> Rule:
    columns = tuple(_stored(table, name) for name in link.columns)
    to = link.target or link.target_object
    id_ = f"{'_'.join(columns)}_in_{_readable(to)}"
    message = f"every ({', '.join(columns)}) is a ({', '.join(link.target_columns)}) of {to}"
    column = columns[0] if len(columns) == 1 else None
    reason = None
    if link.target is None and link.target_object != table.name:
        reason = f"{link.target_object} is no port of its own, and only the first object is served"
    if len(columns) != len(link.target_columns) or not columns:
        reason = f"{len(columns)} columns refer to {len(link.target_columns)}"
    if reason:
        return Unsupported(
            id=id_,
            message=message,
            column=column,
            dimension="consistency",
            severity=link.severity,
            where=link.where,
            reason=reason,
        )
    targets = link.target_columns
    if link.target is None:
        targets = tuple(_stored(table, name) for name in targets)
    return Reference(
        id=id_,
        message=message,
        column=column,
        dimension="consistency",
        severity=link.severity,
        where=link.where,
        columns=columns,
        target=link.target,
        target_columns=targets,
    )


def _stored(table: SchemaObject, name: str) -> str:
    found = table.find(name)
    return found.column if found else name


def _over_partitions(rule: Rule, partition_column: str | None) -> Rule:
    if isinstance(rule, Unique) and partition_column and partition_column not in rule.columns:
        return replace(rule, whole_port=True)
    return rule


def _with_distinct_ids(found: Iterator[Rule]) -> Iterator[Rule]:
    taken: set[str] = set()
    for rule in found:
        wanted = given = _readable(rule.id)
        number = 1
        while wanted in taken:
            number += 1
            wanted = f"{given}_{number}"
        taken.add(wanted)
        yield rule if rule.id == wanted else replace(rule, id=wanted)


def _readable(text: str) -> str:
    """The text in letters, digits and underscores; a checksum where nothing of it is left."""
    kept = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_") if not _fits(text) else text
    return kept or f"rule_{crc32(text.encode()):08x}"


def _fits(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_]+", text) is not None
