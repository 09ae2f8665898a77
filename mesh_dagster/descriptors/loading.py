"""Many products at once: from the cache where their files have not changed, else from those."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mesh_dagster.descriptors.cache import ModelCache, stamp
from mesh_dagster.descriptors.codec import STALE, decode, encode
from mesh_dagster.descriptors.files import DESCRIPTOR, WIRING
from mesh_dagster.descriptors.folder import contract_files, stated
from mesh_dagster.descriptors.masked import with_masked_port
from mesh_dagster.descriptors.source import refuse, shown_path
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.finding import Finding
from mesh_dagster.model.mask import Masks
from mesh_dagster.model.product import Product
from mesh_dagster.model.wiring import TransformKind, Wiring


def load_unchanged(
    folders: Sequence[Path], domain: Domain, masks: Masks
) -> tuple[LoadedProduct, ...]:
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
            found, problems = stated(folder, domain)
            findings += problems
            if found is not None and stamps and not problems:
                cache.put(key, stamps, _parts(found))
        if found is not None:
            loaded.append(with_masked_port(found, masks, findings))
    refuse(findings)
    cache.save()
    return tuple(loaded)


def _parts(loaded: LoadedProduct) -> list[Any]:
    contracts = {port: encode(each) for port, each in loaded.contracts.items()}
    sources = {port: encode(each) for port, each in loaded.source_contracts.items()}
    return [encode(loaded.product), contracts, encode(loaded.wiring), sources]


def _kept(value: Any, folder: Path, domain: Domain) -> LoadedProduct | None:
    """The product that a cache held, unless the file of its transform is gone."""
    if value is None:
        return None
    with suppress(*STALE):
        product: Product = decode(Product, value[0])
        contracts = {port: decode(Contract, each) for port, each in value[1].items()}
        wiring: Wiring = decode(Wiring, value[2])
        sources = {port: decode(Contract, each) for port, each in value[3].items()}
        transform = wiring.transform
        by_file = transform.kind in (TransformKind.PYTHON, TransformKind.SQL)
        if not by_file or os.path.isfile(f"{folder}/{transform.name}"):  # noqa: PTH113
            return LoadedProduct(product, contracts, wiring, folder, domain, sources)
    return None
