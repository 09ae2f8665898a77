"""The products of a folder, of a domain, of the whole mesh.

Listings read descriptors only; loading reads all files of a product. Both keep what they parsed
(see `cache`), but only of products that nothing is wrong with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from mesh_dagster.descriptors.cache import ModelCache, Stamps, collecting_later, stamp
from mesh_dagster.descriptors.codec import STALE, decode, encode
from mesh_dagster.descriptors.domain import domain_from_file
from mesh_dagster.descriptors.files import CONTRACTS, DESCRIPTOR, DOMAIN
from mesh_dagster.descriptors.second_reader import second_reader
from mesh_dagster.descriptors.source import Source, refuse, shown_path
from mesh_dagster.model.domain import Domain, LoadedProduct, MeshConfig
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.mask import MASKED, NO_MASKS, OPEN, Masks
from mesh_dagster.model.product import Product

DEEPEST = 8
"""How far below `defs/` a product's folder may lie."""

_CLASS = re.compile(rb"classification[\"']?\s*:\s*[\"']?([^\"'\s,}#]+)")


@dataclass(frozen=True, slots=True)
class Listed:
    """A product of a listing: its descriptor, and where its other files are."""

    product: Product
    folder: Path
    domain: Domain


@dataclass(frozen=True, slots=True)
class Listing:
    """All products that can be read, and what is wrong with those that cannot."""

    products: tuple[Listed, ...]
    findings: tuple[Finding, ...] = ()


def load_product(
    folder: Path, domain: Domain | None = None, masks: Masks = NO_MASKS
) -> LoadedProduct:
    """The product of a folder; its domain is the one it lies in unless another is given.

    Raises `DescriptorError` with all that is wrong in any of its files.
    """
    from mesh_dagster.descriptors.folder import examine

    loaded, findings = examine(folder, domain, masks)
    refuse(findings)
    assert loaded is not None, "no product and no error"  # noqa: S101
    return loaded


def folder_problems(
    folder: Path, domain: Domain | None = None, masks: Masks = NO_MASKS
) -> tuple[Finding, ...]:
    """All that is wrong with a product's folder, warnings included."""
    from mesh_dagster.descriptors.folder import examine

    return examine(folder, domain, masks)[1]


def load_products(
    folders: Sequence[Path], domain: Domain, masks: Masks = NO_MASKS
) -> tuple[LoadedProduct, ...]:
    """The products of a domain's folders, in their order; those unchanged are not parsed again.

    Raises `DescriptorError` with all that is wrong in any of them.
    """
    from mesh_dagster.descriptors.loading import load_unchanged

    with collecting_later():
        return load_unchanged(folders, domain, masks)


def list_products(config: MeshConfig) -> Listing:
    """The products of all domains of a mesh, by their descriptors alone.

    What cannot be read is a finding, and hides nothing else.
    """
    folders = domain_folders(config)
    caches = {folder: _cache_of(folder) for folder in folders}
    theirs = [folder for folder, cache in caches.items() if not cache][1::2]
    found: dict[Path, Listing] = {}
    with second_reader(theirs, list_domain):
        for folder, cache in caches.items():
            if folder not in theirs:
                found[folder] = list_domain(folder, cache, config.masks)
    found |= {folder: list_domain(folder, masks=config.masks) for folder in theirs}
    listings = [found[folder] for folder in folders]
    return Listing(
        tuple(product for listing in listings for product in listing.products),
        tuple(finding for listing in listings for finding in listing.findings),
    )


def list_domain(folder: Path, cache: ModelCache | None = None, masks: Masks = NO_MASKS) -> Listing:
    """The products of the domain in a folder, by their descriptors alone.

    Which of them have a port `masked`, the columns of their contracts say, and `masks`.
    """
    findings: list[Finding] = []
    domain = domain_from_file(folder, Source(shown_path(folder / DOMAIN), "", findings))
    if domain is None or any(each.severity is Severity.ERROR for each in findings):
        return Listing((), tuple(findings))
    cache = _cache_of(folder) if cache is None else cache
    products: list[Listed] = []
    with collecting_later():
        for each, contracts in sorted(_walk(str(folder / "defs"), DEEPEST)):
            product = _descriptor(Path(each), contracts, cache, findings, masks)
            if product is None:
                continue
            if product.address.domain == domain.name:
                products.append(Listed(product, Path(each), domain))
            else:
                findings.append(_intruder(product, domain))
        cache.save()
    told = (replace(each, subject=each.subject or domain.name) for each in findings)
    return Listing(tuple(products), tuple(told))


