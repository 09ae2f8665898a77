"""domain.yaml -> `Domain`, and where it is."""

from __future__ import annotations

from pathlib import Path

from mesh_dagster.descriptors.cache import remembered
from mesh_dagster.descriptors.files import DOMAIN
from mesh_dagster.descriptors.source import Source, in_order, shown_path
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.finding import Finding


def read_domain(folder: Path) -> Domain:
    """The domain of a folder with a domain.yaml. Raises `DescriptorError`."""
    source = Source(shown_path(folder / DOMAIN))
    domain = domain_from_file(folder, source)
    source.refuse()
    assert domain is not None, "no domain and no error"  # noqa: S101
    return domain


def domain_problems(folder: Path) -> tuple[Finding, ...]:
    """All that is wrong with a folder's domain.yaml, warnings included."""
    source = Source(shown_path(folder / DOMAIN))
    domain_from_file(folder, source)
    return in_order(source.findings)


def domain_from_file(folder: Path, source: Source) -> Domain | None:
    """The domain of a folder; it is good only if `source` has no error."""

    def parse() -> Domain | None:
        from mesh_dagster.descriptors.domain_text import parsed_domain

        return parsed_domain(folder, source)

    return remembered("domain", folder / DOMAIN, Domain, source, parse)


def find_domain(folder: Path) -> Path | None:
    """The folder of the domain that a product's folder lies in."""
    for each in (folder, *folder.parents):
        if (each / DOMAIN).is_file():
            return each
    return None
