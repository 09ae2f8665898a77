"""Contracts of products against what was published of them, or against what git has.

What is only in one of two contracts, or weaker in the new one, becomes a finding here; who is
stopped by it is decided in `published`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mesh_dagster.contracts.evolution import git
from mesh_dagster.contracts.evolution.change import Change
from mesh_dagster.contracts.evolution.corrections import corrections
from mesh_dagster.contracts.evolution.diff import Diff, diff
from mesh_dagster.contracts.evolution.sources import contract_from_bytes
from mesh_dagster.descriptors.files import CONTRACTS, DESCRIPTOR
from mesh_dagster.descriptors.masked import masked_from
from mesh_dagster.descriptors.source import shown_path
from mesh_dagster.errors import DescriptorError, UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.life import life_of
from mesh_dagster.model.product import Product, Stage, Status
from mesh_dagster.ports import pointer
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.changed import Changed, changed
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.documents import described_of, document_of
from mesh_dagster.registry.resolve import resolve

BREAKS = "MESH-C040"
TOO_SMALL = "MESH-C041"
_NO_CORRECTION = "MESH-C045"
_UNREADABLE = "MESH-C046"
_GONE = "MESH-C047"
_STILL_READ = (Status.ACTIVE, Status.DEPRECATED)


def published_contract(mesh: Mesh, address: Address) -> tuple[Address, Contract]:
    """The contract that the mesh knows of a port, and the port's whole address.

    Raises `UnknownAddress` where nothing was published of it, `StorageError`.
    """
    place = f"{address.domain}/{address.product}"
    found = described_of(document_of(mesh.documents, address.domain), place)
    if not found:
        raise UnknownAddress(
            f"nothing of {place} is published, so there is no contract to compare with",
            code="MESH-C042",
            fix="mesh products",
        )
    if address.major is None and len(found) == 1:
        address = address.with_major(found[0].product.address.major or 0)
    port = resolve(address, [each.product for each in found])
    described = next(each for each in found if each.product.address == port.of_product)
    return port, described.contracts[port.port or ""]


def evolution_findings(
    mesh: Mesh, products: Sequence[LoadedProduct], against: str | None
) -> Iterator[Finding]:
    """What contracts have to say of their own history: by git at a ref, else by storage.

    Raises `UsageError` for a ref that git does not know, and `StorageError`.
    """
    for loaded in products:
        for contract in loaded.contracts.values():
            for problem in corrections(contract)[1]:
                path = Address.parse(contract.id).path
                message = f"a correction corrects nothing: {problem}"
                yield Finding(_NO_CORRECTION, message, Severity.WARNING, path, contract.where)
    if against is None:
        yield from published_findings(mesh, changed(mesh.documents, products))
        yield from _left_behind(mesh, products)
    else:
        yield from _in_git(mesh, products, against)


def published_findings(mesh: Mesh, differing: Iterable[Changed]) -> Iterator[Finding]:
    """What products say that are not as published. Raises `StorageError`."""
    for loaded, old in differing:
        findings = tuple(_of_product(old, loaded))
        # What no publication has shown to anybody may still be put right.
        if findings and pointer.current(mesh.storage, loaded.product.address) is not None:
            yield from findings


def _of_product(old: Described, loaded: LoadedProduct) -> Iterator[Finding]:
    if _may_change(old.product, loaded.product):
        return
    for port, before in old.contracts.items():
        if masked_from(before) is not None:
            continue  # nobody has promised it by itself: it follows from the first port's
        after = loaded.contracts.get(port)
        if after is None:
            yield _gone(before, "published", loaded.product.where)
        else:
            yield from _of_contracts(before, after, loaded.folder, "published")


def _may_change(old: Product, new: Product) -> bool:
    """Whether readers were told that anything may change: what is tried out changes drastically,
    and may be dropped until everybody may build on it."""
    before, after = life_of(old), life_of(new)
    return before in (Stage.DRAFT, Stage.ALPHA) or (before, after) == (Stage.BETA, Stage.RETIRED)


def _of_contracts(old: Contract, new: Contract, folder: Path, told: str) -> Iterator[Finding]:
    found = diff(old, new)
    if found.bumped:
        return
    path = Address.parse(new.id).path
    if not found.breaking:
        yield _too_small(found, path, new, told)
    for change in found.breaking:
        yield _broken(change, found, path, folder, told)


def _broken(change: Change, found: Diff, path: str, folder: Path, told: str) -> Finding:
    hurt = " and ".join(f"{each.value}s" for each in change.hurts)
    message = (
        f"{change.message}: that breaks {hurt} of {told} {found.before}, and takes {found.wanted},"
        f" not {found.after}"
    )
    return Finding(BREAKS, message, Severity.ERROR, path, change.where, _new_major(folder, found))


def _new_major(folder: Path, found: Diff) -> str:
    """A new major is a folder of its own, beside the one that its readers still have."""
    shown = shown_path(folder)
    major = (found.wanted or "2").partition(".")[0]
    if major == "0":
        return f"version: {found.wanted}"
    return (
        f"cp -r {shown} {shown}_v{major} && git checkout -- {shown}; then, in the copy, "
        f"`version: {found.wanted}` and /v{major} for the major of each contractId and contract id"
    )


def _too_small(found: Diff, path: str, new: Contract, told: str) -> Finding:
    if found.changes:
        what = "a change" if len(found.changes) == 1 else f"{len(found.changes)} changes"
        message = (
            f"{what} since {told} {found.before} ({found.changes[0].path}) take {found.wanted}, "
            f"the version is {found.after}"
        )
    else:
        message = f"the version is {found.after}, and {told} is {found.before} already"
    fix = f"version: {found.wanted} in the contract and its output port"
    return Finding(TOO_SMALL, message, Severity.WARNING, path, new.where, fix)


def _gone(old: Contract, told: str, where: str | None) -> Finding:
    """A port that was promised and is not there any more."""
    path = Address.parse(old.id).path
    missed = old.status in _STILL_READ
    return Finding(
        _GONE,
        f"{path} was {told} as {old.version}, {old.status}, and its contract is not here any more",
        Severity.ERROR if missed else Severity.WARNING,
        path,
        where,
        "bring it back; before a port goes its contract says `status: deprecated`, then `retired`",
    )


def _left_behind(mesh: Mesh, products: Sequence[LoadedProduct]) -> Iterator[Finding]:
    """Majors that are still promised to readers, of which nothing is in the domain's files."""
    if mesh.listing.findings:
        return  # what cannot be read may well be it
    here = {each.address.path for each in mesh.own()}
    for domain in sorted({each.domain.name for each in products}):
        document = document_of(mesh.documents, domain)
        for old in (document.described(path) for path in document.entries if path not in here):
            if old is None or pointer.current(mesh.storage, old.product.address) is None:
                continue
            for contract in old.contracts.values():
                if contract.status in _STILL_READ:
                    found = _gone(contract, "published", document.name)
                    yield replace(found, severity=Severity.WARNING)


