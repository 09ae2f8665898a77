"""Who reads: a domain by its runs, a person by whatever proves who he is.

A person is of the domains that name him: among the members of domain.yaml, or of the team of one
of their products. Whom no file names has no domain; where he works in a checkout that holds a
domain's files, he is taken for one who develops it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from weakref import WeakKeyDictionary

from mesh_dagster import clock
from mesh_dagster.access.decision import Reader
from mesh_dagster.errors import UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.ownership import has_left, names_of
from mesh_dagster.model.principal import Principal, PrincipalKind
from mesh_dagster.model.product import Member, Product
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.identity import known

Named = Mapping[str, frozenset[str]]
"""Every name by which somebody is known, in lower case, and the domains that name him."""

_NAMED: WeakKeyDictionary[Mesh, tuple[date, Named]] = WeakKeyDictionary()
_KINDS = (PrincipalKind.PERSON, PrincipalKind.SERVICE)


def of_domain(domain: str) -> Reader:
    """A run of a domain: it reads as the domain itself."""
    itself = Principal(PrincipalKind.DOMAIN, domain)
    return Reader(itself, "a run of the domain", frozenset({itself}), frozenset({domain}))


def person(mesh: Mesh) -> Reader:
    """Whoever runs this process, by every proof that mesh.yaml accepts.

    Raises `UsageError` and `EvaluationError` for a proof that cannot be asked.
    """
    return reader_of(mesh, tuple(known(mesh.config.identities)))


def reader_of(mesh: Mesh, identities: Sequence[Identity]) -> Reader:
    """The reader that somebody is, by what proves it. Who proves nothing reads as nobody."""
    named = _named(mesh)
    names = {name.lower() for each in identities for name in each.names}
    domains = frozenset(domain for name in names for domain in named.get(name, ()))
    here = {each.name: each.team for each in mesh.domains}
    principals = {each for name in names for each in _principals(name)}
    principals |= {Principal(PrincipalKind.DOMAIN, domain) for domain in domains}
    principals |= {_team(here[domain]) for domain in domains if here.get(domain)}
    first = next((each for each in identities if _domains(each, named)), None)
    first = first or next(iter(identities), None)
    return Reader(
        principal=Principal(PrincipalKind.PERSON, _plain(first.name if first else "nobody")),
        identity="; ".join(_shown(each) for each in identities) or "nobody that is proven",
        principals=frozenset(principals),
        domains=domains,
        develops=frozenset() if domains else frozenset(here),
    )


def named_by(reader: Reader, product: Product) -> Reader:
    """The same reader, of the product's domain too if its team, told by a document, names him."""
    domain = product.address.domain
    names = {each.name for each in reader.principals if each.kind is PrincipalKind.PERSON}
    today = clock.now().date()
    members = (each for each in product.members if not has_left(each, today))
    if domain in reader.domains or not any(names & names_of(each) for each in members):
        return reader
    return replace(reader, domains=reader.domains | {domain}, develops=frozenset())


def ledger_domain(mesh: Mesh, reader: Reader, port: Address, by: Principal) -> str | None:
    """In whose journal a reading is kept: that of the domain by which somebody has the right, if
    its files are here, or of one that he is of; None: he has none here."""
    here = set(mesh.domain_names)
    if by.kind is PrincipalKind.DOMAIN and by.name in here:
        return by.name
    mine = sorted(reader.domains & here)
    if port.domain in mine:
        return port.domain
    return mine[0] if mine else None


def _named(mesh: Mesh) -> Named:
    today = clock.now().date()
    found = _NAMED.get(mesh)
    if found is None or found[0] != today:
        found = _NAMED[mesh] = today, _collected(mesh, today)
    return found[1]


def _collected(mesh: Mesh, today: date) -> Named:
    names: dict[str, set[str]] = defaultdict(set)
    for domain, member in _members(mesh):
        if not has_left(member, today):
            for name in names_of(member):
                names[name].add(domain)
    return {name: frozenset(domains) for name, domains in names.items()}


def _members(mesh: Mesh) -> Iterator[tuple[str, Member]]:
    for domain in mesh.domains:
        yield from ((domain.name, each) for each in domain.members)
    for product in mesh.own():
        yield from ((product.address.domain, each) for each in product.members)


def _domains(identity: Identity, named: Named) -> frozenset[str]:
    return frozenset(each for name in identity.names for each in named.get(name.lower(), ()))


def _principals(name: str) -> Iterable[Principal]:
    """What a name may be called in a grant; one that no grant can name is none."""
    for kind in _KINDS:
        try:
            yield Principal.parse(f"{kind.value}:{name}")
        except UsageError:
            return


def _team(name: str) -> Principal:
    """A team as a grant names it: `team:crew-planning`."""
    return Principal(PrincipalKind.TEAM, "-".join(name.lower().split()))


def _shown(identity: Identity) -> str:
    return _plain(str(identity), 200)


def _plain(text: str, longest: int = 100) -> str:
    """A text that any database keeps: names come from the environment too."""
    return text.encode("utf-8", "replace").decode()[:longest]
