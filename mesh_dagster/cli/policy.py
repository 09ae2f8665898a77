"""`mesh policy`: which policies hold, and what they have against products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.output import as_json, emit_json, emit_styled, say
from mesh_dagster.cli.policy_shown import explained, plain_judgement, plain_policy, tell
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.contracts.rules.grammar import count
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.policy import Moment

if TYPE_CHECKING:
    from mesh_dagster.policies.judge import Judgement
    from mesh_dagster.products.governing.standing import PolicyStanding

_COLUMNS = [
    Column("POLICY"),
    Column("OF", least=6),
    Column("FORCE", least=8, colours={"draft": "yellow"}),
    Column("ASKED AT", least=14, wraps=True),
    Column("AGAINST", right=True),
    Column("WAIVED", right=True),
    Column("LAST", least=5),
]
_WOULD = [
    Column("PRODUCT", least=16),
    Column("SEVERITY", colours={"error": "red", "warning": "yellow"}),
    Column("WAIVED"),
    Column("WHAT", least=30, wraps=True),
]


@click.group()
def policy() -> None:
    """The policies that govern the mesh and its domains."""


@policy.command(name="list")
@click.option("--all", "every", is_flag=True, help="Those too that are installed and hold nowhere.")
@as_json
def list_(every: bool, as_json: bool) -> None:
    """List the policies that hold here, and how often each finds something.

    AGAINST counts the ports that a policy has something against when it is asked now, WAIVED
    those among them that are let off; LAST is when it last fired where products are really loaded
    and published. Those that did not in 90 days, or only with a waiver, are named below.
    """
    from mesh_dagster.products.governing.standing import standings, versions

    mesh = open_mesh()
    found = standings(mesh, every=every)
    domains = versions(mesh)
    if as_json:
        return emit_json({"policies": [_plain(each) for each in found], "domains": domains})
    if not found:
        return say("no policy holds here: policies: {sets: [standard]} in mesh.yaml")
    table = render(_COLUMNS, [_row(each) for each in found])
    emit_styled(table.text)
    if table.left_out:
        say(f"and {count(table.left_out, 'more column')}: --json")
    _tell_idle(found)
    for domain, sets in domains.items():
        runs = ", ".join(f"{name} {version}" for name, version in sets.items()) or "no policies"
        say(f"{domain} runs {runs}")
    return None


def _row(each: PolicyStanding) -> tuple[Any, ...]:
    bound = each.bound
    force = f"{bound.force} to {bound.until}" if bound.until else bound.force.value
    return (
        bound.id,
        ", ".join(each.domains) or "mesh",
        force if each.holds else "not here",
        " ".join(moment.value for moment in Moment if moment in bound.policy.moments),
        None if each.against is None else len(each.against),
        None if each.against is None else len(each.waived),
        each.last.date() if each.last else None,
    )


def _tell_idle(found: Sequence[PolicyStanding]) -> None:
    idle = [each.bound.id for each in found if each.is_idle]
    waived = [each.bound.id for each in found if each.is_always_waived]
    if idle:
        say(f"never fired in 90 days: {', '.join(idle)}")
    if waived:
        say(f"always waived: {', '.join(waived)}")


def _plain(each: PolicyStanding) -> dict[str, Any]:
    return {
        **plain_policy(each.bound),
        "holds": each.holds,
        "domains": list(each.domains),
        "against": each.against,
        "waived": each.waived,
        "last_fired": each.last,
        "never_fired": each.is_idle,
        "always_waived": each.is_always_waived,
    }


@policy.command()
@click.argument("id", metavar="ID")
@as_json
def explain(id: str, as_json: bool) -> None:
    """What a policy asks, why, of which products and how gravely."""
    explained(id, as_json)


@policy.command()
@click.argument("subject", required=False)
@click.option(
    "--moment",
    type=click.Choice([each.value for each in Moment]),
    default=Moment.BUILD.value,
    show_default=True,
    help="The moment; `publish` is asked of what is published, `access` of declared reads.",
)
@as_json
def check(subject: str | None, moment: str, as_json: bool) -> int:
    """Ask the policies about all products here, or those of SUBJECT, a domain or a product.

    Drafts and what is waived are told too. The exit code is 1 if something is refused.
    """
    from mesh_dagster.products.governing.simulating import judged_at, products_here

    mesh, unread = open_mesh(), list[Finding]()
    found = list(judged_at(mesh, products_here(mesh, subject, unread), Moment(moment)))
    if as_json:
        emit_json([plain_judgement(each) for each in found])
    else:
        for each in found:
            tell(each)
        say(_in_words(found))
    return _exit_code(any(each.refuses for each in found), unread)


def _in_words(found: Sequence[Judgement]) -> str:
    if not found:
        return "no policy has anything against them"
    refused = sum(each.refuses for each in found)
    waived = sum(each.waiver is not None for each in found)
    drafts = sum(each.bound.is_draft for each in found)
    rest = len(found) - refused - waived - drafts
    return (
        f"{count(refused, 'error')}, {count(rest, 'warning')}, {waived} waived, {drafts} of drafts"
    )


@policy.command()
@click.argument("id", metavar="POLICY")
@click.argument("subject", required=False)
@as_json
def simulate(id: str, subject: str | None, as_json: bool) -> int:
    """Tell who would fail if POLICY were enforced today, whatever its force is, or if it holds.

    Of all products here, or those of SUBJECT. The exit code is 1 if somebody would.
    """
    from mesh_dagster.products.governing.simulating import products_here, simulated

    mesh, unread = open_mesh(), list[Finding]()
    found = simulated(mesh, id, products_here(mesh, subject, unread))
    if as_json:
        emit_json([plain_judgement(each) for each in found])
    elif found:
        rows = [
            (
                each.finding.subject,
                each.finding.severity.value,
                each.waiver and f"to {each.waiver.until}",
                each.finding.message,
            )
            for each in found
        ]
        emit_styled(render(_WOULD, rows).text)
    failing = {each.finding.subject for each in found if each.refuses}
    if not as_json:
        told = count(len(failing), "port") if found else "nobody"
        say(f"{told} would fail {id}" + ("; --json says where, and what mends it" if found else ""))
    return _exit_code(bool(failing), unread)


def _exit_code(refused: bool, unread: Sequence[Finding]) -> int:
    """Tells what could not be read, and so was not asked about."""
    for each in unread:
        say(f"not everything could be asked about: {each}")
    return 1 if refused else EvaluationError.exit_code if unread else 0
