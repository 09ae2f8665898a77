"""`mesh request`: ask to read what is another domain's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.moment import MOMENT
from mesh_dagster.cli.output import as_json, emit, emit_json, say
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal

if TYPE_CHECKING:
    from mesh_dagster.products.granting.asking import Asked


@click.command()
@click.argument("address", type=ADDRESS)
@click.option("--purpose", required=True, metavar="TEXT", help="What it is read for.")
@click.option(
    "--until", type=MOMENT, required=True, metavar="MOMENT", help="Until when: 2013-12-01."
)
@click.option(
    "--for",
    "principal",
    metavar="PRINCIPAL",
    help="For whom: domain:NAME, team:NAME, service:NAME or person:NAME. Your domain by default.",
)
@as_json
def request(
    address: Address, purpose: str, until: datetime, principal: str | None, as_json: bool
) -> int:
    """Ask to read a port of another domain; what needs nobody's decision is granted at once."""
    from mesh_dagster.products.deciding.reviewing import identities
    from mesh_dagster.products.granting.asking import ask

    mesh = open_mesh()
    asked = ask(
        mesh,
        mesh.resolve(address),
        purpose=purpose,
        until=until,
        by=Principal.parse(principal) if principal else None,
        identities=tuple(identities(mesh)),
    )
    if as_json:
        emit_json({"state": asked.state, **_plain(asked)})
    else:
        _tell(asked)
    return 1 if asked.state == "refused" else 0


def _plain(asked: Asked) -> dict[str, object]:
    return {"request": asked.request, "grant": asked.grant, "refusal": asked.refusal,
            "had": asked.had}  # fmt: skip


def _tell(asked: Asked) -> None:
    by, path = asked.request.by, asked.request.port.path
    if asked.had is not None:
        emit(f"{by} may read {path} already: {asked.had.reason}")
    elif asked.grant is not None:
        emit(f"{by} may read {path} until {asked.grant.until.date()}: {asked.grant.why}")
    elif asked.refusal is not None:
        emit(f"{by} may not read {path}: {asked.refusal.why}")
    else:
        emit(f"asked: an owner of {path} decides, by `mesh review` where it is kept")
        say("what becomes of it: mesh access requests")
