"""What a decision about a port depends on, put together: its files or document, its grants."""

from __future__ import annotations

from mesh_dagster.access.decision import Audience, Guarded, audience_of, stage_word
from mesh_dagster.errors import DescriptorError, StorageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.product import Product
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.grants import Grants, grants_of

EVERYBODY = "everybody"


def guarded(mesh: Mesh, port: Address) -> tuple[Guarded, Described | None]:
    """A port with all that a decision depends on, and the product as it is described.

    `port` is resolved. Where its files are not here, its document counts as it is now, however long
    ago `mesh` read it, at the cost of a listing of its domain's prefix. Where the product's files
    are broken and no document tells of it, what is confidential in it cannot be known, and only its
    own domain reads it; so it is where grants cannot be asked: a domain needs no registry to read
    what is its own. Raises `StorageError`.
    """
    known = _grants(mesh, port.domain)
    rights = known.of(port)
    try:
        described = mesh.described(port, anew=True)
        contract = described.contracts[port.port or ""]
    except (DescriptorError, KeyError):
        what = f"its files cannot be used, and no document tells of it: mesh check {port.path}"
        return Guarded(port, Audience.OWN, "broken", (), rights, unknown=what), None
    product = described.product
    found = Guarded(
        port,
        audience_of(product),
        stage_word(product),
        tuple(sorted(contract.confidential_columns())),
        rights,
        unknown=known.unusable,
    )
    return found, described


def _grants(mesh: Mesh, domain: str) -> Grants:
    try:
        return grants_of(mesh.documents, domain)
    except StorageError as error:
        return Grants(domain, unusable=error.what)


def readers_of(product: Product, contract: Contract) -> str:
    """Who may read a port, in a word that everybody is told: everybody, grant, own-domain."""
    audience = audience_of(product)
    if audience is Audience.OWN:
        return "own-domain"
    is_open = audience is Audience.EVERYBODY and not contract.confidential_columns()
    return EVERYBODY if is_open else "grant"
