"""`mesh alerts`: what people were told, what waits, and what was given up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.apart import Apart
from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import ADDRESS, domains_here, open_mesh
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.journal.told import Alert
    from mesh_dagster.model.domain import Domain
    from mesh_dagster.model.identity import Identity
    from mesh_dagster.products.mesh import Mesh

_COLUMNS = [
    Column("NOTICED (UTC)"),
    Column("KIND", least=8),
    Column("TOLD", least=10),
    Column("STATE", colours={"dead": "red", "delivered": "green"}),
    Column("WHAT", least=20, below=lambda _: True),
]


@click.command()
@click.argument("address", type=ADDRESS, required=False)
@click.option("--domain", metavar="NAME", help="Of this domain only.")
@click.option("--dead", is_flag=True, help="Only those that were given up.")
@click.option("--send", is_flag=True, help="Measure service levels and send what is due, now.")
@click.option("--retry", is_flag=True, help="Let those that were given up be tried again.")
@click.option("--drop", is_flag=True, help="Let those that were given up rest: they are over.")
@click.option("--limit", default=20, show_default=True, help="How many at most, of each domain.")
@as_json
def alerts(
    address: Address | None,
    *,
    domain: str | None,
    dead: bool,
    send: bool,
    retry: bool,
    drop: bool,
    limit: int,
    as_json: bool,
) -> int:
    """List who was told of what, newest first, of all domains or of the product at ADDRESS."""
    if retry and drop:
        raise UsageError("what is dropped is not tried again", fix="mesh alerts --dead")
    mesh = open_mesh()
    product = mesh.resolve_own(address).of_product if address else None
    path = product.path if product else None
    domains = domains_here(mesh, product.domain if product else domain)
    apart = Apart()
    if retry or drop:
        _settle(mesh, domains, path, apart, drop)
    failed = _send(mesh, domains, apart) if send else False
    found = []
    for each in domains:
        with apart.domain(each.name), mesh.journal(each.name) as journal:
            found += journal.outbox.alerts(limit, path, dead=dead)
    found.sort(key=lambda each: each.noticed, reverse=True)
    if as_json:
        emit_json(found)
    elif found:
        emit_styled(render(_COLUMNS, [row for each in found for row in _rows(each)]).text)
        _explain(found)
    elif not apart.problems:
        say("nobody was told of anything" if not dead else "nothing was given up")
    return apart.tell() or int(failed)


def _settle(
    mesh: Mesh, domains: Sequence[Domain], path: str | None, apart: Apart, drop: bool
) -> None:
    """Let dead letters be tried again, or let them rest: those about a product, or all."""
    by = str(_who(mesh)) if drop else ""
    for each in domains:
        with apart.domain(each.name), mesh.journal(each.name) as journal:
            if drop:
                say(f"{each.name}: {journal.outbox.drop(by, path)} messages were dropped by {by}")
            else:
                say(f"{each.name}: {journal.outbox.try_again(path)} messages will be tried again")


def _who(mesh: Mesh) -> Identity:
    """Who says so, for the record: it takes no owner."""
    from mesh_dagster.products.deciding.reviewing import identities
    from mesh_dagster.reviews.identity import of_system

    return next(iter(identities(mesh)), of_system())


def _send(mesh: Mesh, domains: Sequence[Domain], apart: Apart) -> bool:
    """Measure, and send what is due of all of them; whether anything failed."""
    from mesh_dagster.products.keeping.alerting import EVERY, publish_news
    from mesh_dagster.products.keeping.slo_incidents import measure

    failed = False
    for domain in domains:
        # Who depends on another of them shall hear of it in the same round.
        with apart.domain(domain.name):
            measure(mesh, domain, EVERY)
            with mesh.journal(domain.name) as journal:
                publish_news(mesh, domain, journal)
    for domain in domains:
        with apart.domain(domain.name):
            failed |= _told(mesh, domain)
    return failed


def _told(mesh: Mesh, domain: Domain) -> bool:
    """Send what is due of one; whether anything failed."""
    from mesh_dagster.alerts.drain import Sent
    from mesh_dagster.products.keeping.alerting import tell

    done = tell(mesh, domain)
    say(f"{domain.name}: {done.sent if done.sent != Sent() else 'nothing is due'}")
    for problem in done.problems:
        say(f"{domain.name}: {problem}")
    return bool(done.problems or done.sent.failed or done.sent.dead)


def _rows(alert: Alert) -> Iterator[Sequence[object]]:
    for told in alert.told:
        yield (
            moment(alert.noticed),
            alert.event.kind.value,
            f"{told.channel}: {told.to}" if told.channel else "nobody yet",
            told.state,
            alert.event.summary,
        )


def _explain(found: Sequence[Alert]) -> None:
    """Below the table: why what did not arrive did not, each error once."""
    errors = {
        f"{told.channel}: {told.error}": None
        for alert in found
        for told in alert.told
        if told.error and told.state != "delivered"
    }
    for each in errors:
        emit(each)
    if any(told.state == "held" for alert in found for told in alert.told):
        say("held: it waits for more of its cause, or the same was told lately: docs/alerts.md")
