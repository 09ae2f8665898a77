"""Everything that is wrong with the files of a mesh, without Dagster and without the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mesh_dagster.descriptors.domain import domain_from_file
from mesh_dagster.descriptors.files import DOMAIN
from mesh_dagster.descriptors.folder import examine
from mesh_dagster.descriptors.mesh import mesh_problems
from mesh_dagster.descriptors.product import domain_folders, product_folders
from mesh_dagster.descriptors.source import Source, shown_path
from mesh_dagster.model.domain import LoadedProduct, MeshConfig
from mesh_dagster.model.finding import Finding, Severity
from mesh_dagster.model.mask import NO_MASKS, Masks


def check_mesh(config: MeshConfig) -> tuple[Finding, ...]:
    """All findings of all files of a mesh: its own, each domain's, each product's."""
    findings = list(mesh_problems(config.file))
    folders = domain_folders(config)
    if not folders:
        patterns = ", ".join(config.domains)
        message = f"no folder of {patterns} holds a {DOMAIN}"
        where = shown_path(config.file)
        findings.append(Finding("MESH-D020", message, Severity.WARNING, config.name, where))
    loaded: list[LoadedProduct] = []
    names: dict[str, Path] = {}
    for folder in folders:
        findings += _check_domain(folder, loaded, names, config.masks)
    findings += _twice(loaded)
    return tuple(findings)


def check_domain(folder: Path, masks: Masks = NO_MASKS) -> tuple[Finding, ...]:
    """All findings of the files of one domain; `masks` are those of the mesh."""
    loaded: list[LoadedProduct] = []
    findings = list(_check_domain(folder, loaded, {}, masks))
    return (*findings, *_twice(loaded))


def _check_domain(
    folder: Path, loaded: list[LoadedProduct], names: dict[str, Path], masks: Masks
) -> Iterator[Finding]:
    source = Source(shown_path(folder / DOMAIN))
    domain = domain_from_file(folder, source)
    yield from source.findings
    if domain is not None and domain.name:
        first = names.setdefault(domain.name, folder)
        if first != folder:
            message = f"the domain {domain.name} is declared twice; the first is in {first}"
            yield Finding("MESH-D015", message, Severity.ERROR, domain.name, source.at(1))
    for each in product_folders(folder):
        product, problems = examine(each, domain, masks)
        # examine reads domain.yaml itself if there is no domain; those are told already.
        yield from (problem for problem in problems if problem not in source.findings)
        if product is not None:
            loaded.append(product)


def _twice(loaded: Iterable[LoadedProduct]) -> Iterator[Finding]:
    """One major of one product is one folder."""
    seen: dict[str, LoadedProduct] = {}
    for each in loaded:
        path = each.product.address.path
        first = seen.setdefault(path, each)
        if first is not each:
            message = f"the product is described twice; the first is at {first.product.where}"
            fix = "raise the major of `version` in one of them, or remove it"
            where = each.product.where
            yield Finding("MESH-D015", message, Severity.ERROR, path, where, fix)
