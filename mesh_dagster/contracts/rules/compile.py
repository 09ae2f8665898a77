"""Contract in, rules out: what an output port promises, as a flat list of things to check.

Nothing of the contract is dropped: what cannot be checked becomes an `Unsupported` rule that
says so. No engine is imported here, so that a location can list a thousand contracts' checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from zlib import crc32

from mesh_dagster.contracts.rules.grammar import a, a_value
from mesh_dagster.contracts.rules.kinds import Parsed, Reference, Required, Rule, Unique
from mesh_dagster.contracts.rules.links import reference
from mesh_dagster.contracts.rules.nested import links_in, nested_in, put_on_path
from mesh_dagster.contracts.rules.options import option_rules
from mesh_dagster.contracts.rules.quality import quality_rules
from mesh_dagster.contracts.rules.schema import Purpose, schema_rule
from mesh_dagster.contracts.rules.service_levels import service_level_rules
from mesh_dagster.model.contract import Contract, Property, SchemaObject


def rules(
    contract: Contract,
    table: str | None = None,
    *,
    partition_column: str | None = None,
    standalone: bool = False,
    texts: bool = False,
    server: str | None = None,
) -> tuple[Rule, ...]:
    """Every rule of one schema object of a contract, the schema itself first.

    `table` names the object, by its own or its stored name; a port serves the first, which is
    the default. `partition_column` is the column the port is partitioned by: a key that does
    not hold it must be unique over all partitions. `standalone`: the data is no port's, so its
    own format decides which types differ, a logicalType alone stands for a family of types, and
    the contract's other objects can be referred to. `texts`: its format knows only texts, so
    that types are a matter of parsing them. `server` names the one of the contract's whose
    dialect its queries are in; without it, it is the first. Ids are unique within the result,
    stable as long as the promise they stand for is, and of `[A-Za-z0-9_]` only. Raises
    `LookupError` where the contract has no such object.
    """
    here = contract.object_named(table)
    if here is None:
        raise LookupError(f"the contract has no schema object {table!r}")
    how = Purpose(contract, standalone=standalone or texts, texts=texts, server=server)
    found = [
        schema_rule(here, how),
        *(rule for each in here.properties for rule in _of_column(here, each, how)),
        *_keys(here),
        *(reference(each, here, how) for each in here.links),
        *quality_rules(here.quality, here, None, how.dialect),
        *service_level_rules(contract, here),
    ]
    placed = (_over_partitions(rule, partition_column) for rule in found)
    return tuple(_with_distinct_ids(placed))


def needed_elsewhere(rules: Iterable[Rule]) -> frozenset[str]:
    """The columns that an audit of some partitions needs of the port's other partitions."""
    columns: set[str] = set()
    for rule in rules:
        if isinstance(rule, Unique) and rule.whole_port:
            columns.update([path.column for path in rule.paths] or rule.columns)
        if isinstance(rule, Reference) and rule.target is None and rule.target_object is None:
            columns.update(rule.target_columns)
    return frozenset(columns)


def _of_column(table: SchemaObject, each: Property, how: Purpose) -> Iterator[Rule]:
    """The rules of a column and of all that lies in it."""
    if how.texts and (each.type or each.logical_type):
        yield _parsed(each)
    yield from _of_property(table, each, how)
    for nested in nested_in(each, table):
        yield from (
            put_on_path(rule, nested) for rule in _of_property(nested.siblings, nested.at, how)
        )
        for link in links_in(nested):
            yield put_on_path(reference(link, table, how), nested)


def _of_property(table: SchemaObject, each: Property, how: Purpose) -> Iterator[Rule]:
    """The rules of one property, with what it says of itself to whoever reads their results."""
    found = _promises(table, each, how)
    if each.classification is None and not each.deprecated:
        return found
    return (
        replace(rule, classification=each.classification, deprecated=each.deprecated)
        for rule in found
    )


def _promises(table: SchemaObject, each: Property, how: Purpose) -> Iterator[Rule]:
    column = each.column
    if each.mandatory:
        yield Required(
            id=f"{column}_required",
            message=f"every row has {a(column)}",
            column=column,
            dimension="completeness",
            where=each.where,
        )
    if each.unique and table.key != (column,):
        yield _unique(f"{column}_unique", (column,), each.where)
    yield from option_rules(each, how)
    yield from quality_rules(each.quality, table, each, how.dialect)


def _parsed(each: Property) -> Rule:
    return Parsed(
        id=f"{each.column}_type",
        message=f"every {each.column} is {a_value(each.type or each.logical_type or 'value')}",
        column=each.column,
        dimension="conformity",
        where=each.where,
        type=each.type,
    )


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
    if re.fullmatch(r"[A-Za-z0-9_]+", text):
        return text
    kept = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return kept or f"rule_{crc32(text.encode()):08x}"
