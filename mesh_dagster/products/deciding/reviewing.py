"""The inbox of owners: what waits for a decision in the domains of this checkout."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from logging import getLogger

from mesh_dagster import clock
from mesh_dagster.errors import MeshError, StorageError, UsageError
from mesh_dagster.journal import Journal
from mesh_dagster.journal.reviews import decided
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import Review, Ruling, RulingState, subject_of
from mesh_dagster.products.granting.settling import settle
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.identity import LAUNCHPAD, Proofs, of_launchpad
from mesh_dagster.reviews.inbox import asked as asked_of
from mesh_dagster.reviews.inbox import find, inbox

UNKNOWN = "MESH-M047"


def reviews_in(journal: Journal, product: str | None = None) -> tuple[Review, ...]:
    """What there is to decide on in a domain, or of one of its products."""
    standing, rulings, breaches = journal.reviews.seen(product)
    return inbox(standing, rulings, clock.now(), breaches)


def reviews_of(mesh: Mesh, domain: str) -> tuple[Review, ...]:
    """The same of a domain of this checkout, of the products that are still there.

    What others ask to read of them is in it too: requests that need no owner are settled on the
    way.
    """
    own = {each.address.path for each in mesh.own(domain)}
    with mesh.journal(domain) as journal:
        found = (*reviews_in(journal), *_asked(mesh, journal, domain))
    return tuple(each for each in found if each.product in own)


def _asked(mesh: Mesh, journal: Journal, domain: str) -> tuple[Review, ...]:
    """The requests that wait; none where the registry cannot be asked, and that is told."""
    try:
        waiting = settle(mesh, domain)
    except StorageError as error:
        getLogger("mesh_dagster").warning("what is asked of %s is not known: %s", domain, error)
        return ()
    return asked_of(waiting, journal.reviews.rulings()) if waiting else ()


def rulings_of(mesh: Mesh, loaded: LoadedProduct) -> list[Ruling]:
    """Every decision that was made on a product, oldest first."""
    with mesh.journal(loaded.product.address.domain) as journal:
        return journal.reviews.rulings(loaded.product.address.path)


def review_of(mesh: Mesh, asked: str) -> Review:
    """The review of an id, in whichever domain it is.

    The first part of an id is enough, and means what waits there now. Raises `UsageError` where
    there is none, where an id may mean several, and where it is of something that has changed. A
    domain that cannot be asked keeps nobody from deciding in another: what it raised is raised
    where the id is known nowhere else.
    """
    found: list[Review] = []
    unread: list[MeshError] = []
    for domain in mesh.domains:
        try:
            found += find(reviews_of(mesh, domain.name), asked)
        except MeshError as error:
            unread.append(error)
    exact = [each for each in found if each.id == asked.strip().lower()]
    if len(exact) == 1:
        return exact[0]
    if not found:
        _refuse_decided(mesh, asked)
        if unread:
            raise unread[0]
        raise UsageError(
            f"nothing of the id {asked!r} waits for a decision: it was decided, or settled itself",
            code=UNKNOWN,
            fix="mesh review, or mesh review log",
        )
    if len(found) > 1:
        raise UsageError(
            f"{asked!r} may be any of {', '.join(each.id for each in found)}",
            code=UNKNOWN,
            fix=f"mesh review show {found[0].id}",
        )
    if "-" in asked:
        raise UsageError(
            f"{asked} has changed since you looked: it is {found[0].id} now",
            code=UNKNOWN,
            fix=f"mesh review show {found[0].id}",
        )
    return found[0]


def _refuse_decided(mesh: Mesh, asked: str) -> None:
    """Say who was first where somebody has decided on it since."""
    subject = subject_of(asked.strip().lower())
    for domain in mesh.domains:
        made: list[Ruling] = []
        with suppress(MeshError), mesh.journal(domain.name) as journal:
            made = journal.reviews.rulings()
        for ruling in reversed(made):
            if ruling.subject == subject and ruling.state is not RulingState.FAILED:
                raise decided(ruling)


def identities(mesh: Mesh, typed: str | None = None) -> Iterable[Identity]:
    """Who is deciding, by the proofs that mesh.yaml accepts, the first the most wanted. Each is
    asked as whoever looks gets to it.

    `typed` is a name in Dagster's launchpad: the process there is a daemon's, so nothing else
    proves anything, and a mesh that does not accept it is told how to decide instead.
    """
    accepted = mesh.config.identities
    if typed is None:
        return Proofs(accepted)
    if LAUNCHPAD not in accepted:
        raise UsageError(
            f"this mesh accepts only {', '.join(accepted)} as a proof of who decides, and a name "
            "in the launchpad proves nothing",
            code="MESH-M044",
            where=str(mesh.config.file),
            fix="decide in a terminal: mesh review",
        )
    return (of_launchpad(typed),)
