"""`mesh promote`, `mesh deprecate`, `mesh retire`: the life of a product, one move at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.model.finding import Finding
    from mesh_dagster.model.life import Transition
    from mesh_dagster.products.governing.moves import Promotion

_EVIDENCE = [
    Column("EVIDENCE"),
    Column("THERE", colours={"yes": "green", "no": "red"}),
    Column("SEEN", least=20, wraps=True),
]
_why = click.option("--why", default="", metavar="TEXT", help="The reason, for the record.")
_yes = click.option("--yes", is_flag=True, help="Do it; without it is only shown what would be.")


@click.command()
@click.argument("address", type=ADDRESS)
@_why
@_yes
@as_json
def promote(address: Address, why: str, yes: bool, as_json: bool) -> int:
    """Show what there is for the next stage of a product, and promote it.

    The evidence is looked up. The exit code is 1 while some is missing.
    """
    from mesh_dagster.products.deciding.reviewing import identities
    from mesh_dagster.products.governing import moves

    mesh = open_mesh()
    loaded = mesh.load(address)
    weighed = moves.weigh(mesh, loaded)
    if yes and not weighed.missing:
        made = moves.promote(mesh, loaded, identities(mesh), why=why)
        return _tell(made, as_json)
    objections = moves.objections(mesh, loaded, weighed.after)
    if as_json:
        emit_json({"promotion": weighed, "missing": weighed.missing, "policies": objections})
    else:
        _show(weighed, objections)
    return 1 if weighed.missing else 0


@click.command()
@click.argument("address", type=ADDRESS)
@click.option(
    "--sunset",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day on which it is served.",
)
@click.option("--instead", type=ADDRESS, metavar="ADDRESS", help="What its readers move to.")
@_why
@as_json
def deprecate(
    address: Address, sunset: datetime, instead: Address | None, why: str, as_json: bool
) -> int:
    """Say that a product ends on a day, in its files and to all that read it.

    They are reminded as the day nears. Called again, it moves that day to a later one.
    """
    from mesh_dagster.products.deciding.reviewing import identities
    from mesh_dagster.products.governing import moves

    mesh = open_mesh()
    loaded = mesh.load(address)
    made = moves.deprecate(
        mesh, loaded, identities(mesh), sunset=sunset.date(), why=why, instead=instead
    )
    return _tell(made, as_json)


@click.command()
@click.argument("address", type=ADDRESS)
@_why
@_yes
@as_json
def retire(address: Address, why: str, yes: bool, as_json: bool) -> int:
    """End a product that nobody reads any more: nothing of it is made, what was published is kept.

    Refused while any product needs it, and before its sunset.
    """
    from mesh_dagster.products.deciding.reviewing import identities
    from mesh_dagster.products.governing import moves

    mesh = open_mesh()
    loaded = mesh.load(address)
    if yes:
        return _tell(moves.retire(mesh, loaded, identities(mesh), why=why), as_json)
    before, after = moves.may_retire(mesh, loaded)
    path = loaded.product.address.path
    if as_json:
        emit_json({"product": path, "before": before, "after": after})
    else:
        emit(f"{path} is {before}, and nobody needs it")
        say(f"retire it: mesh retire {path} --yes")
    return 0


def _show(weighed: Promotion, objections: Sequence[Finding]) -> None:
    path = weighed.product.path
    emit(f"{path}: {weighed.before} → {weighed.after}\n")
    rows = [(each.need.value, each.there, each.seen) for each in weighed.evidence]
    emit_styled(render(_EVIDENCE, rows).text)
    if objections:
        emit(f"\nOnce it is {weighed.after}, mesh check says:\n")
        for objection in objections:
            emit(f"{objection}\n")
    if not weighed.missing:
        say(f"all of it is there: mesh promote {path} --yes")
        return
    emit("")
    for each in weighed.evidence:
        if each.fix and not each.there:
            emit(f"{each.need}: {each.fix}")


def _tell(made: Transition, as_json: bool) -> int:
    if as_json:
        emit_json(made)
        return 0
    ends = f", until {made.sunset}" if made.sunset else ""
    emit(f"{made.product}: {made.before} → {made.after}{ends}, by {made.by}")
    say("its files say so now: commit them, and reload the domain's code location")
    return 0
