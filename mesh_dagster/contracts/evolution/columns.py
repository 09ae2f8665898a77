"""The columns of a table before and after, and whatever lies in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mesh_dagster.contracts.evolution import matching
from mesh_dagster.contracts.evolution.change import Change, What
from mesh_dagster.contracts.evolution.fields import PROPERTY, changed_fields
from mesh_dagster.contracts.evolution.life import of_deprecation
from mesh_dagster.contracts.evolution.links import of_links
from mesh_dagster.contracts.evolution.options import of_options
from mesh_dagster.contracts.evolution.quality import of_quality
from mesh_dagster.contracts.evolution.strength import of_presence
from mesh_dagster.contracts.evolution.types import type_change
from mesh_dagster.model.contract import Property

_SHAPES = {
    What.COLUMN_ADDED,
    What.REQUIRED_COLUMN_ADDED,
    What.COLUMN_REMOVED,
    What.COLUMN_RENAMED,
    What.TYPE_WIDENED,
    What.TYPE_NARROWED,
    What.TYPE_CHANGED,
    What.TYPE_STATED,
    What.TYPE_WITHDRAWN,
}
"""Changes inside a column that change its own type too, and say it better."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The primary keys of a table, by stored names: one column's is one of its promises."""

    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


def of_columns(
    old: Sequence[Property],
    new: Sequence[Property],
    path: str,
    keys: Keys,
    top: tuple[str, ...] = (),
) -> Iterator[Change]:
    """Every difference between two lists of columns; their order is none.

    `path` leads to what they lie in; `top` is the column of the table that it is, of nested ones.
    """
    found = matching.columns(old, new)
    for before, after in found.pairs:
        yield from _of_names(before, after, _within(path, after.name), top)
        yield from of_column(before, after, _within(path, after.name), keys, top)
    for gone in found.removed:
        yield Change(
            _within(path, gone.name),
            What.COLUMN_REMOVED,
            _summary(gone),
            None,
            top or (gone.column,),
            note=found.note(gone),
            where=gone.where,
        )
    for come in found.added:
        what = What.REQUIRED_COLUMN_ADDED if come.mandatory else What.COLUMN_ADDED
        yield Change(
            _within(path, come.name),
            what,
            None,
            _summary(come),
            top or (come.column,),
            where=come.where,
        )


def of_column(
    old: Property, new: Property, path: str, keys: Keys, top: tuple[str, ...] = ()
) -> Iterator[Change]:
    """Every difference of one column, what lies in it included."""
    touched = top or (old.column,)
    inner = list(_of_inner(old, new, path, touched))
    if not any(each.what in _SHAPES for each in inner) and (what := type_change(old, new)):
        yield Change(f"{path}.type", what, _type(old), _type(new), touched, where=new.where)
    yield from inner
    yield from _of_promises(old, new, path, keys, touched)
    for key, what, before, after in of_options(old, new):
        yield Change(f"{path}.{key}", what, before, after, touched, where=new.where)
    yield from of_quality(old.quality, new.quality, path, touched)
    yield from of_links(old.relationships, new.relationships, path, touched)
    yield from of_deprecation(old, new, path, touched)
    yield from _of_classification(old, new, path, touched)
    yield from changed_fields(old, new, PROPERTY, path, touched)


def _of_names(old: Property, new: Property, path: str, top: tuple[str, ...]) -> Iterator[Change]:
    touched, where = top or (old.column,), new.where
    if old.column != new.column:
        yield Change(path, What.COLUMN_RENAMED, old.column, new.column, touched, where=where)
    elif old.name != new.name:
        at = f"{path}.name"
        yield Change(at, What.COLUMN_RELABELLED, old.name, new.name, touched, where=where)
    elif old.physical_name != new.physical_name:
        at, values = f"{path}.physicalName", (old.physical_name, new.physical_name)
        yield Change(at, What.RESPELLED, *values, touched, where=where)


