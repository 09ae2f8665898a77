"""`mesh lineage status | publish | replay`: delivering run events without Dagster."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from mesh_dagster import clock
from mesh_dagster.cli.output import as_json, emit, emit_json, emit_styled, moment, say
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import domains_here, open_mesh
from mesh_dagster.errors import UsageError

if TYPE_CHECKING:
    from mesh_dagster.journal.delivered import SinkHealth

_STATES = {"refuses": "red", "paused": "yellow", "silent": "yellow", "ok": "green"}
_COLUMNS = [
    Column("DOMAIN"),
    Column("SINK"),
    Column("WAITING", least=7),
    Column("DELIVERED", least=9),
    Column("GIVEN UP", least=8),
    Column("OLDEST WAITS SINCE (UTC)"),
    Column("STATE", colours=_STATES),
]
_SPAN = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

domain_option = click.option("--domain", metavar="NAME", help="Of this domain only.")


class _Since(click.ParamType[datetime]):
    """A moment, or how long ago."""

    name = "moment"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            if found := _SPAN.fullmatch(value.strip()):
                return clock.wall() - timedelta(**{_UNITS[found[2]]: int(found[1])})
            return clock.in_utc(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a moment, as 2026-01-31T06:00Z, nor a span, as 7d")


@click.command()
@domain_option
@as_json
def status(domain: str | None, as_json: bool) -> int:
    """Tell, for each sink, what waits, what has arrived and what was given up."""
    from mesh_dagster.lineage.routes import Routes
    from mesh_dagster.products.keeping.lineage_delivery import health

    mesh = open_mesh()
    domains = domains_here(mesh, domain)
    found = {each.name: health(mesh, each) for each in domains}
    unset = [each for one in domains for each in Routes(mesh.config, one).unset()]
    if as_json:
        emit_json(
            [
                {"domain": name, "state": _state(each), **_fields(each)}
                for name, some in found.items()
                for each in some
            ]
        )
    elif any(found.values()):
        rows = [_row(name, each) for name, some in found.items() for each in some]
        emit_styled(render(_COLUMNS, rows).text)
        _explain(each for some in found.values() for each in some)
        for message, fix in dict.fromkeys((each.message, each.fix) for each in unset):
            say(f"{message}\n  fix: {fix}")
    else:
        say("no sink is configured: `lineage` in mesh.yaml says where run events go")
    whole = all(_state(each) == "ok" for some in found.values() for each in some)
    return 0 if whole and not unset else 1


@click.command()
@click.option("--once", is_flag=True, help="Deliver what is due now, and end.")
@domain_option
def publish(once: bool, domain: str | None) -> int:
    """Deliver what is due to every sink, until Ctrl-C; Dagster's sensor does the same."""
    from mesh_dagster.products.keeping.lineage_delivery import EVERY, deliver

    mesh = open_mesh()
    domains = domains_here(mesh, domain)
    while True:
        whole = True
        for each in domains:
            done = deliver(mesh, each)
            say(f"{each.name}: {done}")
            whole &= done.whole
        if once:
            return 0 if whole else 1
        time.sleep(EVERY)


@click.command()
@click.option("--since", type=_Since(), metavar="MOMENT|SPAN", help="2026-01-31T06:00Z, or 7d.")
@click.option("--dead", is_flag=True, help="Only those that were given up.")
@click.option("--sink", metavar="NAME", help="To this sink only.")
@domain_option
def replay(since: datetime | None, dead: bool, sink: str | None, domain: str | None) -> None:
    """Send run events again, those recorded since a moment; the bytes are the same."""
    from mesh_dagster.lineage.routes import Routes

    if since is None and not dead:
        raise UsageError("since when?", fix="mesh lineage replay --since 7d")
    mesh = open_mesh()
    known: set[str] = set()
    for each in domains_here(mesh, domain):
        names = Routes(mesh.config, each).names
        known.update(names)
        chosen = [name for name in names if sink in (None, name)]
        if chosen:
            start = since or clock.wall() - timedelta(days=36_500)
            with mesh.journal(each.name) as journal:
                again = journal.deliveries.replay(start, chosen, dead=dead, known=names)
            for name, count in again.items():
                emit(f"{each.name}: {count} run events go to {name} again")
    if sink is not None and sink not in known:
        raise _no_sink(sink, known)
    if not known:
        say("no sink is configured: `lineage` in mesh.yaml says where run events go")


def _no_sink(name: str, known: set[str]) -> UsageError:
    from mesh_dagster.descriptors.suggest import did_you_mean

    return UsageError(
        f"there is no sink {name!r}{did_you_mean(name, sorted(known))}",
        fix="mesh lineage status",
    )


def _state(found: SinkHealth) -> str:
    if found.until is not None:
        return "paused"
    if found.dead:
        return "refuses"
    return "silent" if found.error else "ok"


def _row(domain: str, found: SinkHealth) -> Sequence[object]:
    oldest = moment(found.oldest) if found.oldest else ""
    counts = (found.waiting, found.delivered, found.dead)
    return (domain, found.sink, *counts, oldest, _state(found))


def _fields(found: SinkHealth) -> dict[str, object]:
    return {
        "sink": found.sink,
        "waiting": found.waiting,
        "delivered": found.delivered,
        "dead": found.dead,
        "oldest": found.oldest,
        "error": found.error,
        "until": found.until,
    }


def _explain(found: Iterator[SinkHealth]) -> None:
    """Below the table: why what did not arrive did not, each error once."""
    for each in dict.fromkeys(f"{each.sink}: {each.error}" for each in found if each.error):
        emit(each)
