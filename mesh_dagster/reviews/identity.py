"""Who is deciding, and how that is proven.

Each proof comes in by the door `identities`: a function without arguments that returns an
`Identity`, or None where it knows of nobody. A proof that its owner can state as he likes (a
variable, a text typed into a form) is unverified, and `reviews.identity` in mesh.yaml says which
proofs the mesh accepts. What nobody can go round is below all of them: to decide is to write to
the domain's journal and storage, so who may not write there decides nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mesh_dagster import clock, plugins
from mesh_dagster.errors import UsageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.ownership import names_of, owners
from mesh_dagster.model.product import Member

DOOR = "identities"
VARIABLE = "MESH_USER"
LAUNCHPAD = "launchpad"
"""A name that was typed into Dagster's launchpad, where nobody has to prove anything."""

NOT_AN_OWNER = "MESH-M044"


def of_system() -> Identity:
    """The real user of this process, as the operating system knows him.

    Not what LOGNAME or USER say: anybody sets those.
    """
    import pwd

    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = str(number)
    return Identity(name, "os", verified=True, detail=f"uid {number}", names=(name,))


def of_environment() -> Identity | None:
    """Whoever MESH_USER says it is."""
    name = os.environ.get(VARIABLE, "").strip()
    return Identity(name, "environment", False, VARIABLE, (name,)) if name else None


def of_launchpad(typed: str) -> Identity:
    """Whoever a form in Dagster's UI says it is."""
    return Identity(typed.strip(), LAUNCHPAD, False, "typed in the launchpad", (typed.strip(),))


def known(accepted: Iterable[str]) -> Iterator[Identity]:
    """Who is deciding by each of the proofs that a mesh accepts, in their order.

    Raises `UsageError` for a proof that no package brings.
    """
    for name in accepted:
        if name != LAUNCHPAD:
            found: Identity | None = plugins.load(DOOR, name)()
            if found is not None:
                yield found


@dataclass(frozen=True, slots=True)
class Proofs:
    """Who is deciding, by the proofs that a mesh accepts, for whoever looks at them in their order.

    One is asked when the look gets to it: what cannot be asked (AWS, without a network) is in
    nobody's way whom one before it proves.
    """

    accepted: tuple[str, ...]

    def __iter__(self) -> Iterator[Identity]:
        return known(self.accepted)


def owner_among(loaded: LoadedProduct, identities: Iterable[Identity]) -> Identity:
    """The first of these identities that is an owner of the product, by his own name.

    Raises `UsageError` where none is: only an owner decides. A proof after that of an owner is
    not asked for.
    """
    people = owners(loaded, clock.now().date())
    found = member_among(people, identities)
    if found is None:
        raise _refused(loaded, identities, [each.username for each in people])
    return found


def member_among(people: Iterable[Member], identities: Iterable[Identity]) -> Identity | None:
    """The first of these identities that is one of some people, by his own name."""
    named = [(names_of(each), each.username) for each in people]
    for identity in identities:
        given = {each.lower() for each in identity.names}
        for names, username in named:
            if given & names:
                return replace(identity, name=username, detail=_detail(identity))
    return None


def tried(identities: Iterable[Identity]) -> str:
    """Who somebody proved to be, in the words of a refusal."""
    return ", ".join(map(str, identities)) or "nobody that this mesh accepts a proof of"


def owns(loaded: LoadedProduct, name: str) -> bool:
    """Whether a name is that of an owner of the product."""
    asked = name.strip().lower()
    return any(asked in names_of(each) for each in owners(loaded, clock.now().date()))


def _detail(identity: Identity) -> str:
    return f"{identity.name}, {identity.detail}" if identity.detail else identity.name


def _refused(
    loaded: LoadedProduct, identities: Iterable[Identity], people: Sequence[str]
) -> UsageError:
    path = loaded.product.address.path
    if not people:
        return UsageError(
            f"{path} has no owner who could decide: neither its descriptor nor domain.yaml names "
            "a person",
            code=NOT_AN_OWNER,
            where=loaded.product.where,
            fix="team: {members: [{username: YOU, role: owner}]} in product.odps.yaml",
        )
    return UsageError(
        f"only an owner of {path} decides: {', '.join(people)}. You are {tried(identities)}",
        code=NOT_AN_OWNER,
        where=loaded.product.where,
        fix=f"ask {people[0]} to decide, or name yourself an owner in the descriptor",
    )
