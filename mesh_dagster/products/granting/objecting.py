"""What policies have against a reading, before anybody decides on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesh_dagster import clock
from mesh_dagster.access.decision import Reader
from mesh_dagster.descriptors.custom import kept_value
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import About
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.policy import Moment
from mesh_dagster.model.product import Product
from mesh_dagster.products.mesh import Mesh

if TYPE_CHECKING:
    from mesh_dagster.registry.described import Described

_REGION = "region"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reading is for: the product that reads, its purpose, and the columns of each port.

    A port that `columns` does not name is read whole, and so is one of None. `stated` are the
    purposes that are stated of a port, each of which has to be granted; what is stated of none is
    read for whatever is granted.
    """

    purpose: str | None = None
    by: Product | None = None
    columns: Mapping[Address, tuple[str, ...] | None] = field(default_factory=dict)
    stated: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)

    def purpose_of(self, port: Address, granted: str | None = None) -> str | None:
        """What a port is read for: as is stated of it, or what is granted, or as of the product."""
        return "; ".join(self.stated.get(port, ())) or granted or self.purpose


def objection(
    mesh: Mesh, reader: Reader, port: Address, described: Described, wanted: Wanted
) -> str | None:
    """The first thing that an enforced policy has against it; None where there is nothing.

    Nothing is imported, or asked, where no policy is asked at access.
    """
    governed = mesh.governed(port.domain)
    if governed is None or not governed.asks_at(Moment.ACCESS):
        return None
    from mesh_dagster.policies.reading import access_findings
    from mesh_dagster.policies.view import Asked

    domains = sorted(reader.domains)
    asked = Asked(
        port=port,
        principal=reader.principal,
        domain=domains[0] if len(domains) == 1 else None,
        reader=wanted.by,
        region=_region(mesh, reader, wanted.by),
        purpose=wanted.purpose_of(port),
        columns=wanted.columns.get(port),
    )
    told = mesh.about(port.domain) or About(port.domain)
    for found in access_findings(governed, described, told, asked, clock.now()):
        if found.severity is Severity.ERROR:
            return f"{found.code}: {found.message}"
    return None


def _region(mesh: Mesh, reader: Reader, by: Product | None) -> str | None:
    """From where it is read: as the product that reads says, else as the domains of the reader
    do, where they agree."""
    stated = kept_value(by.rest, _REGION) if by is not None else None
    if isinstance(stated, str) and stated.strip():
        return stated.strip().lower()
    regions = {(mesh.about(each) or About(each)).region for each in reader.domains}
    found = regions.pop() if len(regions) == 1 else None
    return found.strip().lower() if found and found.strip() else None
