"""Quarantined partitions: what they are, what fails in them, and their second audit.

A corrected contract is audited against the files as they were staged; nothing is computed
again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesh_dagster.contracts.audit.samples import failing_rows
from mesh_dagster.contracts.rules.kinds import Schema
from mesh_dagster.errors import EvaluationError
from mesh_dagster.journal import Quarantined
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import POLICY, RuleResult
from mesh_dagster.model.snapshot import (
    Decision,
    Outcome,
    Publication,
    PublicationKind,
)
from mesh_dagster.ports import pointer
from mesh_dagster.ports.seal import still_sealed
from mesh_dagster.ports.stage import scan_staged
from mesh_dagster.products.auditing.audit import references_of
from mesh_dagster.products.auditing.gate import Gate
from mesh_dagster.products.auditing.masking import made_by_transform, with_masked
from mesh_dagster.products.auditing.promises import rules_of
from mesh_dagster.products.auditing.rest import rest_of_port
from mesh_dagster.products.governing.gate import policies_at_gate
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.waivers import Waivers

if TYPE_CHECKING:
    import polars as pl


def quarantined(mesh: Mesh, loaded: LoadedProduct) -> tuple[Quarantined, ...]:
    """The partitions of a product that wait in quarantine, oldest attempt first."""
    with mesh.journal(loaded.product.address.domain) as journal:
        return tuple(journal.quarantined(loaded.product.address.path))


def sealed_anew(mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined) -> Quarantined:
    """What is about to be audited again, with checksums of the files that had none.

    Raises `EvaluationError` where the files are not those that were audited before.
    """
    own = made_by_transform(loaded, waiting.staged)
    product = loaded.product.address
    return waiting._replace(
        staged=tuple(
            still_sealed(mesh.storage, product, each) if each in own else each
            for each in waiting.staged
        )
    )


def audit_again(
    mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined, waivers: Waivers
) -> tuple[Decision, Publication | None]:
    """Audit what waits again, with the contract as it is now, and publish it if it passes."""
    attempt = waiting.attempt
    made = made_by_transform(loaded, waiting.staged)
    staged = with_masked(mesh, loaded, made, waiting.keys, attempt.started_at)
    asked = policies_at_gate(mesh, loaded, staged, attempt.reads, {})
    keys = (waiting.decision.partition,)
    gate = Gate(mesh, loaded, attempt.id, attempt.base, keys, staged, waivers, asked)
    decided = gate.decide(PublicationKind.REAUDIT)
    (decision,) = gate.decisions(decided)
    if decision.outcome is Outcome.PUBLISHED:
        decision = replace(decision, outcome=Outcome.RELEASED)
    return decision, decided.publication


def rows_that_fail(
    mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined, result: RuleResult, limit: int = 10
) -> pl.DataFrame:
    """Rows of a quarantined partition that break a rule, for its owner to look at.

    Raises `EvaluationError` for a rule that the contract has no more, or that cannot be run.
    """
    if result.kind == POLICY:
        raise EvaluationError(
            f"{result.rule} is a policy: it is about the product, and no row breaks it",
            fix=f"mesh policy explain {result.rule}",
        )
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
    references = references_of(mesh, checked, loaded.product.address.domain)
    state = pointer.current(mesh.storage, loaded.product.address)
    return failing_rows(
        rule,
        data,
        limit=limit,
        published=rest_of_port(mesh, loaded, port, waiting.keys, state=state, staged=data),
        reference=references.get(rule.id),
        schema=next((each for each in checked if isinstance(each, Schema)), None),
        masked=loaded.contracts[port].confidential_columns(),
    )
