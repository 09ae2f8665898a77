"""What only an owner of a product may do about the rights to it, whoever he proves to be."""

from __future__ import annotations

from datetime import datetime

from mesh_dagster import clock
from mesh_dagster.errors import UsageError
from mesh_dagster.model.access import Grant
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal
from mesh_dagster.products.granting.rights import NO_GRANT, deny, find_grant, revoke
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.grants import grants_of
from mesh_dagster.reviews.identity import Proofs, owner_among
from mesh_dagster.reviews.misfits import refuse_reason


def revoke_as_owner(mesh: Mesh, id: str, why: str) -> Grant:
    """Take back a grant of a domain of this checkout, by its id or the beginning of it.

    Raises `UsageError` for who is no owner, and for a grant that is not there or not in force.
    """
    refuse_reason(why)
    asked = id.strip().removesuffix("…").lower()
    holding = [
        each.name
        for each in mesh.domains
        for grant in grants_of(mesh.documents, each.name).grants
        if asked and grant.id.startswith(asked)
    ]
    if not holding:
        raise UsageError(
            f"{id[:100]!r} is none of the grants of the domains here",
            code=NO_GRANT,
            fix="mesh access grants",
        )
    found = find_grant(mesh, holding[0], asked)
    return revoke(mesh, holding[0], found.id, _owner(mesh, found.port), why.strip())


def deny_as_owner(
    mesh: Mesh, port: Address, principal: Principal, until: datetime, why: str
) -> Grant:
    """Keep somebody from a port of this checkout. Raises `UsageError` for who is no owner."""
    refuse_reason(why)
    return deny(mesh, port, principal, clock.in_utc(until), by=_owner(mesh, port), why=why.strip())


def _owner(mesh: Mesh, port: Address) -> str:
    loaded = mesh.load(port.of_product)
    return str(owner_among(loaded, Proofs(mesh.config.identities)))
