"""The tables of a contract before and after."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.contracts.evolution import matching
from mesh_dagster.contracts.evolution.change import Change, What
from mesh_dagster.contracts.evolution.columns import Keys, of_columns
from mesh_dagster.contracts.evolution.fields import OBJECT, changed_fields
from mesh_dagster.contracts.evolution.life import of_deprecation
from mesh_dagster.contracts.evolution.links import of_links
from mesh_dagster.contracts.evolution.quality import of_quality
from mesh_dagster.contracts.evolution.strength import Strength, of_presence, of_sets
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.model.address import SCHEME
from mesh_dagster.model.contract import Contract, SchemaObject
from mesh_dagster.model.finding import Severity

_OPENNESS = {Severity.ERROR: 0, Severity.WARNING: 1, None: 2}


def of_tables(old: Contract, new: Contract) -> Iterator[Change]:
    """Every difference between the schemas of two contracts."""
    found = matching.tables(old.schema, new.schema)
    for before, after in found.pairs:
        if before.name != after.name:
            values = before.name, after.name
            yield Change(before.name, What.TABLE_RENAMED, *values, where=after.where)
        yield from of_table(before, after)
    for gone in found.removed:
        told, note = _summary(gone), found.note(gone)
        yield Change(gone.name, What.TABLE_REMOVED, told, None, note=note, where=gone.where)
    for come in found.added:
        yield Change(come.name, What.TABLE_ADDED, None, _summary(come), where=come.where)
    yield from _of_served(old, new, found)


def of_table(old: SchemaObject, new: SchemaObject) -> Iterator[Change]:
    """Every difference of one table."""
    path = new.name
    if old.rest.get("physicalName") != new.rest.get("physicalName"):
        values = old.rest.get("physicalName"), new.rest.get("physicalName")
        moved = old.stored != new.stored
        what = What.ADDRESS_CHANGED if moved else What.RESPELLED
        yield Change(f"{path}.physicalName", what, *values, where=new.where)
    keys = Keys(old.key, new.key)
    yield from of_columns(old.properties, new.properties, path, keys)
    yield from _of_key(old, new, path)
    yield from _of_openness(old, new, path)
    yield from of_quality(old.quality, new.quality, path, ())
    yield from of_links(old.relationships, new.relationships, path, _linked(old, new))
    yield from of_deprecation(old, new, path)
    yield from changed_fields(old, new, OBJECT, path)


def _of_key(old: SchemaObject, new: SchemaObject, path: str) -> Iterator[Change]:
    """Fewer columns that are unique together are more of a promise than more of them."""
    found = matching.columns(old.properties, new.properties)
    renamed = {after.column: before.column for before, after in found.pairs}
    before = old.key
    after = tuple(renamed.get(column, column) for column in new.key)
    if before == after:
        return
    what = of_presence(before or None, after or None)
    if what is None:
        strength = of_sets(before, after)
        same = strength is Strength.SAME
        what = What.KEY_REORDERED if same else strength.what or What.PROMISE_CHANGED
    touched = tuple(dict.fromkeys((*before, *after)))
    keys = list(old.key) or None, list(new.key) or None
    yield Change(f"{path}.primaryKey", what, *keys, touched, where=_where_of_key(new))


def _where_of_key(table: SchemaObject) -> str | None:
    keyed = [each.where for each in table.properties if each.primary_key is not None]
    return keyed[0] if keyed else table.where


def _of_openness(old: SchemaObject, new: SchemaObject, path: str) -> Iterator[Change]:
    """Columns that the contract does not name: whether there may be any."""
    before, after = _OPENNESS[old.additional], _OPENNESS[new.additional]
    if before != after:
        what = What.COLUMNS_OPENED if after > before else What.PROMISE_TIGHTENED
        values = ("false", "warning", "true")[before], ("false", "warning", "true")[after]
        yield Change(f"{path}.additionalColumns", what, *values, where=new.where)


def _of_served(
    old: Contract, new: Contract, found: matching.Matched[SchemaObject]
) -> Iterator[Change]:
    """An output port of a mesh serves the first table of its contract."""
    if not (old.id.startswith(SCHEME) and old.schema and new.schema):
        return
    if (old.schema[0], new.schema[0]) not in found.pairs:
        values = old.schema[0].name, new.schema[0].name
        yield Change("schema", What.SERVED_TABLE_CHANGED, *values, where=new.schema[0].where)


def _linked(old: SchemaObject, new: SchemaObject) -> tuple[str, ...]:
    links = (*old.relationships, *new.relationships)
    return tuple(dict.fromkeys(column for link in links for column in link.columns))


def _summary(table: SchemaObject) -> str:
    return count(len(table.properties), "column")
