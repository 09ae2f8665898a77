"""`mesh doctor`: whether anybody would be told if something broke. Silence is a finding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import domains_here, open_mesh
from mesh_dagster.model.finding import Severity

if TYPE_CHECKING:
    from mesh_dagster.products.keeping.doctor import Diagnosis

_COLUMNS = [
    Column("DOMAIN"),
    Column("PART"),
    Column("LAST SIGN OF LIFE (UTC)"),
    Column("SAID", 20, below=lambda row: bool(row[3])),
]


@click.command()
@click.option("--domain", metavar="NAME", help="Of this domain only.")
@click.option("--silent", type=float, metavar="SECONDS", help="How long parts may be silent.")
@click.option("--parts", is_flag=True, help="Every part of every domain, also those that are well.")
@as_json
def doctor(domain: str | None, silent: float | None, *, parts: bool, as_json: bool) -> int:
    """Tell whether alerts are sent: for a cron job or a probe, by the exit code."""
    from mesh_dagster.products.keeping.doctor import diagnose

    mesh = open_mesh()
    found = [diagnose(mesh, each, silent) for each in domains_here(mesh, domain)]
    broken = [each for each in mesh.listing.findings if each.severity is Severity.ERROR]
    findings = [*broken, *(finding for each in found for finding in each.findings)]
    if as_json:
        emit_json([{"findings": broken}, *found] if broken else found)
    else:
        _tell(found, parts)
        for finding in findings:
            emit(f"{finding}\n")
        say(_in_words(len(findings)))
    return 1 if any(each.severity is Severity.ERROR for each in findings) else 0


def _tell(found: list[Diagnosis], parts: bool) -> None:
    rows = [row for each in found for row in _rows(each, parts or bool(each.findings))]
    if rows:
        emit_styled(render(_COLUMNS, rows).text)


def _rows(each: Diagnosis, parts: bool) -> Iterator[tuple[object, ...]]:
    """Each part of a domain in which something is wrong; one line of a domain that is well."""
    beats = each.health.heartbeats if each.health else ()
    if parts or any(beat.error for beat in beats):
        for beat in beats:
            yield each.domain, beat.name, moment(beat.at), beat.error
    elif beats:
        oldest = min(beat.at for beat in beats)
        yield each.domain, f"all {len(beats)}", f"{moment(oldest)} or later", None


def _in_words(findings: int) -> str:
    return "people are told what happens" if not findings else f"findings: {findings}"
