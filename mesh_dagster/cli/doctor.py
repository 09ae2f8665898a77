"""`mesh doctor`: whether anybody would be told if something broke. Silence is a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.alerts import domains_here
from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import open_mesh
from mesh_dagster.model.finding import Severity

if TYPE_CHECKING:
    from mesh_dagster.products.doctor import Diagnosis

_COLUMNS = [Column("DOMAIN"), Column("PART"), Column("LAST SIGN OF LIFE (UTC)"), Column("SAID", 20)]


@click.command()
@click.option("--domain", metavar="NAME", help="Of this domain only.")
@click.option("--silent", type=float, metavar="SECONDS", help="How long each part may be silent.")
@as_json
def doctor(domain: str | None, silent: float | None, as_json: bool) -> int:
    """Tell whether alerts are sent: for a cron job or a probe, by the exit code."""
    from mesh_dagster.products.doctor import diagnose

    mesh = open_mesh()
    found = [diagnose(mesh, each, silent) for each in domains_here(mesh, domain)]
    broken = [each for each in mesh.listing.findings if each.severity is Severity.ERROR]
    findings = [*broken, *(finding for each in found for finding in each.findings)]
    if as_json:
        emit_json([{"findings": broken}, *found] if broken else found)
    else:
        _tell(found)
        for finding in findings:
            emit(f"{finding}\n")
        say(_in_words(len(findings)))
    return 1 if any(each.severity is Severity.ERROR for each in findings) else 0


def _tell(found: list[Diagnosis]) -> None:
    rows = [
        (each.domain, beat.name, moment(beat.at), beat.error)
        for each in found
        if each.health is not None
        for beat in each.health.heartbeats
    ]
    if rows:
        emit_styled(render(_COLUMNS, rows).text)


def _in_words(findings: int) -> str:
    return "people are told what happens" if not findings else f"findings: {findings}"
