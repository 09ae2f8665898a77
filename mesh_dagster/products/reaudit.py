"""Quarantined partitions: what they are, what fails in them, and their second audit.

A corrected contract is audited against the files as they were staged; nothing is computed
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.errors import EvaluationError
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.snapshot import Attempt, Decision, Outcome, PublicationKind, Staged
from mesh_dagster.ports import pointer
from mesh_dagster.ports.stage import scan_staged
from mesh_dagster.products.audit import references_of
from mesh_dagster.products.describe import announce
from mesh_dagster.products.gate import Gate
from mesh_dagster.products.heal import heal
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.promises import rules_of
from mesh_dagster.products.published import refuse_broken
from mesh_dagster.products.rest import rest_of_port

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One partition that waits: the attempt that staged it and what its audit said."""

    attempt: Attempt
    decision: Decision
    staged: tuple[Staged, ...]

    @property
    def failures(self) -> tuple[RuleResult, ...]:
        return tuple(result for result in self.decision.results if result.blocks)


def quarantined(mesh: Mesh, loaded: LoadedProduct) -> tuple[Quarantined, ...]:
    """The partitions of a product that wait in quarantine, oldest attempt first."""
    with mesh.journal(loaded.product.address.domain) as journal:
        return _waiting(journal, loaded)


def audit_quarantined(mesh: Mesh, loaded: LoadedProduct) -> tuple[Decision, ...]:
    """Audit what waits in quarantine again, with the contract as it is now.

    What passes is published from the same files; what a newer attempt has published meanwhile
    is closed as superseded; the rest goes on waiting, with its new results on the record. Raises
    `DescriptorError` for a contract that breaks what its major has promised.
    """
    refuse_broken(mesh, loaded)
    with mesh.journal(loaded.product.address.domain) as journal:
        heal(mesh, loaded, journal)
        decisions = tuple(
            _decide(mesh, loaded, journal, waiting) for waiting in _waiting(journal, loaded)
        )
    if any(each.outcome is Outcome.RELEASED for each in decisions):
        announce(mesh, loaded)
    return decisions


def rows_that_fail(
    mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined, result: RuleResult, limit: int = 10
) -> pl.DataFrame:
    """Rows of a quarantined partition that break a rule, for its owner to look at.

    Raises `EvaluationError` for a rule that the contract has no more, or that cannot be run.
    """
    port = result.port or ""
    checked = rules_of(loaded, port) if port in loaded.contracts else ()
    rule = next((each for each in checked if each.id == result.rule), None)
    if rule is None:
        raise EvaluationError(
            f"the contract of {loaded.product.address.path} has no rule {result.rule} any more",
            fix=f"mesh audit {loaded.product.address.path} --quarantined",
        )
    staged = next(each for each in waiting.staged if (each.port or "") == port)
    files = staged.of(waiting.decision.partition)
    data = scan_staged(mesh.storage, loaded.product.address, files)
    references = references_of(mesh, checked)
    key = waiting.decision.partition
    keys = None if key is None else (key,)
    state = pointer.current(mesh.storage, loaded.product.address)
    return failing_rows(
        rule,
        data,
        limit=limit,
        published=rest_of_port(mesh, loaded, port, keys, state=state, staged=data),
        reference=references.get(rule.id),
    )


def _waiting(journal: Journal, loaded: LoadedProduct) -> tuple[Quarantined, ...]:
    found = journal.quarantined(loaded.product.address.path)
    return tuple(Quarantined(attempt, decision, staged) for attempt, decision, staged in found)


def _decide(mesh: Mesh, loaded: LoadedProduct, journal: Journal, waiting: Quarantined) -> Decision:
    key = waiting.decision.partition
    staged = {each.port or "": each.of(key) for each in waiting.staged}
    attempt = waiting.attempt
    gate = Gate(mesh, loaded, attempt.id, attempt.base, (key,), staged)
    decided = gate.decide(PublicationKind.REAUDIT)
    outcome = decided.outcomes[key]
    return journal.decide(
        attempt.id,
        key,
        Outcome.RELEASED if outcome is Outcome.PUBLISHED else outcome,
        publication=decided.publication,
        results=decided.results,
    )
