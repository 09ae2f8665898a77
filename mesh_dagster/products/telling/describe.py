"""Telling the mesh about products: the discovery document, written by its own domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from logging import getLogger

from mesh_dagster.access.decision import Audience, audience_of
from mesh_dagster.clock import Stopwatch
from mesh_dagster.errors import JournalError, StorageError
from mesh_dagster.journal import Journal
from mesh_dagster.model.contract import Contract
from mesh_dagster.model.discovery import About, Facts
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.score import ScoreTold
from mesh_dagster.model.slo import Standing
from mesh_dagster.products.keeping.levels import levels_of
from mesh_dagster.products.keeping.service_levels import reports
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.scoring.history import record_scores, with_score
from mesh_dagster.products.scoring.subjects import Served
from mesh_dagster.products.telling.announcements import record_announcement
from mesh_dagster.products.telling.example_results import due, run_examples
from mesh_dagster.products.telling.facts import facts_of
from mesh_dagster.products.telling.published import breaks_published
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
    read = document_of(mesh.documents, loaded.domain.name)
    before = read.described(path)
    with mesh.journal(loaded.domain.name) as journal:
        described = _described(mesh, loaded, journal, before)
        seen = journal.scores.seen([path])[path]
        facts = with_score(loaded, described.facts, seen, Served(mesh))
        described = replace(described, facts=facts)
        if before is not None and breaks_published(mesh, loaded):
            described = replace(before, facts=described.facts)
        if before is not None:
            record_announcement(journal, before, described)
        record_scores(journal, _scores({path: facts}))
    entries = {path: line(entry_of(described))}
    return write_document(
        mesh.documents,
        _told_of(mesh, loaded.domain),
        lambda document: {**document.entries, **_not_outdated(entries, read, document)},
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
        self.scores: dict[str, ScoreTold] = {}
        """Those that the last call found to be others than what was told before."""
        self._before: dict[str, ScoreTold | None] = {}

    def refresh(self, standings: Iterable[Standing], seconds: float = 10.0) -> bool:
        """Write what has changed; whether anything had.

        Example queries that are due are run for so long, those left over the next time. Raises
        `StorageError` and `JournalError`.
        """
        by_product: dict[str, list[Standing]] = {}
        for each in standings:
            by_product.setdefault(each.product, []).append(each)
        self.scores = {}
        with self._mesh.journal(self._domain.name) as journal:
            seen = journal.scores.seen(self._products)
            now = {path: (seen[path], levels_of(by_product.get(path, ()))) for path in seen}
            changed = [path for path, state in now.items() if self._told.get(path) != state]
            if not changed and self._told:
                return False
            document = document_of(self._mesh.documents, self._domain.name)
            found = {
                path: self._described(journal, document, path, by_product.get(path, ()))
                for path in changed
            }
        watch, served = Stopwatch(), Served(self._mesh)
        entries, scored = {}, {}
        for path, described in found.items():
            facts = run_examples(self._mesh, described.facts, lambda: watch.seconds < seconds)
            facts = with_score(self._products[path], facts, seen[path], served)
            entries[path], scored[path] = line(entry_of(replace(described, facts=facts))), facts
            if due(facts):
                del now[path]
        self._note(scored)
        written = write_document(
            self._mesh.documents,
            _told_of(self._mesh, self._domain),
            lambda found: {**self._kept(found), **_not_outdated(entries, document, found)},
        )
        self._told = now
        return written

    def _note(self, scored: Mapping[str, Facts]) -> None:
        """Keep what products score now, and which of them scored otherwise before."""
        now = _scores(scored)
        self.scores = {path: one for path, one in now.items() if self._before.get(path) != one}
        if self.scores:
            with self._mesh.journal(self._domain.name) as journal:
                record_scores(journal, now)

    def _described(
        self, journal: Journal, document: Document, path: str, standings: Sequence[Standing]
    ) -> Described:
        loaded = self._products[path]
        before = document.described(path)
        known = _known(before, loaded)
        self._before[path] = known.score if known else None
        facts = facts_of(self._mesh, loaded, journal, standings, known)
        found = Described.of(loaded, facts)
        if before is not None:
            if _waits(before, found):
                # What a port is promised by and that it is there are told together.
                product = replace(found.product, outputs=before.product.outputs)
                found = replace(before, product=product, facts=facts)
            record_announcement(journal, before, found)
        return found

    def _kept(self, document: Document) -> Mapping[str, bytes]:
        """Without products whose files are gone and which never published: nobody misses them."""
        return {
            path: entry
            for path, entry in document.entries.items()
            if path in self._products or _has_published(document, path)
        }


def _not_outdated(
    entries: Mapping[str, bytes], read: Document, now: Document
) -> Mapping[str, bytes]:
    """Those entries that may go into a document as it is `now`, `read` before they were made.

    Where another process told meanwhile of a newer publication, its entry stays.
    """
    mine = replace(now, entries=entries)
    return {
        path: entry
        for path, entry in entries.items()
        if now.entries.get(path) == read.entries.get(path)
        or _newest(now, path) <= _newest(mine, path)
    }


def _newest(document: Document, path: str) -> int:
    """The number of the newest publication that is told of a product; 0: none is."""
    described = document.described(path)
    told = described.facts.publications if described is not None else ()
    return max((each.number for each in told), default=0)


def _scores(scored: Mapping[str, Facts]) -> dict[str, ScoreTold]:
    return {path: facts.score for path, facts in scored.items() if facts.score is not None}


def _waits(before: Described, now: Described) -> bool:
    """Whether new contracts are told only with the publication that keeps them.

    What no publication has shown to anybody may still be taken back.
    """
    versions = {port: each.version for port, each in now.contracts.items()}
    known = {port: each.version for port, each in before.contracts.items()}
    return bool(before.facts.publications) and versions != known


def _known(before: Described | None, loaded: LoadedProduct) -> Facts | None:
    """What was told of a product. Example results are not told on where more is hidden by now,
    or others may read it: whatever they were computed from, they are run again. Nor are rows
    that an earlier release told of a product that not everybody may read."""
    if before is None:
        return None
    now, earlier = (audience_of(each.product) is Audience.EVERYBODY for each in (loaded, before))
    queries = before.facts.queries
    if _hidden(loaded.contracts) - _hidden(before.contracts) or now != earlier:
        queries = ()
    elif not now:
        queries = tuple(each for each in queries if not each.columns)
    return replace(before.facts, queries=queries)


def _hidden(contracts: Mapping[str, Contract]) -> set[tuple[str, str]]:
    return {
        (port, name) for port, each in contracts.items() for name in each.confidential_columns()
    }


def _has_published(document: Document, path: str) -> bool:
    described = document.described(path)
    return described is not None and bool(described.facts.publications)


def _told_of(mesh: Mesh, domain: Domain) -> About:
    """The same with the policies that it runs."""
    governed = mesh.governed(domain.name)
    told = About.of(domain)
    return replace(told, policies=governed.versions) if governed else told


def _described(
    mesh: Mesh, loaded: LoadedProduct, journal: Journal, before: Described | None
) -> Described:
    standings = [each for report in reports(mesh, [loaded]) for each in report.standings]
    known = _known(before, loaded)
    return Described.of(loaded, facts_of(mesh, loaded, journal, standings, known))
