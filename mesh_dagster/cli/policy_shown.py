"""How a policy and what it has to say are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mesh_dagster.cli.output import emit, emit_json
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.errors import NotInMesh
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Stage

if TYPE_CHECKING:
    from mesh_dagster.policies.bound import Bound
    from mesh_dagster.policies.judge import Judgement


def explained(id: str, as_json: bool) -> None:
    """Print what a policy is, as it holds here where it does. Raises `UsageError`."""
    bound = _bound(id)
    examples = _examples(bound)
    if as_json:
        return emit_json({**plain_policy(bound), "says": examples})
    kind = type(bound.policy)
    lines = [f"{bound.id} · {kind.title()}", "", kind.explanation(), "", f"why: {kind.rationale}"]
    lines += [f"set: {bound.set}", f"version: {kind.version}", f"owner: {kind.owner}"]
    lines += [f"moments: {', '.join(_moments(bound))}", f"force: {_force(bound)}"]
    stages = (f"{stage} {bound.severity[stage]}" for stage in Stage if stage in bound.severity)
    lines.append(f"severity: {', '.join(stages) or 'not asked'}")
    if bound.policy.options:
        stated = (f"{name}: {value}" for name, value in bound.policy.options.items())
        lines.append(f"options: {', '.join(stated)}")
    lines += ["", "for example, it says:", *(f"  {each}" for each in examples[:3])]
    lines += ["", f"who would fail today: mesh policy simulate {bound.id}"]
    return emit("\n".join(lines))


def plain_policy(bound: Bound) -> dict[str, Any]:
    """A policy for machines."""
    kind = type(bound.policy)
    return {
        "id": bound.id,
        "title": kind.title(),
        "explanation": kind.explanation(),
        "rationale": kind.rationale,
        "owner": kind.owner,
        "version": kind.version,
        "set": bound.set,
        "scope": bound.scope,
        "force": bound.force,
        "until": bound.until,
        "moments": _moments(bound),
        "severity": {stage.value: severity for stage, severity in bound.severity.items()},
        "options": dict(bound.policy.options),
        "where": bound.where,
    }


def plain_judgement(each: Judgement) -> dict[str, Any]:
    """One thing that a policy has against a product, for machines."""
    found = each.finding
    return {
        "policy": found.code,
        "subject": found.subject,
        "severity": found.severity,
        "message": found.message,
        "where": found.where,
        "fix": found.fix,
        "force": each.bound.force,
        "refuses": each.refuses,
        "waiver": each.waiver,
    }


def tell(each: Judgement) -> None:
    """Print one thing that a policy has against a product, and why it is not refused."""
    lines = [str(each.finding)]
    if each.waiver is not None:
        lines.append(
            f"  waived by {each.waiver.by} up to {each.waiver.until}: {each.waiver.why}"
            f" ({each.waiver.where})"
        )
    elif each.bound.is_draft:
        lines.append("  a draft: nobody else is told")
    emit("\n".join(lines) + "\n")


def _bound(id: str) -> Bound:
    """The policy as it holds here; without a mesh as its class says."""
    from mesh_dagster.policies.bound import Bound
    from mesh_dagster.products.governing.simulating import bound_as_here, policy_named

    try:
        mesh = open_mesh()
    except NotInMesh:
        from mesh_dagster.model.policy import Scope

        kind, of = policy_named(id)
        made = kind()
        return Bound(made, of, Scope.GLOBAL, made.force, made.until, made.severity)
    return bound_as_here(mesh, id)


def _examples(bound: Bound) -> list[str]:
    """What it says of the product that is to fail it."""
    view = type(bound.policy).failing()
    return [each.message for each in bound.policy.check(view)]


def _moments(bound: Bound) -> list[str]:
    return [moment.value for moment in Moment if moment in bound.policy.moments]


def _force(bound: Bound) -> str:
    end = f", an error after {bound.until}" if bound.until else ""
    return f"{bound.force}{end}"
