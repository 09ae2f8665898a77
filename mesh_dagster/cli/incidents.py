"""`mesh incidents`: what broke, since when, who was told, and what mended it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.apart import Apart
from mesh_dagster.cli.output import as_json, emit, emit_json, moment, plain, say
from mesh_dagster.cli.table import terminal_width
from mesh_dagster.cli.target import ADDRESS, domains_here, open_mesh
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.model.event import Incident


@click.command()
@click.argument("address", type=ADDRESS, required=False)
@click.option("--open", "unclosed", is_flag=True, help="Only those that go on.")
@click.option("--limit", default=20, show_default=True, help="How many at most, of each domain.")
@as_json
def incidents(address: Address | None, unclosed: bool, limit: int, as_json: bool) -> int:
    """Tell the incidents of the product at ADDRESS, or of all products here, newest first."""
    mesh = open_mesh()
    product = mesh.resolve_own(address).of_product if address else None
    apart = Apart()
    found: list[Incident] = []
    for domain in domains_here(mesh, product.domain if product else None):
        with apart.domain(domain.name), mesh.journal(domain.name) as journal:
            path = product.path if product else None
            found += journal.outbox.incidents(path, unclosed=unclosed, limit=limit)
    found.sort(key=lambda each: each.noticed, reverse=True)
    if as_json:
        emit_json([_plain(each) for each in found])
    elif found:
        emit("\n\n".join("\n".join(map(_fitted, _lines(each))) for each in found))
    elif not apart.problems:
        say("no incident" + (" goes on" if unclosed else ""))
    return apart.tell() or int(any(each.closed is None for each in found))


def _plain(incident: Incident) -> dict[str, object]:
    return {
        **plain(incident),
        "seconds_to_detect": incident.seconds_to_detect,
        "seconds_to_notify": incident.seconds_to_notify,
        "seconds_to_repair": incident.seconds_to_repair,
    }


def _lines(incident: Incident) -> Iterator[str]:
    state = "open" if incident.closed is None else "closed"
    yield f"{incident.product} · {incident.kind} · {state}"
    yield f"  {incident.summary.removeprefix(f'{incident.product}: ')}"
    yield f"  began     {moment(incident.began)}"
    yield f"  detected  {moment(incident.opened)}, after {_span(incident.seconds_to_detect)}"
    if incident.notified is None:
        yield "  notified  nobody yet"
    else:
        yield f"  notified  after {_span(incident.seconds_to_notify)}"
    if incident.closed is None:
        yield "  repaired  not yet"
    else:
        after = _span(incident.seconds_to_repair)
        yield f"  repaired  {moment(incident.closed)}, after {after}{_how(incident)}"
    for told in incident.told:
        when = f" {moment(told.at)}" if told.at else ""
        yield f"  told      {told.channel}: {told.to}, {told.state}{when}"
    yield from _links(incident)


def _how(incident: Incident) -> str:
    repair = incident.repair
    who = f" by {repair['by']}" if repair.get("by") else ""
    why = f" ({repair['why']})" if repair.get("why") else ""
    return f": {repair.get('outcome', 'recovered')}{who}{why}"


def _links(incident: Incident) -> Iterator[str]:
    details = incident.details
    for name, label in (("attempt", "attempt"), ("run", "run"), ("base", "on top of")):
        if details.get(name) is not None:
            yield f"  {label:<9} {details[name]}"
    if incident.repair.get("publication") is not None:
        yield f"  published {incident.repair['publication']}"
    if details.get("check"):
        yield f"  check     {details['check']}{_place(details)}"
    for rule in details.get("rules") or ():
        yield f"  check     {rule.get('rule')}: {rule.get('message')}{_place(rule)}"
    yield f"  id        {incident.id}"


def _fitted(line: str) -> str:
    """A line of this terminal; what does not fit goes on below where it began."""
    indent = " " * (12 if line[2:3] != " " and line[10:12] == "  " else 2)
    return textwrap.fill(
        line,
        terminal_width(),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
        replace_whitespace=False,
    )


def _place(told: Mapping[str, Any]) -> str:
    return f" at {told['where']}" if told.get("where") else ""


def _span(seconds: float | None) -> str:
    from mesh_dagster.slos.spoken import span

    return "-" if seconds is None else span(timedelta(seconds=round(seconds)))