def _of_inner(
    old: Property, new: Property, path: str, touched: tuple[str, ...]
) -> Iterator[Change]:
    if old.properties and new.properties:
        yield from of_columns(old.properties, new.properties, path, Keys(), touched)
    elif old.properties or new.properties:
        yield from _of_undescribed(old, new, path, touched)
    pairs = (
        (old.items, new.items, "[]"),
        (old.key, new.key, "[key]"),
        (old.value, new.value, "[value]"),
    )
    typed = old.type is not None and new.type is not None
    for before, after, mark in pairs:
        if before is not None or after is not None:
            mine = before or (_bare(after) if typed and after else _NOTHING)
            its = after or replace(_bare(before) if typed and before else _NOTHING, where=new.where)
            if typed and (before is None or after is None):
                yield _described(before, after, f"{path}{mark}", touched)
            yield from of_column(mine, its, f"{path}{mark}", Keys(), touched)


_NOTHING = Property("")
"""What a contract says that says nothing of what lies in a column."""


def _of_undescribed(
    old: Property, new: Property, path: str, touched: tuple[str, ...]
) -> Iterator[Change]:
    """The fields of a struct that only one of the contracts lists.

    Where a physicalType has them all the same, only what was promised of each differs.
    """
    if old.type is None or new.type is None:
        yield from of_columns(old.properties, new.properties, path, Keys(), touched)
        return
    for each in old.properties:
        bare = replace(_bare(each), where=new.where)
        yield _described(each, None, f"{path}.{each.name}", touched)
        yield from of_column(each, bare, f"{path}.{each.name}", Keys(), touched)
    for each in new.properties:
        yield _described(None, each, f"{path}.{each.name}", touched)
        yield from of_column(_bare(each), each, f"{path}.{each.name}", Keys(), touched)


def _described(
    old: Property | None, new: Property | None, path: str, touched: tuple[str, ...]
) -> Change:
    """What lies in a column has a text of its own, or no more: its type says the same."""
    before, after = (None if each is None else _summary(each) for each in (old, new))
    where = new.where if new else old.where if old else None
    return Change(path, What.RESPELLED, before, after, touched, where=where)


def _bare(column: Property) -> Property:
    """The same field without any promise but its type."""
    return Property(
        column.name,
        column.logical_type,
        column.physical_type,
        column.physical_name,
        column.type,
        where=column.where,
    )


def _of_promises(
    old: Property, new: Property, path: str, keys: Keys, touched: tuple[str, ...]
) -> Iterator[Change]:
    stated = {
        "required": (old.mandatory, new.mandatory, old.required != new.required),
        "unique": (
            old.unique or keys.old == (old.column,),
            new.unique or keys.new == (new.column,),
            old.unique != new.unique,
        ),
    }
    for key, (before, after, said) in stated.items():
        if not said and key == "unique":
            continue  # the key's own change says it
        values = before or None, after or None
        if what := of_presence(*values):
            yield Change(f"{path}.{key}", what, *values, touched, where=new.where)
        elif said:
            # What the primary key says anyway.
            mine, its = getattr(old, key) or None, getattr(new, key) or None
            yield Change(f"{path}.{key}", What.RESPELLED, mine, its, touched, where=new.where)


def _of_classification(
    old: Property, new: Property, path: str, touched: tuple[str, ...]
) -> Iterator[Change]:
    """It decides who may read, what is masked, and what readers may do with their copies."""
    before, after = old.classification, new.classification
    if before != after:
        harmless = before is None and not new.confidential
        what = What.MEANING_STATED if harmless else What.MEANING_CHANGED
        yield Change(f"{path}.classification", what, before, after, touched, where=new.where)


def _type(column: Property) -> str | None:
    if column.physical_type or column.type is None:
        return column.physical_type or column.logical_type
    return str(column.type)


def _summary(column: Property) -> str:
    required = ", required" if column.mandatory else ""
    return f"{_type(column) or 'of no type'}{required}"


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
