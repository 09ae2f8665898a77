"""Promises that were never true, and are corrected in place.

A contract can be wrong about the world: a key that is none on the day the clocks go back. Such a
promise never held, so nobody's data gets worse when it is put right, and a new major of the same
data would serve nobody. The owner says so in the contract itself, by the path of the promise and
the last version that made it, and gives a reason, which readers are shown:

    customProperties:
      - property: corrections
        value:
          - {promise: observations.primaryKey, of: 1.0.0, reason: "an hour is there twice when ..."}

Only promises about rows can be corrected so: columns, types and service levels cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mesh_dagster.contracts.evolution.change import Change, What
from mesh_dagster.contracts.evolution.fields import custom
from mesh_dagster.contracts.evolution.versions import Version
from mesh_dagster.model.contract import Contract

NAME = "corrections"
_CORRECTABLE = {What.PROMISE_LOOSENED, What.PROMISE_REMOVED, What.PROMISE_CHANGED}
_NOT_OF_ROWS = "slaProperties."


@dataclass(frozen=True, slots=True)
class Correction:
    """`of` is the last version that made the promise."""

    promise: str
    of: str
    reason: str


def corrections(contract: Contract) -> tuple[tuple[Correction, ...], tuple[str, ...]]:
    """The corrections that a contract states, and what is wrong with those that are none."""
    stated = custom(contract, NAME)
    if stated is None:
        return (), ()
    if not isinstance(stated, list | tuple):
        return (), (f"`{NAME}` is a list of {{promise, of, reason}}",)
    found, problems = [], []
    for each in stated:
        match each:
            case {"promise": str(promise), "of": str(of), "reason": str(reason)} if (
                Version.parse(of) and reason.strip()
            ):
                found.append(Correction(promise, of, reason))
            case Mapping():
                told = ", ".join(f"{key}: {value}" for key, value in each.items())
                problems.append(f"{{{told:.100}}} lacks `promise`, `of` (a version) or `reason`")
            case _:
                problems.append(f"{each!r:.100} is no {{promise, of, reason}}")
    return tuple(found), tuple(problems)


def corrected(changes: Iterable[Change], old: Contract, new: Contract) -> Iterator[Change]:
    """The changes, those of them that the new contract corrects regraded."""
    stated = {each.promise: each for each in corrections(new)[0] if _is_of(each, old)}
    for change in changes:
        found = stated.get(change.path)
        if found is None or not _can_be_corrected(change):
            yield change
        else:
            yield replace(change, what=What.PROMISE_CORRECTED, note=found.reason)


def _can_be_corrected(change: Change) -> bool:
    return change.what in _CORRECTABLE and not change.path.startswith(_NOT_OF_ROWS)


def _is_of(correction: Correction, old: Contract) -> bool:
    last, version = Version.parse(correction.of), Version.parse(old.version)
    return last is not None and version is not None and version.rank <= last.rank
