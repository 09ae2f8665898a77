"""What policies say at the gate: of what an attempt staged, and of what it really read.

Each policy that has something against a product is one result, of the kind `policy`, about all of
it: it blocks, waits in quarantine and is shown as a rule of a contract is, and only a waiver lets
it pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import ObservedRead
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import POLICY, RuleResult, Severity, Verdict
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.snapshot import InputRead, Staged
from mesh_dagster.ports.stage import scan_staged
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    import polars as pl

    from mesh_dagster.policies.judge import Judgement
    from mesh_dagster.policies.view import Sample

VALUES = 200
"""How many values of a column a policy gets to see."""

_SOURCE = "source:"


def policies_at_gate(
    mesh: Mesh,
    loaded: LoadedProduct,
    staged: Mapping[str, Staged],
    reads: Iterable[InputRead],
    columns: Mapping[str, ColumnLineage],
) -> Callable[[], tuple[RuleResult, ...]] | None:
    """What the gate asks once; None where no policy is asked when a product is published."""
    governed = mesh.governed(loaded.product.address.domain)
    if governed is None or not governed.asks_at(Moment.PUBLISH):
        return None

    def results() -> tuple[RuleResult, ...]:
        from mesh_dagster.policies.judge import judge
        from mesh_dagster.products.governing.views import Views

        view = replace(
            Views(mesh, Moment.PUBLISH, [loaded]).view(loaded),
            find_reads=lambda: observed(reads, columns),
            find_samples=lambda: _samples(mesh, loaded, staged),
        )
        return policy_results(judge(governed, view))

    return cache(results)


def policy_results(judged: Iterable[Judgement]) -> tuple[RuleResult, ...]:
    """One result for each policy that has something against a product; drafts are not told."""
    told = [each for each in judged if not each.bound.is_draft]
    return tuple(_result(list(group)) for _, group in groupby(told, key=lambda each: each.bound.id))


def _result(found: Sequence[Judgement]) -> RuleResult:
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    error = first.finding.severity is Severity.ERROR
    waiver = first.waiver
    return RuleResult(
        rule=first.bound.id,
        kind=POLICY,
        verdict=Verdict.FAILED if error else Verdict.WARNED,
        severity=first.finding.severity,
        message=first.finding.message + more,
        failed=len(found),
        where=first.finding.where,
        waived_by=waiver.by if waiver else None,
        waived_until=_end(waiver.until) if waiver else None,
    )


def _end(day: date) -> datetime:
    """When a day is over."""
    return datetime.combine(day, time(), UTC) + timedelta(days=1)


def observed(
    reads: Iterable[InputRead], made: Mapping[str, ColumnLineage]
) -> tuple[ObservedRead, ...]:
    """What was read of other products, and which of their columns were used as far as is known."""
    known = made and all(each.whole for each in made.values())
    found = []
    for each in reads:
        if each.address.startswith(_SOURCE):
            continue
        address = Address.parse(each.address)
        used = {column for one in made.values() for of, column, _ in one.read if of == address}
        columns = tuple(sorted(used)) if known else None
        found.append(ObservedRead(each.port, address, each.number, columns))
    return tuple(found)


def _samples(
    mesh: Mesh, loaded: LoadedProduct, staged: Mapping[str, Staged]
) -> Mapping[str, Sample] | None:
    product = loaded.product.address
    try:
        return {
            port: sample(scan_staged(mesh.storage, product, each)) for port, each in staged.items()
        }
    except MeshError:
        return None


def sample(frame: pl.LazyFrame) -> Sample:
    """The first values of each column of some rows."""
    rows = frame.head(VALUES).collect()
    return {column.name: column.drop_nulls().to_list() for column in rows.iter_columns()}
