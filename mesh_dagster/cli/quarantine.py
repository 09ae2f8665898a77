"""`mesh quarantine` and `mesh audit`: what waits for its owner, and its second audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import (
    as_json,
    emit,
    emit_failures,
    emit_json,
    emit_styled,
    moment,
    say,
)
from mesh_dagster.cli.table import Column, render, rows_of_data
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.errors import EvaluationError, MeshError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.snapshot import Outcome

if TYPE_CHECKING:
    from mesh_dagster.journal import Quarantined
    from mesh_dagster.model.domain import LoadedProduct
    from mesh_dagster.model.finding import RuleResult
    from mesh_dagster.model.snapshot import Decision
    from mesh_dagster.products.mesh import Mesh

_COLUMNS = [
    Column("PRODUCT", least=12),
    Column("PARTITION"),
    Column("ROWS", right=True),
    Column("SINCE (UTC)", least=10),
    Column("RULES", right=True),
]
_DECIDED = [
    Column("PARTITION"),
    Column("OUTCOME", colours={"released": "green", "quarantined": "red"}),
    Column("ROWS", right=True),
]


@click.command()
@click.argument("address", type=ADDRESS, required=False)
@click.option("--rows", default=0, metavar="N", help="Show N failing rows of each failing rule.")
@as_json
def quarantine(address: Address | None, rows: int, as_json: bool) -> int:
    """List what waits in quarantine, of one product or of all."""

    mesh = open_mesh()
    unread: list[str] = []
    waiting = _waiting(mesh, mesh.load(address)) if address else _all_waiting(mesh, unread)
    if as_json:
        emit_json([_plain(mesh, product, each, rows) for product, each in waiting])
    elif not (waiting or unread):
        say("nothing waits in quarantine")
    elif waiting:
        emit_styled(render(_COLUMNS, [_row(product, each) for product, each in waiting]).text)
        for product, each in waiting:
            show_failures(mesh, product, each, rows)
    for text in unread:
        say(text)
    return EvaluationError.exit_code if unread else 0


def _waiting(mesh: Mesh, product: LoadedProduct) -> list[tuple[LoadedProduct, Quarantined]]:
    from mesh_dagster.products.deciding.reaudit import quarantined

    return [(product, each) for each in quarantined(mesh, product)]


def _all_waiting(mesh: Mesh, unread: list[str]) -> list[tuple[LoadedProduct, Quarantined]]:
    """What waits in all that can be read; what is wrong with the rest is in `unread`."""
    waiting = []
    for product in sorted(mesh.own(), key=lambda each: each.address):
        try:
            waiting += _waiting(mesh, mesh.load(product.address))
        except MeshError as error:
            unread.append(f"{product.address.path} could not be asked: {error}")
    broken = [each for each in mesh.listing.findings if each.severity is Severity.ERROR]
    unread += [f"not everything could be asked: {each}" for each in broken]
    return waiting


@click.command()
@click.argument("address", type=ADDRESS, required=False)
@click.option("--quarantined", is_flag=True, help="Audit the quarantined files, as they are.")
@click.option("--verify", is_flag=True, help="Verify the access logs instead: who read what.")
@as_json
def audit(address: Address | None, quarantined: bool, verify: bool, as_json: bool) -> int:
    """Audit quarantined files again, with the contract as it is now; publish what passes."""
    from mesh_dagster.products.deciding.decisions import audit_quarantined

    if verify and not quarantined:
        from mesh_dagster.cli.access import verified

        return verified(address.domain if address else None, as_json)
    if address is None or verify or not quarantined:
        path = address.path if address else "ADDRESS"
        raise UsageError(
            "audit what? Quarantined files are audited again by --quarantined; published data "
            "by `mesh check`; the logs of who read what by --verify",
            fix=f"mesh audit {path} --quarantined, or mesh check {path} --data",
        )
    mesh = open_mesh()
    done = audit_quarantined(mesh, mesh.load(address))
    decisions = done.decisions
    if as_json:
        emit_json(decisions)
    elif decisions:
        emit_styled(render(_DECIDED, [_decided(each) for each in decisions]).text)
        emit_failures(decisions)
    elif not done.failed:
        say(f"nothing of {address.path} waits in quarantine")
    for partition, error in done.failed:
        say(f"{partition or address.path} could not be audited: {error}")
    if done.failed:
        return EvaluationError.exit_code
    return 1 if any(each.outcome is Outcome.QUARANTINED for each in decisions) else 0


def _row(product: LoadedProduct, waiting: Quarantined) -> tuple[object, ...]:
    return (
        product.product.address.path,
        waiting.decision.partition,
        waiting.decision.rows,
        moment(waiting.attempt.started_at),
        len(waiting.failures),
    )


def _decided(decision: Decision) -> tuple[object, ...]:
    return decision.partition, decision.outcome.value, decision.rows


def show_failures(mesh: Mesh, product: LoadedProduct, waiting: Quarantined, limit: int) -> None:
    """Print the rules that a quarantined partition fails, with up to `limit` rows of each."""
    for result in waiting.failures:
        partition = f", {waiting.decision.partition}" if waiting.decision.partition else ""
        emit(f"\nquarantined: {product.product.address.path}{partition}")
        emit(f"  {result.message}" + (f"\n  at {result.where}" if result.where else ""))
        if limit:
            _show_rows(mesh, product, waiting, result, limit)
    path, key = product.product.address.path, waiting.decision.partition
    emit("  settle it: mend the transform or its source, then")
    emit(f"      mesh run {path}" + (f" --partition {key}" if key else ""))
    emit("    or, where the contract is wrong, correct that, then")
    emit(f"      mesh audit {path} --quarantined")
    emit("    or, as its owner, decide: release, discard, waive")
    emit(f"      mesh review --product {path}")


def _show_rows(
    mesh: Mesh, product: LoadedProduct, waiting: Quarantined, result: RuleResult, limit: int
) -> None:
    try:
        rows = _failing_rows(mesh, product, waiting, result, limit)
    except MeshError as error:
        emit(f"  no rows: {error.what}")
    else:
        if rows:
            emit_styled(rows_of_data(rows, _columns_of(product, result)))


def _rows_or_why(
    mesh: Mesh, product: LoadedProduct, waiting: Quarantined, result: RuleResult, limit: int
) -> dict[str, Any]:
    if not limit:
        return {"rows": []}
    try:
        return {"rows": _failing_rows(mesh, product, waiting, result, limit)}
    except MeshError as error:
        return {"rows": [], "no_rows": error.what}


def _columns_of(product: LoadedProduct, result: RuleResult) -> list[str]:
    from mesh_dagster.products.auditing.promises import rules_of

    port = result.port or ""
    rule = next(each for each in rules_of(product, port) if each.id == result.rule)
    named = [*(getattr(rule, "columns", None) or [rule.column])]
    named.append(product.contracts[port].table.event_time)
    return list(dict.fromkeys(each for each in named if isinstance(each, str)))


def _failing_rows(
    mesh: Mesh, product: LoadedProduct, waiting: Quarantined, result: RuleResult, limit: int
) -> list[dict[str, Any]]:
    from mesh_dagster.products.deciding.reaudit import rows_that_fail

    return rows_that_fail(mesh, product, waiting, result, limit).to_dicts()


def _plain(mesh: Mesh, product: LoadedProduct, waiting: Quarantined, limit: int) -> dict[str, Any]:
    return {
        "address": str(product.product.address),
        "partition": waiting.decision.partition,
        "attempt": waiting.attempt.id,
        "since": waiting.attempt.started_at,
        "rows": waiting.decision.rows,
        "failures": [
            {
                "rule": result.rule,
                "message": result.message,
                "failed": result.failed,
                "port": result.port,
                "where": result.where,
                **_rows_or_why(mesh, product, waiting, result, limit),
            }
            for result in waiting.failures
        ],
    }
