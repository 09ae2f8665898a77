"""`mesh slo`: how products keep what they promised."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesh_dagster.cli.apart import Apart
from mesh_dagster.cli.moment import MOMENT
from mesh_dagster.cli.output import as_json, emit_json, emit_styled, say, write
from mesh_dagster.cli.table import Column, render
from mesh_dagster.cli.target import ADDRESS, open_mesh
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address

if TYPE_CHECKING:
    from mesh_dagster.model.domain import LoadedProduct
    from mesh_dagster.model.slo import Standing
    from mesh_dagster.products.keeping.service_levels import Report
    from mesh_dagster.products.mesh import Mesh

_COLUMNS = [
    Column("PRODUCT", least=24),
    Column("OBJECTIVE"),
    Column("KEPT", right=True),
    Column("OF", right=True),
    Column("BUDGET LEFT", right=True),
    Column("LASTS", least=6),
    Column(
        "STATUS",
        colours={"met": "green", "at risk": "yellow", "burning": "yellow", "breached": "red"},
    ),
    Column("NOW", least=30, below=lambda row: row[6] not in ("met", "unmeasured")),
]


class _Span(click.ParamType[timedelta]):
    name = "span"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        from mesh_dagster.model.service_level import UNITS, span_of
        from mesh_dagster.slos.objectives import LONGEST

        span = value if isinstance(value, timedelta) else span_of(value)
        if not span:
            raise UsageError(f"{value!r:.60} is no span of {UNITS}", fix="--window '30 d'")
        if span > LONGEST:
            raise UsageError(f"{value!r:.60} is more than a hundred years", fix="--window '30 d'")
        return span


@click.command()
@click.argument("address", type=ADDRESS, required=False)
@click.option("--at", type=MOMENT, metavar="T", help="As it was at a past moment (ISO 8601).")
@click.option("--window", type=_Span(), metavar="W", help="Over another window, such as '7 d'.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with plots, of one product.",
)
@as_json
def slo(
    address: Address | None,
    at: datetime | None,
    window: timedelta | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """Tell how products keep what their contracts promise, and what is left of each budget.

    Without an ADDRESS of all products of this checkout. The exit code is 1 if something is not
    kept.
    """
    from mesh_dagster.products.keeping.service_levels import refuse_far, reports

    if html is not None and address is None:
        raise UsageError("a page is of one product", fix=f"mesh slo <address> --html {html}")
    mesh = open_mesh()
    _refuse_future(at)
    refuse_far(at)
    apart = Apart()
    found: list[Report] = []
    for domain, products in _asked(mesh, address, apart).items():
        with apart.domain(domain):
            found += reports(mesh, products, at=at, window=window)
    standings = [each for report in found for each in report.standings]
    if html is not None:
        _write(found, html)
    if as_json:
        emit_json([_plain(each) for each in standings])
    elif standings:
        emit_styled(render(_COLUMNS, [_row(each) for each in standings]).text)
    elif not apart.problems:
        what = address.path if address else "no product here"
        say(f"{what} promises nothing that is measured: docs/service-levels.md")
    return apart.tell() or int(not all(each.status.kept for each in standings))


def _refuse_future(at: datetime | None) -> None:
    """Of what is to come nobody can tell, and what was told would be another thing later."""
    from mesh_dagster import clock

    if at is not None and at > clock.now():
        raise UsageError(
            f"{at:%Y-%m-%d %H:%M} is still to come: it is {clock.now():%Y-%m-%d %H:%M} UTC",
            fix="leave --at out: that is how it is now",
        )


def _asked(mesh: Mesh, address: Address | None, apart: Apart) -> dict[str, list[LoadedProduct]]:
    """The products that are asked about, by domain; one that cannot be read hides no other."""
    if address is not None:
        loaded = mesh.load(address)
        return {loaded.domain.name: [loaded]}
    found: dict[str, list[LoadedProduct]] = {}
    for product in mesh.own():
        domain = product.address.domain
        with apart.domain(domain):
            found.setdefault(domain, []).append(mesh.load(product.address))
    return found


def _row(each: Standing) -> tuple[object, ...]:
    from mesh_dagster.slos.spoken import percent, span

    measured = each.kept is not None
    return (
        each.path,
        each.objective.indicator.value,
        percent(each.kept) if each.kept is not None else None,
        percent(each.objective.target),
        percent(each.left, places=0) if measured else None,
        span(each.lasts) if each.lasts is not None else None,
        each.status.words,
        each.now,
    )


def _plain(each: Standing) -> dict[str, Any]:
    objective = each.objective
    return {
        "product": each.product,
        "port": objective.port or None,
        "objective": objective.indicator.value,
        "target": objective.target,
        "window_seconds": objective.window.total_seconds(),
        "limit_seconds": objective.limit.total_seconds() if objective.limit else None,
        "at": each.at,
        "status": each.status.value,
        "failing": each.failing,
        "kept": each.kept,
        "measure": "microseconds" if each.timed else "parts",
        "bad": each.tally.bad,
        "total": each.tally.total,
        "budget": each.budget,
        "budget_left": each.left,
        "lasts_seconds": each.lasts.total_seconds() if each.lasts is not None else None,
        "burn_rates": [
            {
                "rule": burn.name,
                "long_seconds": burn.long.total_seconds(),
                "short_seconds": burn.short.total_seconds(),
                "limit": burn.limit,
                "rate": burn.rate,
                "recent": burn.recent,
                "fires": burn.fires,
            }
            for burn in each.burns
        ],
        "now": each.now,
        "contract": objective.where,
    }


def _write(found: Iterable[Report], file: Path) -> None:
    from mesh_dagster.slos.page import page

    for report in found:
        owner = report.loaded.product.team or report.loaded.domain.team
        text = page(report.history, report.standings, owner)
        write(text, file)
        say(f"written: {file}")
