"""Products that are about to end: their readers are reminded, the oftener the nearer the day is."""

from __future__ import annotations

from datetime import date, timedelta

from mesh_dagster import clock
from mesh_dagster.journal import Journal
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.model.life import life_of, reminder
from mesh_dagster.model.product import Product, Stage
from mesh_dagster.products.mesh import Mesh


def sunsets(mesh: Mesh, domain: Domain, journal: Journal) -> list[Event]:
    """What there is to remind of today in a domain, that nobody was reminded of yet.

    Raises `JournalError`. While no product of it is deprecated, nothing is looked up.
    """
    today = clock.now().date()
    ending = [each for each in mesh.own(domain.name) if life_of(each) is Stage.DEPRECATED]
    found = [event for each in ending if (event := _told(each, today, journal)) is not None]
    return journal.outbox.unknown(found)


def _told(product: Product, today: date, journal: Journal) -> Event | None:
    sunset = product.deprecation.sunset if product.deprecation else None
    if sunset is None:
        return None
    path = product.address.path
    if sunset < today:
        return _event(product, sunset, "over", f"{path} was to end on {sunset}, and is still there")
    made = [each for each in journal.lives.of(path) if each.sunset == sunset]
    due = reminder(sunset, today, made[-1].at.date() if made else None)
    if due is None:
        return None
    return _event(product, sunset, str(due), f"{path} ends {_when(sunset, today)}")


def _event(product: Product, sunset: date, step: str, said: str) -> Event:
    path, told = product.address.path, product.deprecation
    instead = f"; read {told.instead.path} instead" if told and told.instead else ""
    return Event(
        EventKind.SUNSET,
        path,
        clock.now(),
        key=f"{EventKind.SUNSET}:{path}:{sunset}:{step}",
        summary=f"{said}{instead}",
        details={"changes": [f"because: {told.why}"] if told and told.why else []},
    )


def _when(sunset: date, today: date) -> str:
    days = (sunset - today) // timedelta(days=1)
    if not days:
        return f"today, {sunset}"
    return f"on {sunset}, in {days} day{'s' if days > 1 else ''}"
