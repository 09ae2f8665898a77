"""Foreign keys before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mesh_dagster.contracts.evolution import matching
from mesh_dagster.contracts.evolution.change import Change, What
from mesh_dagster.contracts.evolution.fields import RELATIONSHIP, changed_fields
from mesh_dagster.model.contract import Relationship
from mesh_dagster.model.finding import Severity


def of_links(
    old: Sequence[Relationship], new: Sequence[Relationship], path: str, columns: tuple[str, ...]
) -> Iterator[Change]:
    """Every difference between two lists of foreign keys; their order is none."""
    keys = (lambda each: (each.columns, target(each)), lambda each: each.columns)
    pairs, left, right = matching.pair_up(old, new, keys)
    for at, place in pairs:
        yield from _of_pair(old[at], new[place], path, columns)
    for gone in left.values():
        what = What.HINT_CHANGED if _is_hint(gone) else What.PROMISE_REMOVED
        yield Change(_path(path, gone), what, target(gone), None, columns, where=gone.where)
    for come in right.values():
        what = What.HINT_ADDED if _is_hint(come) else What.PROMISE_ADDED
        yield Change(_path(path, come), what, None, target(come), columns, where=come.where)


def target(link: Relationship) -> str:
    """What a foreign key points to: `network/airports/v1#airports(faa)`."""
    place = f"{link.target}#" if link.target else ""
    return f"{place}{link.target_object}({', '.join(link.target_columns)})"


def _of_pair(
    old: Relationship, new: Relationship, path: str, columns: tuple[str, ...]
) -> Iterator[Change]:
    at = _path(path, new)
    yield from changed_fields(old, new, RELATIONSHIP, at, columns)
    if old.severity is not new.severity:
        looser = new.severity is Severity.WARNING
        what = What.PROMISE_LOOSENED if looser else What.PROMISE_TIGHTENED
        values = old.severity.value, new.severity.value
        yield Change(f"{at}.severity", what, *values, columns, where=new.where)
    if target(old) != target(new):
        hint = _is_hint(old) and _is_hint(new)
        what = What.HINT_CHANGED if hint else What.PROMISE_CHANGED
        yield Change(f"{at}.to", what, target(old), target(new), columns, where=new.where)


def _is_hint(link: Relationship) -> bool:
    return link.severity is Severity.WARNING


def _path(path: str, link: Relationship) -> str:
    return f"{path}.relationships[{', '.join(link.columns)}]"
