"""`mesh run`: make one product, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mesh_dagster import clock
from mesh_dagster.cli.output import as_json, emit_failures, emit_json, emit_styled, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.finding import Severity, Verdict
from mesh_dagster.model.snapshot import Outcome

if TYPE_CHECKING:
    from mesh_dagster.model.domain import LoadedProduct
    from mesh_dagster.model.snapshot import Decision

_COLUMNS = [
    Column("PARTITION"),
    Column("OUTCOME", colours={"published": "green", "quarantined": "red"}),
    Column("ROWS", right=True),
    Column("PASSED", right=True),
    Column("WARNED", right=True),
    Column("FAILED", right=True),
]


@click.command()
@click.argument("address", type=ADDRESS)
@click.option("--partition", "named", multiple=True, metavar="P", help="A partition to make.")
@click.option("--from", "first", metavar="A", help="The first of a range of partitions.")
@click.option("--to", "last", metavar="B", help="The last of the range.")
@as_json
def run(
    address: Address, named: tuple[str, ...], first: str | None, last: str | None, as_json: bool
) -> int:
    """Make a product: stage, audit, publish what passes."""
    from mesh_dagster.orchestrate.execute import run as materialize

    mesh = open_mesh()
    product = mesh.load(address)
    keys = partitions_asked_for(product, named, first, last)
    attempt = materialize(mesh, product, keys, say)
    if as_json:
        emit_json(attempt)
    else:
        emit_styled(render(_COLUMNS, [_row(each) for each in attempt.decisions]).text)
        emit_failures(attempt.decisions)
        _tell(product, attempt.decisions)
    return 1 if any(each.outcome is Outcome.QUARANTINED for each in attempt.decisions) else 0


def partitions_asked_for(
    product: LoadedProduct, named: tuple[str, ...], first: str | None, last: str | None
) -> tuple[str, ...] | None:
    """The partitions that --partition, or --from and --to, mean. Raises `UsageError`."""
    if (first is None) != (last is None):
        raise UsageError("--from and --to go together", fix="name both ends of the range")
    if named and first:
        raise UsageError("either --partition, or --from and --to")
    if not named and not first:
        return None
    path, partitioning = product.product.address.path, product.wiring.partitioning
    if partitioning is None:
        raise UsageError(f"{path} has no partitions", fix=f"mesh run {path}")
    keys = tuple(partitioning.between(first, last)) if first and last else named
    if not keys:
        raise UsageError(f"--from {first} is later than --to {last}")
    there = list(partitioning.keys(clock.now(), clock.since()))
    for key in keys:
        partitioning.window(key)
        if key not in there:
            span = f"from {there[0]} to {there[-1]}" if there else "none yet"
            raise UsageError(f"{path} has no partition {key}; there are those {span}")
    return keys


def _row(decision: Decision) -> tuple[object, ...]:
    verdicts = [result.verdict for result in decision.results]
    return (
        decision.partition,
        decision.outcome.value,
        decision.rows,
        verdicts.count(Verdict.PASSED),
        verdicts.count(Verdict.WARNED),
        verdicts.count(Verdict.FAILED) + verdicts.count(Verdict.ERROR),
    )


def _tell(product: LoadedProduct, decisions: tuple[Decision, ...]) -> None:
    warned = {
        f"{result.message}" + (f"\n  at {result.where}" if result.where else "")
        for decision in decisions
        for result in decision.results
        if result.severity is Severity.WARNING and not result.holds
    }
    for message in sorted(warned):
        say(f"warning: {message}")
    if any(each.outcome is Outcome.QUARANTINED for each in decisions):
        say(f"look at what waits: mesh quarantine {product.product.address.path} --rows 5")
