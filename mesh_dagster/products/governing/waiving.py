"""Letting a product or a domain off a policy, on the record: in a waivers.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from mesh_dagster import clock
from mesh_dagster.descriptors.files import WAIVERS
from mesh_dagster.descriptors.source import refuse, shown_path
from mesh_dagster.descriptors.suggest import did_you_mean
from mesh_dagster.descriptors.waivers import read_waivers, with_waiver
from mesh_dagster.descriptors.writing import replace_file
from mesh_dagster.errors import UnknownAddress, UsageError
from mesh_dagster.model.address import SCHEME
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.ownership import people, present
from mesh_dagster.model.policy import PolicyWaiver, Scope
from mesh_dagster.policies.bound import Bound
from mesh_dagster.products.governing.simulating import UNKNOWN
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.reviews.identity import member_among, tried
from mesh_dagster.reviews.misfits import refuse_reason

_A_MONTH = timedelta(days=30)
NOT_GOVERNING = "MESH-P010"
TOO_LATE = "MESH-P011"


def waive(
    mesh: Mesh,
    policy: str,
    subject: str,
    identities: Iterable[Identity],
    *,
    why: str,
    until: date,
) -> tuple[PolicyWaiver, Path]:
    """Let a domain, a product or one of its majors off a policy up to a day.

    What comes back is the waiver and the file that has it now; one of the same policy and subject
    is replaced. Raises `UsageError` for a policy that does not hold there, for somebody who does
    not govern it, a day that is over and a reason that is none; `UnknownAddress` for a subject
    that the mesh does not know; `DescriptorError` for a file that cannot be read.
    """
    path = _subject(mesh, subject)
    domain = path.partition("/")[0]
    bound = _bound(mesh, policy, domain)
    by = _governor(mesh, bound, domain, identities)
    refuse_reason(why)
    today = clock.now().date()
    if until < today:
        raise UsageError(
            f"{until} is over already, by the clock of this mesh: it is {today}",
            code=TOO_LATE,
            fix=f"mesh waive {policy} {path} --why '...' --until {today + _A_MONTH}",
        )
    folder = _folder(mesh, bound, domain)
    refuse(read_waivers(folder)[1])
    waiver = PolicyWaiver(bound.id, path, by.name, why.strip(), until)
    file = folder / WAIVERS
    _write(file, with_waiver(folder, waiver))
    return waiver, file


def _subject(mesh: Mesh, named: str) -> str:
    """A domain or a product, as a waiver names it."""
    asked = named.removeprefix(SCHEME).strip("/")
    products = [each.address for each in mesh.products()]
    known = set(mesh.domain_names)
    for each in products:
        known |= {each.domain, f"{each.domain}/{each.product}", each.path}
    if asked not in known:
        raise UnknownAddress(
            f"the mesh has no domain or product {named[:200]!r}{did_you_mean(asked, known)}",
            fix="mesh products",
        )
    return asked


def _bound(mesh: Mesh, policy: str, domain: str) -> Bound:
    governed = mesh.governed(domain)
    known = governed.policies if governed is not None else {}
    if policy not in known:
        raise UsageError(
            f"no policy called {policy[:100]!r} holds in {domain}{did_you_mean(policy, known)}",
            code=UNKNOWN,
            fix="mesh policy list",
        )
    return known[policy]


def _governor(mesh: Mesh, bound: Bound, domain: str, identities: Iterable[Identity]) -> Identity:
    """Who waives it, as one of those who may."""
    today = clock.now().date()
    if bound.scope is Scope.GLOBAL:
        may, whose = mesh.config.governance, "those who govern the mesh"
        fix = "governance: {members: [{username: YOU}]} in mesh.yaml names them"
    else:
        loaded = list(mesh.readable(domain))
        may = tuple(each for one in loaded for each in present(people(one), today))
        may += next(each.members for each in mesh.domains if each.name == domain)
        whose = f"the people of {domain}"
        fix = "members: [{username: YOU}] in domain.yaml names them"
    may = tuple(present(may, today))
    found = member_among(may, identities)
    if found is not None:
        return found
    names = ", ".join(dict.fromkeys(each.username for each in may)) or "nobody"
    raise UsageError(
        f"only {whose} waive `{bound.id}`: {names}. You are {tried(identities)}",
        code=NOT_GOVERNING,
        where=bound.where,
        fix=fix,
    )


def _folder(mesh: Mesh, bound: Bound, domain: str) -> Path:
    if bound.scope is Scope.GLOBAL:
        return mesh.config.root
    return next(each.folder for each in mesh.domains if each.name == domain)


def _write(file: Path, text: str) -> None:
    try:
        replace_file(file, text.encode())
    except OSError as error:
        raise UsageError(
            f"{shown_path(file)} cannot be written: {error.strerror or error}",
            where=shown_path(file),
            fix=f"chmod u+w {shown_path(file.parent)}",
        ) from error
