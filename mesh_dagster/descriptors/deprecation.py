"""What a descriptor says of the end of a product (custom property `deprecation`)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

from mesh_dagster.descriptors.custom import Custom
from mesh_dagster.descriptors.shape import TEXT, Shape
from mesh_dagster.descriptors.source import Source, shown
from mesh_dagster.errors import AddressError
from mesh_dagster.model.address import SCHEME, Address
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.partition import FIRST_YEAR, LAST_YEAR
from mesh_dagster.model.product import Deprecation

NAME = "deprecation"
_SHAPE = Shape({"sunset": TEXT, "instead": TEXT, "why": TEXT}, unknown=Severity.WARNING)


def deprecation_from(custom: Custom, own: Address, source: Source) -> Deprecation | None:
    """When a product ends, why, and what there is instead; what is wrong is in `source`."""
    found = custom.take(NAME, _SHAPE)
    if found is None:
        return None
    line = custom.line(NAME)
    instead = _address(found.get("instead"), line, source)
    if instead is not None and instead.of_product == own:
        message = "`instead` of a deprecation is the product itself"
        source.report("MESH-D014", message, line)
    return Deprecation(_day(found.get("sunset"), line, source), instead, found.get("why"))


def stated(deprecation: Deprecation | None) -> dict[str, Any] | None:
    """The same as a descriptor writes it."""
    if deprecation is None:
        return None
    said = {
        "sunset": deprecation.sunset.isoformat() if deprecation.sunset else None,
        "instead": str(deprecation.instead) if deprecation.instead else None,
        "why": deprecation.why,
    }
    return {key: value for key, value in said.items() if value is not None}


def _day(text: str | None, line: int, source: Source) -> date | None:
    if text is None:
        return None
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if FIRST_YEAR <= day.year <= LAST_YEAR:
            return day
    message = f"`sunset` is {shown(text)}, expected a day from {FIRST_YEAR} to {LAST_YEAR}"
    source.report("MESH-D008", message, line, fix="sunset: 2014-01-31")
    return None


def _address(text: str | None, line: int, source: Source) -> Address | None:
    if text is None:
        return None
    try:
        return Address.parse(text if text.startswith(SCHEME) else f"{SCHEME}{text}")
    except AddressError as error:
        source.report("MESH-D014", f"`instead`: {error.what}", line, fix=error.fix)
        return None
