"""Whether a domain can tell its people anything: silence is no proof of health."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mesh_dagster import clock
from mesh_dagster.alerts.channels import Channels
from mesh_dagster.errors import MeshError
from mesh_dagster.journal.told import Health, Heartbeat
from mesh_dagster.lineage.routes import Routes
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.products.keeping.alerting import OUTBOX
from mesh_dagster.products.keeping.lineage_delivery import BEAT, lineage_findings
from mesh_dagster.products.mesh import Mesh

SILENT, DEAD, STUCK, FAILING = "MESH-M081", "MESH-M082", "MESH-M083", "MESH-M084"
_MISSED = 5
"""Signs of life in a row that may stay away."""

_LEAST = 2
"""The same, however little silence is asked for: each comes a little late."""

_STUCK = 3600.0
"""Seconds after which somebody should have been told."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A domain's outbox as it is, and what is wrong with it."""

    domain: str
    findings: tuple[Finding, ...]
    health: Health | None


def diagnose(mesh: Mesh, domain: Domain, silent: float | None = None) -> Diagnosis:
    """What is wrong with the telling of one domain.

    `silent`: seconds that may pass in silence, of a part that gives no sign less often.

    A journal that cannot be opened is a finding, too.
    """
    channels = Channels(mesh.config, domain)
    found = [*channels.findings(), *channels.unset()]
    try:
        with mesh.journal(domain.name) as journal:
            health = journal.outbox.health()
            found += lineage_findings(mesh, domain, journal)
    except MeshError as error:
        found.append(Finding(error.code, error.what, subject=domain.name, fix=error.fix))
        return Diagnosis(domain.name, tuple(found), None)
    sinks = bool(Routes(mesh.config, domain).names)
    # Nobody has to deliver what goes nowhere, though somebody may have tried once.
    alive = [each for each in health.heartbeats if sinks or each.name != BEAT]
    found += _silences(domain.name, alive, silent, (OUTBOX, BEAT) if sinks else (OUTBOX,))
    found += _letters(domain.name, health)
    return Diagnosis(domain.name, tuple(found), health)


def _silences(
    domain: str, alive: Sequence[Heartbeat], silent: float | None, parts: tuple[str, ...]
) -> Iterator[Finding]:
    """Each part that gave no sign of life lately, or bad ones."""
    for part in parts:
        if not any(each.name == part for each in alive):
            yield _silent(domain, f"the {part} has never given a sign of life")
    for beat in alive:
        age = (clock.wall() - beat.at).total_seconds()
        most = beat.every * (_MISSED if silent is None else _LEAST)
        most = max(most, silent or 0.0)
        if age < -most:
            what = f"the {beat.name} gave its last sign of life {_span(-age)} from now"
            yield Finding(SILENT, what, subject=domain, fix="set the clocks of those machines")
        elif not age <= most:
            yield _silent(domain, f"the {beat.name} has given no sign of life for {_span(age)}")
        elif beat.error:
            yield Finding(FAILING, f"the {beat.name} said: {beat.error}", subject=domain)


def _silent(domain: str, what: str) -> Finding:
    fix = "start Dagster and its daemon; `mesh alerts --send` and `mesh lineage publish` do without"
    return Finding(SILENT, what, subject=domain, fix=fix)


def _letters(domain: str, health: Health) -> Iterator[Finding]:
    if health.dead:
        yield Finding(
            DEAD,
            f"{health.dead} messages were given up and nobody was told",
            subject=domain,
            fix="mesh alerts --dead, and once the cause is mended: mesh alerts --retry; where "
            f"nobody has to be told any more: mesh alerts --drop --domain {domain}",
        )
    for channel, error in health.failing:
        what = f"the channel `{channel}` fails and is tried again: {error}"
        yield Finding(FAILING, what, Severity.WARNING, domain)
    age = 0.0 if health.oldest is None else (clock.wall() - health.oldest).total_seconds()
    if age > _STUCK:
        what = f"{health.waiting} messages wait, the oldest for {_span(age)}"
        yield Finding(STUCK, what, subject=domain, fix="mesh alerts")


def _span(seconds: float) -> str:
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"
