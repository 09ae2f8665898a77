"""What policies would have against products: at another moment, or if one were enforced today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.errors import DescriptorError, MeshError, UnknownAddress, UsageError
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.policy import Force, Moment, Scope
from mesh_dagster.model.principal import Principal, PrincipalKind
from mesh_dagster.policies.bound import Bound
from mesh_dagster.policies.governed import Governed
from mesh_dagster.policies.judge import Judgement, judge
from mesh_dagster.policies.policy import Policy
from mesh_dagster.policies.sets import installed
from mesh_dagster.policies.view import Asked, Sample, View
from mesh_dagster.products.governing.gate import sample
from mesh_dagster.products.governing.views import Views
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.read import open_published

UNKNOWN = "MESH-P009"


def judged_at(
    mesh: Mesh, products: Sequence[LoadedProduct], moment: Moment, only: Bound | None = None
) -> Iterator[Judgement]:
    """What policies have against products at a moment, asked now.

    At `Moment.PUBLISH` it is asked of what is published and was read for that, at
    `Moment.ACCESS` of each read that the products declare. `only` is asked alone, as it is.
    """
    rules: dict[str, Governed | None] = {}
    views = Views(mesh, moment, products, whole=moment is not Moment.LOAD)
    for loaded in products:
        for view in _views(mesh, views, loaded, moment):
            domain = view.address.domain
            if domain not in rules:
                governed = mesh.governed(domain)
                if only is not None:
                    governed = (governed or Governed(mesh.config)).asking_only(only)
                rules[domain] = governed
            if (governed := rules[domain]) is not None:
                yield from judge(governed, view)


def _views(mesh: Mesh, views: Views, loaded: LoadedProduct, moment: Moment) -> Iterator[View]:
    view = views.view(loaded)
    if moment is Moment.PUBLISH:
        yield replace(view, find_samples=lambda: _published(mesh, loaded))
    elif moment is Moment.ACCESS:
        yield from _reads(views, loaded, view.region)
    else:
        yield view


def _reads(views: Views, loaded: LoadedProduct, region: str | None) -> Iterator[View]:
    """The products that one reads, as its domain asks for them."""
    domain = loaded.product.address.domain
    reader = Principal(PrincipalKind.DOMAIN, domain)
    for port in loaded.product.inputs:
        described = views.around.find(port.address) if port.address else None
        if described is None or port.address is None:
            continue
        address = port.address.with_major(described.product.address.major or 0)
        purpose = loaded.product.purpose
        asked = Asked(address, reader, domain, loaded.product, region, purpose, port.columns)
        yield views.asked(described, asked)


def _published(mesh: Mesh, loaded: LoadedProduct) -> dict[str, Sample] | None:
    product = loaded.product.address
    try:
        return {
            port: sample(open_published(mesh, product.with_port(port or None)).polars())
            for port in loaded.contracts
        }
    except MeshError:
        return None


def policy_named(id: str) -> tuple[type[Policy], str]:
    """The class of a policy that some package brings, and its set. Raises `UsageError`."""
    known = {policy.id: (policy, found.name) for found in installed() for policy in found}
    if id not in known:
        raise UsageError(
            f"no policy is called {id[:100]!r}{did_you_mean(id, known)}",
            code=UNKNOWN,
            fix="mesh policy list --all",
        )
    return known[id]


def bound_as_here(mesh: Mesh, id: str) -> Bound:
    """A policy as it holds in this checkout; one that holds nowhere as its class says.

    Raises `UsageError` where no package brings it.
    """
    for name in ("", *mesh.domain_names):
        governed = mesh.governed(name)
        if governed is not None and id in governed.policies:
            return governed.policies[id]
    policy, of = policy_named(id)
    made = policy()
    return Bound(made, of, Scope.GLOBAL, made.force, made.until, made.severity)


def simulated(mesh: Mesh, id: str, products: Sequence[LoadedProduct]) -> list[Judgement]:
    """What a policy would have against products if it were enforced everywhere today."""
    bound = replace(bound_as_here(mesh, id), force=Force.ENFORCED, until=None)
    moment = next(each for each in Moment if each in bound.policy.moments)
    return list(judged_at(mesh, products, moment, bound))


def products_here(
    mesh: Mesh, named: str | None = None, unread: list[Finding] | None = None
) -> list[LoadedProduct]:
    """The products of this checkout that can be read, or those of a domain, or of one name.

    What keeps others from being read is added to `unread`. Raises `UnknownAddress` where there
    are none of that name.
    """
    wanted = "" if named is None else f"{named.removeprefix('mesh://').rstrip('/')}/"
    asked = [each for each in mesh.own() if f"{each.address.path}/".startswith(wanted)]
    broken = [
        each
        for each in mesh.listing.findings
        if each.severity is Severity.ERROR and f"{each.subject or wanted}/".startswith(wanted)
    ]
    if named is not None and not asked:
        paths = [each.address.path for each in mesh.own()]
        raise UnknownAddress(
            f"no product of this checkout is {named[:200]!r}{did_you_mean(wanted[:-1], paths)}",
            fix="mesh check" if broken else "mesh products",
        )
    found = []
    for each in asked:
        try:
            found.append(mesh.load(each.address))
        except DescriptorError as error:
            broken += error.findings
    if unread is not None:
        unread += broken
    return found
