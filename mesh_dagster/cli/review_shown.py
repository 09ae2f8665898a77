"""One thing that waits, with all that its owner wants to know before he decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_dagster import clock
from mesh_dagster.cli.output import emit, emit_styled, moment
from mesh_dagster.cli.table import Column, render, rows_of_data
from mesh_dagster.errors import EvaluationError, MeshError
from mesh_dagster.journal import Quarantined
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult
from mesh_dagster.model.ownership import owners
from mesh_dagster.model.review import Review, ReviewKind, Ruling
from mesh_dagster.products.deciding.differences import Compared, compared
from mesh_dagster.products.deciding.reaudit import quarantined, rows_that_fail
from mesh_dagster.products.deciding.reviewing import review_of, rulings_of
from mesh_dagster.products.keeping.downstream import Waiting, downstream
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.misfits import ACTIONS

_CHANGED = [
    Column("WHAT", least=16),
    Column("BEFORE", right=True, least=8),
    Column("NOW", right=True, least=8),
]


@dataclass(frozen=True, slots=True)
class Failing:
    """A rule that does not hold, and rows that show it; or why none can be shown."""

    result: RuleResult
    rows: Sequence[Mapping[str, Any]] = ()
    no_rows: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What `mesh review show` tells."""

    review: Review
    owners: tuple[str, ...]
    failing: tuple[Failing, ...]
    compared: Compared | None
    downstream: tuple[Waiting, ...]
    decisions: tuple[Ruling, ...]


def facts_of(mesh: Mesh, id: str, rows: int) -> Facts:
    """Everything there is to know about a review. Raises what `review_of` raises."""
    review = review_of(mesh, id)
    loaded = mesh.load(Address.parse(review.product))
    waiting = _waiting(mesh, loaded, review)
    results = [each for each in review.results if each.blocks] or list(review.results)
    return Facts(
        review,
        tuple(each.username for each in owners(loaded, clock.now().date())),
        tuple(_failing(mesh, loaded, waiting, each, rows) for each in results),
        None if waiting is None else _compared(mesh, loaded, waiting),
        downstream(mesh, loaded.product.address),
        tuple(each for each in rulings_of(mesh, loaded) if each.subject == review.subject),
    )


def tell(facts: Facts) -> None:
    """Print the facts for a person."""
    review = facts.review
    about = ", ".join(review.partitions) or "all of it"
    who = ", ".join(facts.owners) or "nobody is named"
    emit(f"{review.id} · {review.kind} · {review.product} · {about}")
    rows = f"{review.rows:,} rows · " if review.rows else ""
    emit(f"since {moment(review.since)} UTC · {rows}decides: {who}")
    if not facts.failing:
        emit(f"\n{review.summary}")
    if review.request is not None:
        emit(f"  asked at {moment(review.request.at)} UTC by {review.request.asked_by}")
    for each in facts.failing:
        _tell_failing(each)
    if facts.compared is not None:
        _tell_compared(facts.compared)
    if facts.downstream:
        emit("\ndownstream of it:")
        for reader in facts.downstream:
            through = f" (over {reader.through.path})" if reader.through else ""
            emit(f"  {reader.product.path} · {reader.team or '-'}{through}")
    if facts.decisions:
        emit("\ndecided before:")
        for ruling in facts.decisions:
            emit(f"  {moment(ruling.at)} {ruling.action} by {ruling.by}: {ruling.why}")
            if ruling.error:
                emit(f"    it could not be carried out: {ruling.error}")
    emit("\ndecide: mesh review ACTION " + review.id + " --why '...'")
    emit("  ACTION is " + ", ".join(each.value for each in ACTIONS[review.kind]))


def _waiting(mesh: Mesh, loaded: LoadedProduct, review: Review) -> Quarantined | None:
    if review.kind is not ReviewKind.QUARANTINE:
        return None
    for each in quarantined(mesh, loaded):
        if each.audited in review.covers:
            return each
    raise EvaluationError(
        f"{review.id} is not in quarantine any more",
        code="MESH-M047",
        fix="mesh review",
    )


def _failing(
    mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined | None, result: RuleResult, limit: int
) -> Failing:
    if waiting is None or not limit:
        return Failing(result)
    try:
        found = rows_that_fail(mesh, loaded, waiting, result, limit).to_dicts()
    except MeshError as error:
        return Failing(result, no_rows=error.what)
    return Failing(result, found)


def _compared(mesh: Mesh, loaded: LoadedProduct, waiting: Quarantined) -> Compared:
    with mesh.journal(loaded.product.address.domain) as journal:
        return compared(mesh, loaded, waiting, journal)


def _tell_failing(each: Failing) -> None:
    result = each.result
    counted = f" ({result.failed:,} of {result.checked:,})" if _is_counted(result) else ""
    of = f" [{result.partition}]" if result.partition else ""
    emit(f"\n{result.severity} · {result.rule}{of}: {result.message}{counted}")
    if result.waived_by:
        until = f"until {moment(result.waived_until)}" if result.waived_until else "for it"
        emit(f"  waived by {result.waived_by} {until}")
    if result.where:
        emit(f"  at {result.where}")
    if each.no_rows:
        emit(f"  no rows: {each.no_rows}")
    if each.rows:
        words = _words(each.result)
        emit_styled(rows_of_data(each.rows, [name for name in each.rows[0] if name in words]))


def _is_counted(result: RuleResult) -> bool:
    return result.failed is not None and result.checked is not None


def _words(result: RuleResult) -> frozenset[str]:
    """The columns that a rule's message names; they are shown first, and whole."""
    text = "".join(each if each.isalnum() or each == "_" else " " for each in result.message)
    return frozenset([*text.split(), *([result.column] if result.column else [])])


def _tell_compared(found: Compared) -> None:
    if found.against is None:
        emit("\nnothing good was published before to compare it with")
        return
    emit(f"\ndifferent from {found.against}, the last that was good:")
    if not found.differences:
        emit("  nothing that is counted")
        return
    emit_styled(render(_CHANGED, list(_changes(found))).text)


def _changes(found: Compared) -> Iterator[tuple[Any, ...]]:
    for each in found.differences:
        port = f"{each.port}: " if each.port else ""
        what = f"{each.column}: {each.what}" if each.column else each.what
        yield port + what, each.before, each.now
