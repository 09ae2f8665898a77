"""Telling the mesh about products: the discovery document, written by its own domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from logging import getLogger

from mesh_dagster.clock import Stopwatch
from mesh_dagster.errors import JournalError, StorageError
from mesh_dagster.journal import Journal
from mesh_dagster.model.discovery import About
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.slo import Standing
from mesh_dagster.products.keeping.service_levels import reports
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.telling.announcements import record_announcement
from mesh_dagster.products.telling.example_results import due, run_examples
from mesh_dagster.products.telling.facts import facts_of
from mesh_dagster.products.telling.published import breaks_published
from mesh_dagster.products.telling.told import levels_of
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
        described = _described(mesh, loaded, journal, before)
        if before is not None and breaks_published(mesh, loaded):
            described = replace(before, facts=described.facts)
        if before is not None:
            record_announcement(journal, before, described)
    entry = line(entry_of(described))
    return write_document(
        mesh.documents, about(loaded.domain), lambda document: {**document.entries, path: entry}
    )


def tell_domain(mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]) -> bool:
    """Write what there is to say of all products of a domain now, its example queries run.

    Whether that was anything new. Raises `StorageError` and `JournalError`.
    """
    standings = [each for report in reports(mesh, products) for each in report.standings]
    return Telling(mesh, domain, products).refresh(standings, seconds=float("inf"))


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

    def refresh(self, standings: Iterable[Standing], seconds: float = 10.0) -> bool:
        """Write what has changed; whether anything had.

        Example queries that are due are run for so long, those left over the next time. Raises
        `StorageError` and `JournalError`.
        """
        by_product: dict[str, list[Standing]] = {}
        for each in standings:
            by_product.setdefault(each.product, []).append(each)
        with self._mesh.journal(self._domain.name) as journal:
            now = self._state(journal, by_product)
            changed = [path for path, state in now.items() if self._told.get(path) != state]
            if not changed and self._told:
                return False
            document = document_of(self._mesh.documents, self._domain.name)
            found = {
                path: self._described(journal, document, path, by_product.get(path, ()))
                for path in changed
            }
        watch = Stopwatch()
        entries = {}
        for path, described in found.items():
            facts = run_examples(self._mesh, described.facts, lambda: watch.seconds < seconds)
            entries[path] = line(entry_of(replace(described, facts=facts)))
            if due(facts):
                del now[path]
        written = write_document(
            self._mesh.documents,
            about(self._domain),
            lambda document: {**self._kept(document), **entries},
        )
        self._told = now
        return written

    def _state(
        self, journal: Journal, standings: Mapping[str, Sequence[Standing]]
    ) -> dict[str, object]:
        """What a product's entry depends on, as far as it changes while a location is loaded."""
        summaries = {each.product: each for each in journal.summary(self._products)}
        return {
            path: (summaries.get(path), levels_of(standings.get(path, ())))
            for path in self._products
        }

    def _described(
        self, journal: Journal, document: Document, path: str, standings: Sequence[Standing]
    ) -> Described:
        loaded = self._products[path]
        before = document.described(path)
        known = before.facts if before else None
        facts = facts_of(self._mesh, loaded, journal, standings, known)
        found = Described.of(loaded, facts)
        if before is not None:
            if _waits(before, found):
                found = replace(found, contracts=before.contracts, partitioning=before.partitioning)
            record_announcement(journal, before, found)
        return found

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
    return About(domain.name, domain.team, domain.contact, domain.description, domain.region)


def _described(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, before: Described | None
) -> Described:
    standings = [each for report in reports(mesh, [loaded]) for each in report.standings]
    known = before.facts if before else None
    return Described.of(loaded, facts_of(mesh, loaded, journal, standings, known))