def _in_git(mesh: Mesh, products: Sequence[LoadedProduct], ref: str) -> Iterator[Finding]:
    root = mesh.config.root
    blobs = git.files(ref, root, (CONTRACTS, DESCRIPTOR))
    served = {blob.path.rpartition("/")[0] for blob in blobs if blob.path.endswith(DESCRIPTOR)}
    here = _by_id(products)
    for blob in blobs:
        folder = blob.path.rpartition("/")[0]
        if not blob.path.endswith(CONTRACTS) or folder not in served:
            continue
        file = root / blob.path
        if _same_bytes(file, blob):
            continue
        name = f"{ref}:{blob.path}"
        try:
            old = contract_from_bytes(git.content(blob.id, name, root), name)
        except DescriptorError as error:
            message = f"{name} cannot be read, so nothing is compared with it: {error.findings[0]}"
            yield Finding(_UNREADABLE, message, Severity.WARNING, folder, name)
            continue
        found = here.get(old.id)
        if found is not None:
            yield from _of_contracts(old, found[1], found[0].folder, f"{ref}'s")
        elif not _is_broken(file.parent, products):
            yield _gone(old, f"at {ref}", name)


def _by_id(products: Iterable[LoadedProduct]) -> Mapping[str, tuple[LoadedProduct, Contract]]:
    return {
        contract.id: (loaded, contract)
        for loaded in products
        for contract in loaded.contracts.values()
    }


def _same_bytes(file: Path, blob: git.Blob) -> bool:
    try:
        return blob.is_of(file.read_bytes())
    except OSError:
        return False


def _is_broken(folder: Path, products: Iterable[LoadedProduct]) -> bool:
    """Whether a product lies there that could not be read: its own findings say why."""
    return (folder / DESCRIPTOR).is_file() and folder not in {each.folder for each in products}
