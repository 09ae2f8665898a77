"""What products of a mesh score, and how that came about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mesh_dagster import clock
from mesh_dagster.errors import UnknownAddress
from mesh_dagster.model.address import Address
from mesh_dagster.model.discovery import LevelStanding
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.score import Score, Trend
from mesh_dagster.model.slo import Standing
from mesh_dagster.products.keeping.levels import levels_of
from mesh_dagster.products.keeping.service_levels import reports
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.scoring.subjects import (
    Served,
    own_facts,
    own_subject,
    told_facts,
    told_subject,
)
from mesh_dagster.registry.documents import described_of, document_of
from mesh_dagster.scoring.score import rule_set, score

TREND = timedelta(days=30)
"""How far back a score is compared."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A product's score now, and the one that it is compared with."""

    score: Score
    trend: Trend | None = None

    @property
    def change(self) -> int | None:
        """By how much it rose or fell; None where there is nothing to compare with."""
        return None if self.trend is None else self.score.overall - self.trend.before.overall


def score_of(mesh: Mesh, address: Address) -> Scored:
    """The score of one product, of whatever domain.

    Raises `UnknownAddress`, `DescriptorError`, `JournalError`, `StorageError`.
    """
    product = mesh.resolve_own(address).of_product
    if any(each.address == product for each in mesh.own(product.domain)):
        loaded = mesh.load(product)
        return next(scores_of_domain(mesh, loaded.domain, [loaded]))
    return next(
        each for each in _elsewhere(mesh, product.domain) if each.score.product == product.path
    )


def scores_of(mesh: Mesh, domain: str) -> list[Scored]:
    """The scores of all products of a domain, by address: one pass over its journal.

    A product whose files cannot be read is left out. Raises `UnknownAddress` for a domain of
    which nothing is known, `JournalError`, `StorageError`.
    """
    here = [each for each in mesh.domains if each.name == domain]
    if here:
        return list(scores_of_domain(mesh, here[0], list(mesh.readable(domain))))
    found = list(_elsewhere(mesh, domain))
    if not found:
        raise UnknownAddress(
            f"nothing is known of a domain {domain[:100]!r}",
            fix="mesh products lists what there is",
        )
    return found


def scores_of_domain(
    mesh: Mesh,
    domain: Domain,
    products: Sequence[LoadedProduct],
) -> Iterator[Scored]:
    """The scores of some products of a domain of this checkout. Raises `JournalError` and
    `StorageError`."""
    document = document_of(mesh.documents, domain.name)
    levels = levels_by_product(
        each for report in reports(mesh, products) for each in report.standings
    )
    rules = rule_set()
    with mesh.journal(domain.name) as journal:
        seen = journal.scores.seen([each.product.address.path for each in products])
        trends = journal.scores.trends(rules.version, clock.now() - TREND)
    served = Served(mesh)
    for loaded in products:
        path = loaded.product.address.path
        told = told_facts(document, path)
        facts = own_facts(loaded, levels.get(path, ()), told)
        subject = own_subject(loaded, seen[path], facts, served, registered=told is not None)
        yield Scored(score(subject, rules), trends.get(path))


def levels_by_product(standings: Iterable[Standing]) -> Mapping[str, Sequence[LevelStanding]]:
    """How objectives stand, as everybody is told it, by the path of the product."""
    found: dict[str, list[Standing]] = {}
    for each in standings:
        found.setdefault(each.product, []).append(each)
    return {path: levels_of(some) for path, some in found.items()}


def _elsewhere(mesh: Mesh, domain: str) -> Iterator[Scored]:
    document = document_of(mesh.documents, domain)
    served, rules = Served(mesh), rule_set()
    for described in described_of(document):
        yield Scored(score(told_subject(described, document.about, served), rules))
