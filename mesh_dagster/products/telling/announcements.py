"""What a new discovery document announces: another version of a contract, a deprecation.

It is recorded before the document is written. A process that dies in between finds the old
document again, and announces the same once more, which is known by its key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from itertools import islice

from mesh_dagster import clock
from mesh_dagster.journal import Journal
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.event import Event, EventKind, spelled
from mesh_dagster.model.product import Deprecation, Status
from mesh_dagster.registry.described import Described

_MOST = 20
_MOST_NAMED = 10
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
            yield _ended(EventKind.RETIRED, old, new)
    elif new.product.status is Status.DEPRECATED:
        if old.product.status is not Status.DEPRECATED or _sunset(old) != _sunset(new):
            yield _ended(EventKind.DEPRECATED, old, new)
    elif ending := _ending(new):
        begun = ending - _ending(old)
        if begun or _sunset(old) != _sunset(new):
            yield _ended(EventKind.DEPRECATED, old, new, begun or ending)


def _ended(kind: EventKind, old: Described, new: Described, ports: Collection[str] = ()) -> Event:
    """One of the last things that is told of a product, or of some of its ports: when they end,
    what to read instead."""
    path, version = new.product.address.path, new.product.version
    some = set(ports) if set(ports) != set(new.contracts) else set()
    about = [each for port, each in new.contracts.items() if not some or port in some]
    ends = [end for each in about for end in _ends(each)]
    said = new.product.deprecation or Deprecation()
    if said.sunset:
        ends.insert(0, f"sunset {said.sunset}")
    if said.instead:
        ends.append(f"read {said.instead.path} instead")
    until = f"; {', '.join(ends)}" if ends else ""
    why = [f"because: {said.why}"] if said.why else []
    until_when = f":{said.sunset}" if said.sunset else ""
    names = spelled(sorted(port or new.product.outputs[0].name for port in some), _MOST_NAMED)
    return Event(
        kind,
        path,
        clock.now(),
        key=f"{kind}:{path}:{version}{until_when}" + (f":{names}" if names else ""),
        summary=(f"{path}: the contract of {names}" if names else path)
        + f" is {kind} since {version}{until}",
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


def _sunset(described: Described) -> date | None:
    said = described.product.deprecation
    return said.sunset if said else None


def _ending(described: Described) -> set[str]:
    """The ports whose contracts are deprecated."""
    stated = described.contracts.items()
    return {port for port, each in stated if each.status is Status.DEPRECATED}


def _ends(contract: Contract) -> Iterator[str]:
    for level in contract.service_levels:
        if level.name in _ENDS:
            yield f"{level.name} {level.stated}"
