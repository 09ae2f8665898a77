"""Telling the mesh about products: the discovery document, written by its own domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from logging import getLogger

from mesh_dagster.errors import JournalError, StorageError
from mesh_dagster.journal import Journal
from mesh_dagster.model.discovery import About
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.slo import Standing
from mesh_dagster.products.announcements import record_announcement
from mesh_dagster.products.facts import facts_of, levels_of
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.published import breaks_published
from mesh_dagster.products.service_levels import reports
from mesh_dagster.registry.described import Described
from mesh_dagster.registry.documents import Document, document_of
from mesh_dagster.registry.entries import entry_of, line
from mesh_dagster.registry.writing import write_document


def announce(mesh: Mesh, loaded: LoadedProduct) -> None:
    """Put the product into its domain's document, if there is anything new to say.

    Where a contract breaks what is published, what was promised stays in it. What a new document
    announces is recorded first, for those who read the product. A registry or a journal that
    refuses does not undo a publication: the next load or run tries again.
    """
    try:
        tell(mesh, loaded)
    except (StorageError, JournalError) as error:
        getLogger("mesh_dagster").warning(
            "%s is not told to the mesh: %s", loaded.product.address.path, error.what
        )


def tell(mesh: Mesh, loaded: LoadedProduct) -> bool:
    """Write what there is to say of one product now; whether that was anything new.

    Raises `StorageError` and `JournalError`.
    """
    path = loaded.product.address.path
    before = document_of(mesh.documents, loaded.domain.name).described(path)
    with mesh.journal(loaded.domain.name) as journal:
        described = _described(mesh, loaded, journal)
        if before is not None and breaks_published(mesh, loaded):
            described = replace(before, facts=described.facts)
        if before is not None:
            record_announcement(journal, before, described)
    entry = line(entry_of(described))
    return write_document(
        mesh.documents, about(loaded.domain), lambda document: {**document.entries, path: entry}
    )


class Telling:
    """All products of a domain, as one process goes on telling of them.

    The first call describes each product; later ones those of which the journal or the service
    levels say something else since, so that a domain of a thousand products can ask each minute.
    """

    def __init__(self, mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]) -> None:
        self._mesh = mesh
        self._domain = domain
        self._products = {each.product.address.path: each for each in products}
        self._told: Mapping[str, object] = {}

    def refresh(self, standings: Iterable[Standing]) -> bool:
        """Write what has changed; whether anything had. Raises `StorageError`, `JournalError`."""
        by_product: dict[str, list[Standing]] = {}
        for each in standings:
            by_product.setdefault(each.product, []).append(each)
        with self._mesh.journal(self._domain.name) as journal:
            summaries = {each.product: each for each in journal.summary(self._products)}
            now = {
                path: (summaries.get(path), levels_of(by_product.get(path, ())))
                for path in self._products
            }
            changed = [
                path for path in now if path not in self._told or self._told[path] != now[path]
            ]
            if not changed:
                return False
            document = document_of(self._mesh.documents, self._domain.name)
            entries = {
                path: self._entry(journal, document, path, by_product.get(path, ()))
                for path in changed
            }
        written = write_document(
            self._mesh.documents,
            about(self._domain),
            lambda document: {**self._kept(document), **entries},
        )
        self._told = now
        return written

    def _entry(
        self, journal: Journal, document: Document, path: str, standings: Sequence[Standing]
    ) -> bytes:
        loaded = self._products[path]
        before = document.described(path)
        found = Described.of(loaded, facts_of(self._mesh, loaded, journal, standings))
        if before is not None:
            if _waits(before, found):
                found = replace(found, contracts=before.contracts, partitioning=before.partitioning)
            record_announcement(journal, before, found)
        return line(entry_of(found))

    def _kept(self, document: Document) -> Mapping[str, bytes]:
        """Without products whose files are gone and which never published: nobody misses them."""
        return {
            path: entry
            for path, entry in document.entries.items()
            if path in self._products or _has_published(document, path)
        }


def _waits(before: Described, now: Described) -> bool:
    """Whether new contracts are told only with the publication that keeps them.

    What no publication has shown to anybody may still be taken back.
    """
    versions = {port: each.version for port, each in now.contracts.items()}
    known = {port: each.version for port, each in before.contracts.items()}
    return bool(before.facts.publications) and versions != known


def _has_published(document: Document, path: str) -> bool:
    described = document.described(path)
    return described is not None and bool(described.facts.publications)


def about(domain: Domain) -> About:
    """What a domain tells of itself."""
    return About(domain.name, domain.team, domain.contact, domain.description)


def _described(mesh: Mesh, loaded: LoadedProduct, journal: Journal) -> Described:
    standings = [each for report in reports(mesh, [loaded]) for each in report.standings]
    return Described.of(loaded, facts_of(mesh, loaded, journal, standings))
