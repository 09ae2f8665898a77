"""What an import gives: a contract, and what of the original it could not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_dagster.contracts.exchange.document import contract_document, contract_of
from mesh_dagster.descriptors import commented
from mesh_dagster.errors import UsageError
from mesh_dagster.model.contract import Contract


@dataclass(frozen=True, slots=True)
class Imported:
    """An ODCS document and notes, one sentence for each thing that it does not hold."""

    document: Mapping[str, Any]
    notes: tuple[str, ...]
    source: str

    @property
    def contract(self) -> Contract:
        return contract_of(self.document, self.source)

    @property
    def text(self) -> str:
        """The contract as YAML; the notes stand above it."""
        head = [f"Imported from {self.source}."]
        if self.notes:
            head += ["Not held by this contract:", *(f"- {note}" for note in self.notes)]
        return commented.write(self.document, {(): "\n".join(head)})


def imported(
    id_: str,
    objects: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
    source: str,
    *,
    kept: Mapping[str, Any] | None = None,
) -> Imported:
    """The result of an import, read once to see that it is a contract.

    `kept` is what an export left of the contract's id, version and status; without it the
    contract is new.
    Raises `UsageError` where what was read makes none.
    """
    known = {"id": id_, "version": "1.0.0", "status": "draft"}
    known |= {key: str(value) for key, value in (kept or {}).items() if key in known and value}
    document = contract_document(
        known["id"], objects, version=known["version"], status=known["status"]
    )
    found = Imported(document, tuple(dict.fromkeys(notes)), source)
    try:
        found.contract  # noqa: B018 (read for what it raises)
    except Exception as error:
        raise unusable(source, str(error)) from error
    return found


def unusable(source: str, why: str) -> UsageError:
    """The original cannot be read, or says nothing that a contract could."""
    return UsageError(f"{source} cannot be imported: {why}", code="MESH-C051")
