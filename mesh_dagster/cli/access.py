"""`mesh access`: who asked, who may, who did, and whether the record of that is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.apart import Apart
from mesh_dagster.cli.moment import MOMENT
from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import ADDRESS, domains_here, open_mesh
from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.access import Effect
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal

if TYPE_CHECKING:
    from mesh_dagster.model.access import AuditEntry, Grant
    from mesh_dagster.products.granting.asking import Asked
    from mesh_dagster.products.granting.audit import Verified
    from mesh_dagster.products.mesh import Mesh

_STATES = {
    "in force": "green",
    "granted": "green",
    "allowed": "green",
    "denies": "red",
    "refused": "red",
    "revoked": "red",
    "waits": "yellow",
}
_REQUESTS = [
    Column("PORT", least=12),
    Column("FOR", least=12),
    Column("UNTIL"),
    Column("STATE", colours=_STATES),
    Column("WHY", least=16, below=lambda _: True),
]
_GRANTS = [
    Column("ID", least=13),
    Column("PORT", least=12),
    Column("TO", least=12),
    Column("UNTIL"),
    Column("STATE", colours=_STATES),
    Column("PURPOSE", least=16, below=lambda _: True),
]
_LOG = [
    Column("AT (UTC)"),
    Column("WHO", least=12),
    Column("PORT", least=12),
    Column("BY", least=6),
    Column("ALLOWED", colours={"yes": "green", "no": "red"}),
    Column("WHY", least=16, below=lambda _: True),
]


@click.group()
def access() -> None:
    """Who may read what: requests, grants, and the log of every reading, allowed or not."""


@access.command()
@click.option("--domain", metavar="NAME", help="Of this domain only.")
@as_json
def requests(domain: str | None, as_json: bool) -> None:
    """List what the domains here have asked to read, and what became of it."""
    from mesh_dagster.products.granting.asking import asked_by

    mesh = open_mesh()
    found = [each for one in domains_here(mesh, domain) for each in asked_by(mesh, one.name)]
    if as_json:
        emit_json(
            [{"state": each.state, "request": each.request, "grant": each.grant,
              "refusal": each.refusal} for each in found]
        )  # fmt: skip
    elif found:
        emit_styled(render(_REQUESTS, [_asked(each) for each in found]).text)
    else:
        say("nothing was asked for: mesh request ADDRESS --purpose '...' --until 2013-12-01")


@access.command()
@click.argument("of", metavar="ADDRESS|DOMAIN", required=False)
@click.option("--all", "everything", is_flag=True, help="Also what has ended or was revoked.")
@as_json
def grants(of: str | None, everything: bool, as_json: bool) -> None:
    """List who may read what by grant, of a product, a domain, or all domains here."""
    from mesh_dagster import clock

    mesh = open_mesh()
    now = clock.now()
    found = [each for each in _granted(mesh, of) if everything or each.until > now]
    if not everything:
        found = [each for each in found if each.revoked_at is None]
    if as_json:
        emit_json(found)
    elif found:
        emit_styled(render(_GRANTS, [_grant(each, now) for each in found]).text)
    else:
        say("nothing is granted" + ("" if everything else " now; what was is told by --all"))


@access.command()
@click.argument("grant", metavar="GRANT")
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the record.")
@as_json
def revoke(grant: str, why: str, as_json: bool) -> None:
    """Take a grant back, as an owner of the product; the next reading is refused."""
    from mesh_dagster.products.granting.owners import revoke_as_owner

    mesh = open_mesh()
    made = revoke_as_owner(mesh, grant, why)
    if as_json:
        emit_json(made)
    else:
        _tell_revoked(mesh, made)


def _tell_revoked(mesh: Mesh, made: Grant) -> None:
    """What was taken back, and what is left: somebody may have been granted the same twice."""
    from mesh_dagster import clock

    port = made.port.path
    if made.effect is Effect.DENY:
        emit(f"{made.principal} is kept from {port} no more, by {made.revoked_by}")
        return
    emit(f"the grant of {port} to {made.principal} is taken back, by {made.revoked_by}")
    now = clock.now()
    for each in _granted(mesh, port):
        alike = (each.port, each.principal, each.effect) == (made.port, made.principal, made.effect)
        if alike and each.holds(now):
            say(
                f"by another it is read until {each.until:%Y-%m-%d}: "
                f"mesh access revoke {each.id} --why '...'"
            )


@access.command()
@click.argument("address", type=ADDRESS)
@click.option("--to", "principal", required=True, metavar="PRINCIPAL", help="Whom to keep out.")
@click.option("--until", type=MOMENT, required=True, metavar="MOMENT", help="Until when.")
@click.option("--why", required=True, metavar="TEXT", help="The reason, for the record.")
@as_json
def deny(address: Address, principal: str, until: datetime, why: str, as_json: bool) -> None:
    """Keep somebody from a port as one of its owners, whatever other rights he has."""
    from mesh_dagster.products.granting.owners import deny_as_owner

    mesh = open_mesh()
    made = deny_as_owner(mesh, mesh.resolve(address), Principal.parse(principal), until, why)
    if as_json:
        emit_json(made)
    else:
        emit(f"{made.principal} may not read {made.port.path} until {made.until.date()}")


@access.command()
@click.argument("address", type=ADDRESS, required=False)
@click.option("--domain", metavar="NAME", help="Of this domain's log only.")
@click.option("--refused", is_flag=True, help="Only what was not allowed.")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="How many at most, of each log.",
)
@as_json
def log(
    address: Address | None, *, domain: str | None, refused: bool, limit: int, as_json: bool
) -> int:
    """List who read what, the newest first: the logs of all domains here, and of people."""
    mesh = open_mesh()
    port = str(mesh.resolve(address)) if address else None
    apart = Apart()
    found: list[tuple[str, AuditEntry]] = []
    for name, entries in _logs(mesh, domain, port, limit, apart):
        found += [(name, each) for each in entries if not (refused and each.allowed)]
    found.sort(key=lambda each: each[1].at, reverse=True)
    if as_json:
        emit_json([{"log": name, "entry": each} for name, each in found])
    elif found:
        emit_styled(render(_LOG, [_entry(each) for _, each in found]).text)
    elif not apart.problems:
        say("nobody has read anything" if not refused else "nothing was refused")
    return apart.tell()


@access.command()
@click.argument("domain", required=False)
@as_json
def verify(domain: str | None, as_json: bool) -> int:
    """Find access logs that are not as they were written; exits with 1 where one is not."""
    return verified(domain, as_json)


def verified(domain: str | None, as_json: bool) -> int:
    """Look at the logs of a domain, or of all here and of people, and tell what was found."""
    from mesh_dagster.products.granting import audit

    mesh = open_mesh()
    apart = Apart()
    found: list[Verified] = []
    for each in domains_here(mesh, domain):
        with apart.domain(each.name):
            found.append(audit.verify(mesh, each.name))
    if domain is None:
        found += [audit.verify_person(*each) for each in audit.people(mesh.config).items()]
    if as_json:
        emit_json(found)
    else:
        for one in found:
            _tell(one)
    if any(each.breaks for each in found):
        return 1
    return apart.tell()


def _tell(found: Verified) -> None:
    noted = "" if found.anchored is None else f", noted in the registry up to {found.anchored}"
    if found.is_unnoted:
        noted = (
            f", and {found.log}/access.json in the registry, which would vouch for it, is missing"
        )
    emit(f"{found.log}: {found.entries:,} entries{noted}" + ("" if found.breaks else ", whole"))
    for each in found.breaks[:10]:
        emit(f"  entry {each.number}: {each.what}")
    if len(found.breaks) > 10:
        emit(f"  and {len(found.breaks) - 10} more: --json")


def _granted(mesh: Mesh, of: str | None) -> Iterator[Grant]:
    from mesh_dagster.registry.grants import grants_of

    if of is not None and ("/" in of or "." in of):
        port = mesh.resolve(Address.read(of))
        yield from (
            each for each in _usable(grants_of(mesh.documents, port.domain)).grants
            if each.port.of_product == port.of_product
        )  # fmt: skip
        return
    names = [of] if of is not None else mesh.domain_names
    for name in names:
        yield from _usable(grants_of(mesh.documents, name)).grants


def _usable(found: Any) -> Any:
    if found.unusable is not None:
        raise EvaluationError(
            found.unusable,
            code="MESH-A003",
            fix="its domain restores that object from a backup, or deletes it",
        )
    return found


def _logs(
    mesh: Mesh, domain: str | None, port: str | None, limit: int, apart: Apart
) -> Iterator[tuple[str, Sequence[AuditEntry]]]:
    from mesh_dagster.products.granting import audit

    for each in domains_here(mesh, domain):
        with apart.domain(each.name), audit.log_of(mesh, each.name) as kept:
            yield each.name, _entries(kept.newest(limit, port))
    for name, kept in audit.people(mesh.config).items() if domain is None else ():
        with apart.domain(name):
            yield name, _entries(kept.newest(limit, port))


def _entries(rows: Iterable[Sequence[Any]]) -> list[AuditEntry]:
    """The entries of rows; `mesh access verify` tells of those that cannot be read."""
    from mesh_dagster.journal.access_chain import entry_of
    from mesh_dagster.registry.rights import UNUSABLE

    found = []
    for row in rows:
        try:
            found.append(entry_of(row))
        except UNUSABLE:
            say(f"entry {row[0]} of an access log cannot be read: mesh access verify")
    return found


def _asked(each: Asked) -> tuple[Any, ...]:
    why = each.refusal.why if each.refusal else each.grant.why if each.grant else ""
    request = each.request
    said = f"{request.purpose}; {why}" if why else request.purpose
    return request.port.path, str(request.by), request.until.date(), each.state, said


def _grant(each: Grant, now: datetime) -> tuple[Any, ...]:
    state = "revoked" if each.revoked_at else "in force" if each.holds(now) else "ended"
    if each.effect.value == "deny" and state == "in force":
        state = "denies"
    said = each.purpose or each.why
    return each.id, each.port.path, str(each.principal), each.until.date(), state, said


def _entry(each: AuditEntry) -> tuple[Any, ...]:
    allowed = "yes" if each.allowed else "no"
    who = str(each.principal)
    return moment(each.at), who, each.port.path, each.means, allowed, each.reason
