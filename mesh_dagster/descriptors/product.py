"""The products of a folder, of a domain, of the whole mesh.

Listings read descriptors only; loading reads all files of a product. Both keep what they parsed
(see `cache`), but only of products that nothing is wrong with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh_dagster.descriptors.cache import ModelCache, Stamps, stamp
from mesh_dagster.descriptors.codec import decoder, encode
from mesh_dagster.descriptors.domain import FILE as DOMAIN
from mesh_dagster.descriptors.domain import domain_from_file
from mesh_dagster.descriptors.folder import DESCRIPTOR, contract_files, examine
from mesh_dagster.descriptors.odps import product_from_document
from mesh_dagster.descriptors.source import Source, refuse, shown_path
from mesh_dagster.descriptors.syntax import read_file
from mesh_dagster.descriptors.wiring import FILE as WIRING
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import Domain, LoadedProduct, MeshConfig
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.product import Product
from mesh_dagster.model.wiring import TransformKind, Wiring

DEEPEST = 8
"""How far below `defs/` a product's folder may lie."""

_STALE = (KeyError, TypeError, ValueError, AttributeError)


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


def load_product(folder: Path, domain: Domain | None = None) -> LoadedProduct:
    """The product of a folder; its domain is the one it lies in unless another is given.

    Raises `DescriptorError` with all that is wrong in any of its files.
    """
    loaded, findings = examine(folder, domain)
    refuse(findings)
    assert loaded is not None, "no product and no error"  # noqa: S101
    return loaded


def folder_problems(folder: Path, domain: Domain | None = None) -> tuple[Finding, ...]:
    """All that is wrong with a product's folder, warnings included."""
    return examine(folder, domain)[1]


def load_products(folders: Sequence[Path], domain: Domain) -> tuple[LoadedProduct, ...]:
    """The products of a domain's folders, in their order; those unchanged are not parsed again.

    Raises `DescriptorError` with all that is wrong in any of them.
    """
    cache = ModelCache("products", str(domain.folder), shown_path(domain.folder), domain.name)
    loaded: list[LoadedProduct] = []
    findings: list[Finding] = []
    for folder in folders:
        key = str(folder)
        stamps = stamp(key, [DESCRIPTOR, WIRING, *contract_files(folder)])
        found = _kept(cache.get(key, stamps), folder, domain) if stamps else None
        if found is None:
            found, problems = examine(folder, domain)
            findings += problems
            if found is not None and stamps and not problems:
                cache.put(key, stamps, _parts(found))
        if found is not None:
            loaded.append(found)
    refuse(findings)
    cache.save()
    return tuple(loaded)


def _parts(loaded: LoadedProduct) -> list[Any]:
    return [encode(loaded.product), encode(loaded.contracts), encode(loaded.wiring)]


def _kept(value: Any, folder: Path, domain: Domain) -> LoadedProduct | None:
    """The product that a cache held, unless the file of its transform is gone."""
    if value is None:
        return None
    with suppress(*_STALE):
        product: Product = _decode(Product, value[0])
        contracts = {port: _decode(Contract, each) for port, each in value[1].items()}
        wiring: Wiring = _decode(Wiring, value[2])
        transform = wiring.transform
        by_file = transform.kind in (TransformKind.PYTHON, TransformKind.SQL)
        if not by_file or os.path.isfile(f"{folder}/{transform.name}"):  # noqa: PTH113
            return LoadedProduct(product, contracts, wiring, folder, domain)
    return None


def _decode(kind: type, value: Any) -> Any:
    translate = decoder(kind)
    return translate(value) if translate else value


def list_products(config: MeshConfig) -> Listing:
    """The products of all domains of a mesh, by their descriptors alone.

    What cannot be read is a finding, and hides nothing else.
    """
    products: list[Listed] = []
    findings: list[Finding] = []
    for folder in domain_folders(config):
        listing = list_domain(folder)
        products += listing.products
        findings += listing.findings
    return Listing(tuple(products), tuple(findings))


def list_domain(folder: Path) -> Listing:
    """The products of the domain in a folder, by their descriptors alone."""
    findings: list[Finding] = []
    domain = domain_from_file(folder, Source(shown_path(folder / DOMAIN), "", findings))
    if domain is None or any(each.severity is Severity.ERROR for each in findings):
        return Listing((), tuple(findings))
    cache = ModelCache("listing", str(folder), shown_path(folder))
    products: list[Listed] = []
    for each in product_folders(folder):
        product = _descriptor(each, cache, findings)
        if product is not None:
            products.append(Listed(product, each, domain))
    cache.save()
    return Listing(tuple(products), tuple(findings))


def _descriptor(folder: Path, cache: ModelCache, findings: list[Finding]) -> Product | None:
    key = str(folder)
    stamps: Stamps | None = stamp(key, [DESCRIPTOR])
    value = cache.get(key, stamps) if stamps else None
    if value is not None:
        with suppress(*_STALE):
            kept: Product = _decode(Product, value)
            return kept
    source = Source(f"{shown_path(folder)}/{DESCRIPTOR}")
    product = product_from_document(read_file(folder / DESCRIPTOR, source), source)
    findings += source.findings
    if any(each.severity is Severity.ERROR for each in source.findings):
        return None
    if product is not None and stamps and not source.findings:
        cache.put(key, stamps, encode(product))
    return product


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
    return tuple(Path(folder) for folder in sorted(_walk(str(domain / "defs"), DEEPEST)))


def _walk(folder: str, deeper: int) -> Iterator[str]:
    try:
        entries: Iterable[os.DirEntry[str]] = list(os.scandir(folder))
    except OSError:
        return
    if any(entry.name == DESCRIPTOR for entry in entries):
        yield folder
    elif deeper:
        for entry in entries:
            hidden = entry.name.startswith((".", "__"))
            if not hidden and entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, deeper - 1)
