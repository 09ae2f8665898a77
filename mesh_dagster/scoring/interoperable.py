"""Interoperable: in the types, keys and names of the mesh, so that it joins with the rest of it."""

from __future__ import annotations

from mesh_dagster.model.score import Side
from mesh_dagster.scoring.rule import Dimension, Look, edit, named, rule, share_of
from mesh_dagster.scoring.subject import Subject


@rule("types", Side.DECLARED, worth=2)
def _types(subject: Subject) -> Look:
    every = [each for _, each in subject.columns()]
    untyped = [each for each in every if each.type is None]
    if not untyped and every:
        return Look(1, f"all {len(every)} columns have a type that every engine knows")
    where = untyped[0].where if untyped else None
    fix = edit(where, "physicalType: one of docs/reference/yaml.md")
    evidence = f"no known type is stated of {named(each.name for each in untyped)}"
    return Look(share_of(len(every) - len(untyped), len(every)), evidence, where, fix)


@rule("keys", Side.DECLARED)
def _keys(subject: Subject) -> Look:
    lacking = [each for each in subject.contracts.values() if not each.table.key]
    if not lacking and subject.contracts:
        return Look(1, "every port has a primary key")
    where = lacking[0].table.where if lacking else None
    every = len(subject.contracts)
    fix = edit(where, "primaryKey: true, at the columns that name a row")
    share = share_of(every - len(lacking), every)
    return Look(share, "no primary key says what names a row", where, fix)


@rule("entities", Side.DECLARED)
def _entities(subject: Subject) -> Look:
    entities = {each.entity for _, each in subject.columns() if each.entity}
    if entities:
        return Look(1, f"joins others by {named(sorted(entities))}")
    where = next((each.table.where for each in subject.contracts.values()), None)
    fix = edit(where, "customProperties: [{property: entity, value: ...}], at a key column")
    return Look(0, "no column says of which entity of the mesh it is", where, fix)


@rule("links", Side.OBSERVED)
def _links(subject: Subject) -> Look:
    if not subject.unresolved:
        return Look(1, "whatever it reads and refers to is there")
    lost = named(each.path for each in sorted(subject.unresolved))
    return Look(0, f"it names what nobody serves: {lost}", fix=f"mesh check {subject.path}")


@rule("lineage", Side.OBSERVED)
def _lineage(subject: Subject) -> Look:
    seen = subject.observed
    if seen.number is None:
        return Look(0, "nothing was made yet", fix=f"mesh run {subject.path}")
    if seen.delivered:
        return Look(1, f"the lineage of publication {seen.number} has arrived")
    fix = "mesh lineage status"
    return Look(0, f"the lineage of publication {seen.number} has not arrived", fix=fix)


INTEROPERABLE = Dimension("interoperable", 15, "1", (_types, _keys, _entities, _links, _lineage))
