"""`mesh search`: finding a product by what it is called, says, holds and is asked."""

from __future__ import annotations

import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, say
from mesh_dagster.cli.table import shown, terminal_width, width_of
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.life import end_of
from mesh_dagster.model.product import STATED, Archetype

if TYPE_CHECKING:
    from mesh_dagster.products.mesh import Mesh
    from mesh_dagster.registry.search import Found, Hit

_LABELS = {
    "columns": "column",
    "entities": "entity",
    "tags": "tag",
    "queries": "query",
    "owners": "owner",
    "purpose": "for",
    "descriptions": "says",
}
"""Where a word was found, in the order in which it is told; a name is read anyway."""

_PLACES = 3

_NOTHING = "nothing is found: `mesh search` alone lists all that domains have told"
_NOTHING_TOLD = """\
nothing is found: no domain has told of a product yet
  fix: mesh registry write, which tells of this checkout's; Dagster does so by itself"""

_STATES = {"met": "green", "at_risk": "yellow", "burning": "yellow", "breached": "red"}


@click.command()
@click.argument("terms", nargs=-1)
@click.option("--domain", metavar="NAME", help="Of one domain.")
@click.option(
    "--archetype",
    type=click.Choice([each.value for each in Archetype]),
    help="Of one archetype.",
)
@click.option("--stage", type=click.Choice([each.value for each in STATED]), help="Of one stage.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="With a tag, or with several.")
@click.option(
    "--entity", "entities", multiple=True, metavar="NAME", help="With a column of an entity."
)
@click.option("--slo", type=click.Choice(["ok"]), help="Whose service levels are all kept.")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Products to show.",
)
@as_json
def search(
    terms: tuple[str, ...],
    *,
    domain: str | None,
    archetype: str | None,
    stage: str | None,
    tags: tuple[str, ...],
    entities: tuple[str, ...],
    slo: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """Find products of the whole mesh, the best first.

    mesh search delay carrier --slo ok

    Without TERMS all that the options leave, the most used first. The exit code is 1 if nothing
    is found.
    """
    from mesh_dagster.descriptors.suggest import did_you_mean
    from mesh_dagster.products.discovering.finding import find, mistyped
    from mesh_dagster.registry.search import Filters

    filters = Filters(domain, archetype, stage, tags, entities, slo is not None)
    mesh = open_mesh()
    found = find(mesh, " ".join(terms), filters, limit)
    if as_json:
        emit_json(found)
    else:
        _print(mesh, found, limit)
        if not found.hits:
            any_at_all = find(mesh, "", Filters(), 1).hits
            say(_NOTHING if any_at_all else _NOTHING_TOLD)
            for kind, value, known in mistyped(mesh, filters) if any_at_all else ():
                say(f"no product has the {kind} {value!r:.60}{did_you_mean(value, known)}")
    return 0 if found.hits else 1


def _print(mesh: Mesh, found: Found, limit: int) -> None:
    for typed, meant in found.corrected.items():
        say(f"nothing begins with {typed!r}; looked for {', '.join(meant)}")
    for at, hit in enumerate(found.hits):
        if at:
            emit("")
        _print_hit(hit, _end(mesh, hit))
    if found.total > limit:
        say(f"the first {limit} of {found.total:,}: more words, or --limit")


def _end(mesh: Mesh, hit: Hit) -> str:
    """When a product ends that does, and what there is instead."""
    if hit.status == "active":
        return ""
    with suppress(MeshError):
        return end_of(mesh.product(Address.parse(hit.path)))
    return ""


def _print_hit(hit: Hit, end: str) -> None:
    facts = [each for each in (hit.archetype, hit.stage, hit.team) if each]
    if hit.status != "active":
        facts.insert(0, hit.status)
    used = f"{hit.readers} reader" + ("" if hit.readers == 1 else "s")
    score = [] if hit.rating is None else [f"score {hit.rating}"]
    state = hit.slo.replace("_", " ")
    slo = [click.style(f"slo {state}", fg=_STATES.get(hit.slo))] if state else []
    line = click.style(shown(hit.name), bold=True)
    for each in (*map(shown, facts), used, *score, *slo):
        line, ended = _joined(line, each)
        if ended:
            emit_styled(ended)
    emit_styled(line)
    for text in (end and f"{hit.status} {end}", hit.purpose, _why(hit)):
        if text:
            emit("  " + textwrap.shorten(text, terminal_width() - 2, placeholder="…"))


def _joined(line: str, fact: str) -> tuple[str, str]:
    """The line with one fact more; without room for it the line that begins, and the one before."""
    wider = f"{line} · {fact}"
    if width_of(click.unstyle(wider)) <= terminal_width():
        return wider, ""
    return f"  {fact}", line


def _why(hit: Hit) -> str:
    """Where the words were found: by name where one was, else the sentences that have them."""
    found: dict[str, list[str]] = {}
    for field in _LABELS:
        places = [each for each in hit.why.get(field, ()) if each != hit.purpose]
        if places and (field != "descriptions" or not found):
            found[field] = places[:_PLACES]
    return " · ".join(f"{_LABELS[field]} {', '.join(places)}" for field, places in found.items())