def _cache_of(folder: Path) -> ModelCache:
    return ModelCache("listing", str(folder), shown_path(folder))


def _intruder(product: Product, domain: Domain) -> Finding:
    """A descriptor that claims another domain's product must not stand in its way."""
    path = product.address.path
    message = f"it describes {path}, and lies in the domain {domain.name}"
    return Finding("MESH-D021", message, Severity.ERROR, domain.name, product.where)


def _descriptor(
    folder: Path, names: list[str], cache: ModelCache, findings: list[Finding], masks: Masks
) -> Product | None:
    key = str(folder)
    stamps: Stamps | None = stamp(key, [DESCRIPTOR, *names])
    value = cache.get(key, stamps) if stamps else None
    if value is not None:
        with suppress(*STALE):
            return _with_masked(cast(Product, decode(Product, value[0])), value[1], masks)
    product, problems = _parsed(folder)
    findings += problems
    if any(each.severity is Severity.ERROR for each in problems):
        return None
    if product is None:
        return None
    classes = _classes(folder, names, product)
    if stamps and not problems:
        cache.put(key, stamps, [encode(product), classes])
    return _with_masked(product, classes, masks)


def _classes(folder: Path, names: Sequence[str], product: Product) -> list[str]:
    """The classes of the columns of the first port, and the empty text where one states a mask.

    Only a contract that has words for them is parsed; what is wrong with it, others tell.
    """
    for name in names:
        try:
            data = (folder / name).read_bytes()
        except OSError:
            continue
        if _hides(data):
            from mesh_dagster.descriptors.masked import classes_in

            if (found := classes_in(folder / name, str(product.address))) is not None:
                return found
    return []


def _hides(contract: bytes) -> bool:
    """Whether a contract may have a column that is not for everybody, by its text alone."""
    stated = _CLASS.findall(contract)
    closed = any(each.decode(errors="replace").lower() not in OPEN for each in stated)
    return closed or b"mask" in contract or len(stated) != contract.count(b"classification")


def _with_masked(product: Product, classes: Sequence[str], masks: Masks) -> Product:
    masked = any(not each or each in masks for each in classes)
    if not masked or product.output(MASKED) is not None or not product.outputs:
        return product
    from mesh_dagster.descriptors.masked import with_masked_output

    return with_masked_output(product)


def _parsed(folder: Path) -> tuple[Product | None, list[Finding]]:
    from mesh_dagster.descriptors.odps import product_from_document
    from mesh_dagster.descriptors.syntax import read_file

    source = Source(f"{shown_path(folder)}/{DESCRIPTOR}")
    return product_from_document(read_file(folder / DESCRIPTOR, source), source), source.findings


def domain_folders(config: MeshConfig) -> tuple[Path, ...]:
    """The folders of a mesh that hold a domain.yaml, sorted."""
    found = {
        folder
        for pattern in config.domains
        for folder in config.root.glob(pattern)
        if (folder / DOMAIN).is_file()
    }
    return tuple(sorted(found))


def product_folders(domain: Path) -> tuple[Path, ...]:
    """The folders below a domain's `defs/` that hold a descriptor, sorted."""
    return tuple(Path(folder) for folder, _ in sorted(_walk(str(domain / "defs"), DEEPEST)))


def _walk(folder: str, deeper: int) -> Iterator[tuple[str, list[str]]]:
    """The folders that hold a descriptor, with the names of their contracts."""
    try:
        entries: Iterable[os.DirEntry[str]] = list(os.scandir(folder))
    except OSError:
        return
    if any(entry.name == DESCRIPTOR for entry in entries):
        yield folder, sorted(entry.name for entry in entries if entry.name.endswith(CONTRACTS))
    elif deeper:
        for entry in entries:
            hidden = entry.name.startswith((".", "__"))
            if not hidden and entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, deeper - 1)
