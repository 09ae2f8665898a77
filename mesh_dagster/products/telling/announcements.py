"""What a new discovery document announces: another version of a contract, a deprecation.

It is recorded before the document is written. A process that dies in between finds the old
document again, and announces the same once more, which is known by its key.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mesh_dagster import clock
from mesh_dagster.journal import Journal
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.product import Deprecation, Status
from mesh_dagster.registry.described import Described

_MOST = 20
_ENDS = ("endOfSupport", "endOfLife")


def record_announcement(journal: Journal, old: Described, new: Described) -> None:
    """Record what a document is about to announce, in the journal of its domain.

    Raises `JournalError`. What was in no document before announces nothing.
    """
    if found := list(_events(old, new)):
        journal.outbox.put(found)


def _events(old: Described, new: Described) -> Iterator[Event]:
    path = new.product.address.path
    for port, contract in new.contracts.items():
        before = old.contracts.get(port)
        if before is not None and before.version != contract.version:
            yield _changed(path, port, before, contract)
    if new.product.status is Status.RETIRED:
        if old.product.status is not Status.RETIRED:
            yield _ended(EventKind.RETIRED, old, new, "is retired")
    elif _is_deprecated(new) and _end(old) != _end(new):
        yield _ended(EventKind.DEPRECATED, old, new, "is deprecated")


def _ended(kind: EventKind, old: Described, new: Described, what: str) -> Event:
    """One of the last things that is told of a product: when it ends, what to read instead."""
    path, version = new.product.address.path, new.product.version
    ends = [end for each in new.contracts.values() for end in _ends(each)]
    said = new.product.deprecation or Deprecation()
    if said.sunset:
        ends.insert(0, f"sunset {said.sunset}")
    if said.instead:
        ends.append(f"read {said.instead.path} instead")
    until = f"; {', '.join(ends)}" if ends else ""
    why = [f"because: {said.why}"] if said.why else []
    until_when = f":{said.sunset}" if said.sunset else ""
    return Event(
        kind,
        path,
        clock.now(),
        key=f"{kind}:{path}:{version}{until_when}",
        summary=f"{path} {what} since {version}{until}",
        details={"before": old.product.version, "after": version, "changes": ends + why},
    )


def _changed(path: str, port: str, before: Contract, after: Contract) -> Event:
    from mesh_dagster.contracts.evolution.diff import diff

    place = f"{path}/{port}" if port else path
    found = diff(before, after)
    changes = [f"{each.grade}: {each.message}" for each in islice(found.changes, _MOST)]
    rest = len(found.changes) - len(changes)
    return Event(
        EventKind.CONTRACT_CHANGED,
        path,
        clock.now(),
        key=f"{EventKind.CONTRACT_CHANGED}:{place}:{before.version}:{after.version}",
        summary=f"{place}: the contract is {after.version} now, {before.version} before; "
        + (f"{len(found.changes)} changes" if found.changes else "it promises the same"),
        details={
            "before": before.version,
            "after": after.version,
            "changes": changes + ([f"and {rest} more"] if rest else []),
        },
        objective=port,
    )


def _end(described: Described) -> object:
    """Whether a product ends, and when."""
    said = described.product.deprecation
    return _is_deprecated(described) and (said.sunset if said else None, True)


def _is_deprecated(described: Described) -> bool:
    stated = [described.product.status, *(each.status for each in described.contracts.values())]
    return Status.DEPRECATED in stated


def _ends(contract: Contract) -> Iterator[str]:
    for level in contract.service_levels:
        if level.name in _ENDS:
            yield f"{level.name} {level.stated}"
