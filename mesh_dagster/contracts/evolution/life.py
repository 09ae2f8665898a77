"""Whether a contract, table or column may be built upon: its status, and `deprecated`."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dagster.contracts.evolution.change import Change, What
from mesh_dagster.model.contract import Contract, Property, SchemaObject
from mesh_dagster.model.product import Status

_BEFORE_LIFE = (Status.PROPOSED, Status.DRAFT)


def of_status(old: Contract, new: Contract) -> Iterator[Change]:
    """What a change of the contract's status says."""
    if old.status is not new.status:
        what = _status(old.status, new.status)
        yield Change("status", what, old.status.value, new.status.value, where=new.where)


def _status(old: Status, new: Status) -> What:
    match new:
        case Status.DEPRECATED:
            return What.DEPRECATED
        case Status.RETIRED:
            # Whoever still reads has been told, or never was promised anything.
            told = old is Status.DEPRECATED or old in _BEFORE_LIFE
            return What.RETIRED if told else What.WITHDRAWN
        case Status.ACTIVE:
            revived = old in (Status.DEPRECATED, Status.RETIRED)
            return What.DEPRECATION_WITHDRAWN if revived else What.ACTIVATED
    return What.ACTIVATED if old in _BEFORE_LIFE else What.WITHDRAWN


def of_deprecation(
    old: SchemaObject | Property,
    new: SchemaObject | Property,
    path: str,
    columns: tuple[str, ...] = (),
) -> Iterator[Change]:
    """`deprecated: true` on a table or column: it is to go, in the next major."""
    before, after = (_deprecated(each) for each in (old, new))
    if before != after:
        what = What.DEPRECATED if after else What.DEPRECATION_WITHDRAWN
        yield Change(f"{path}.deprecated", what, before, after, columns, where=new.where)


def _deprecated(element: SchemaObject | Property) -> bool:
    return bool(getattr(element, "deprecated", False) or element.rest.get("deprecated", False))
