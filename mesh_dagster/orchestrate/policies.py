"""Policies in Dagster: one check of a product's first port says what they have against it.

It is shown, not leaned on: what is enforced is enforced where the domain loads, at the gate and at
a read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from mesh_dagster.errors import MeshError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import POLICY, RuleResult, Severity
from mesh_dagster.model.policy import Moment
from mesh_dagster.orchestrate.checks import asset_key
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.policies.judge import Judgement

CHECK = "policies"
_SHOWN = 100
_COLUMNS = ("policy", "severity", "message", "where", "fix", "waived")


@dataclass(frozen=True, slots=True)
class _Told:
    """One row of the check: what a policy has against a product."""

    policy: str
    severity: Severity
    message: str
    where: str | None
    fix: str | None = None
    waived: str | None = None


def policy_specs(mesh: Mesh, loaded: LoadedProduct) -> list[dg.AssetCheckSpec]:
    """The check of a product; none where no policy holds in its domain."""
    governed = mesh.governed(loaded.product.address.domain)
    if governed is None or not governed.policies:
        return []
    sets = ", ".join(f"{name} {version}" for name, version in governed.versions.items())
    described = f"What the policies have against the product: {sets}. `mesh policy list`"
    return [dg.AssetCheckSpec(CHECK, asset=asset_key(loaded, ""), description=described)]


def policy_checks(
    context: dg.AssetExecutionContext,
    mesh: Mesh,
    loaded: LoadedProduct,
    results: Sequence[RuleResult] | None,
) -> Iterator[dg.AssetCheckResult]:
    """What all policies have against a product now, if that check was selected.

    `results` are those of the gate; None: nothing went through it, and what is published is looked
    at instead. Where policies cannot be asked the run goes on, and its log says why.
    """
    key = asset_key(loaded, "")
    if dg.AssetCheckKey(key, CHECK) not in context.selected_asset_check_keys:
        return
    try:
        told = tuple(dict.fromkeys((*_judged(mesh, loaded, results), *_of_gate(results or ()))))
    except MeshError as error:
        context.log.warning(str(error))
        return
    yield _result(key, told)


def _judged(
    mesh: Mesh, loaded: LoadedProduct, results: Sequence[RuleResult] | None
) -> Iterator[_Told]:
    from mesh_dagster.products.governing.simulating import judged_at

    moments = [Moment.BUILD, Moment.LOAD, *([Moment.PUBLISH] if results is None else [])]
    for moment in moments:
        for each in judged_at(mesh, [loaded], moment):
            if not each.bound.is_draft:
                yield _row(each)


def _row(each: Judgement) -> _Told:
    found, waiver = each.finding, each.waiver
    waived = f"by {waiver.by} up to {waiver.until}" if waiver else None
    return _Told(found.code, found.severity, found.message, found.where, found.fix, waived)


def _of_gate(results: Iterable[RuleResult]) -> Iterator[_Told]:
    for each in results:
        if each.kind == POLICY:
            waived = f"by {each.waived_by}" if each.waived_by else None
            yield _Told(each.rule, each.severity, each.message, each.where, None, waived)


def _result(key: dg.AssetKey, told: Sequence[_Told]) -> dg.AssetCheckResult:
    standing = [each for each in told if each.waived is None]
    errors = [each for each in standing if each.severity is Severity.ERROR]
    described = "No policy has anything against it."
    if standing:
        worst = (errors or standing)[0]
        more = f" (and {len(standing) - 1} more)" if len(standing) > 1 else ""
        described = f"{worst.policy}: {worst.message}{more}"
    return dg.AssetCheckResult(
        check_name=CHECK,
        asset_key=key,
        passed=not standing,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        description=described,
        metadata={"findings": _table(told)} if told else None,
    )


def _table(told: Sequence[_Told]) -> dg.TableMetadataValue:
    rows = (
        (each.policy, each.severity.value, each.message, each.where, each.fix, each.waived)
        for each in told[:_SHOWN]
    )
    return dg.TableMetadataValue(
        records=[dg.TableRecord(dict(zip(_COLUMNS, row, strict=True))) for row in rows],
        schema=dg.TableSchema.from_name_type_dict(dict.fromkeys(_COLUMNS, "string")),
    )
