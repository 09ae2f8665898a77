"""Checks as their owner has decided on them, for the instance to show."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import dagster as dg

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult, Severity, Verdict
from mesh_dagster.model.review import Action, Review, ReviewKind, Rule
from mesh_dagster.orchestrate.checks import asset_key, check_result
from mesh_dagster.orchestrate.review_links import ReviewLinks
from mesh_dagster.products.auditing.promises import rules_of
from mesh_dagster.products.auditing.waivers import waivers_of
from mesh_dagster.products.deciding.reviewing import reviews_in
from mesh_dagster.products.mesh import Mesh


def evaluations(
    mesh: Mesh, loaded: LoadedProduct, rules: Collection[Rule], location: str | None
) -> Iterator[dg.AssetCheckEvaluation]:
    """One for each of these rules that the contract still has.

    It holds where nothing that is published or waits breaks it, and otherwise says who has
    decided what about that.
    """
    with mesh.journal(loaded.product.address.domain) as journal:
        found = reviews_in(journal, loaded.product.address.path)
        waivers = waivers_of(journal, loaded)
    links = ReviewLinks(found, location)
    there = {(port, each.id) for port in loaded.contracts for each in rules_of(loaded, port)}
    for port, rule in sorted(there.intersection(rules)):
        about = [each for each in found if (port, rule) in each.rules]
        results = [
            marked
            for review in about
            if review.kind is not ReviewKind.WAIVER
            for result in _of_rule(review, port, rule)
            for marked in waivers.marked([result], result.partition)
        ]
        told = check_result(asset_key(loaded, port), rule, results or [_sound(port, rule)], links)
        yield _evaluation(told, about)


def _of_rule(review: Review, port: str, rule: str) -> Iterator[RuleResult]:
    for each in review.results:
        if (each.port or "", each.rule) == (port, rule):
            (_, partition), *_ = review.covers
            yield replace(each, partition=each.partition or partition)


def _sound(port: str, rule: str) -> RuleResult:
    message = "nothing that is published or waits breaks it"
    return RuleResult(rule, "", Verdict.PASSED, Severity.ERROR, message, port=port or None)


def _evaluation(told: dg.AssetCheckResult, about: Collection[Review]) -> dg.AssetCheckEvaluation:
    decided = [each.ruling for each in about if each.ruling is not None]
    metadata = dict(told.metadata)
    description = told.description or ""
    severity = told.severity
    known = [each for each in decided if each.action is not Action.WAIVE]
    if known:
        last = max(known, key=lambda each: each.id)
        metadata["decided"] = dg.TextMetadataValue(f"{last.action} by {last.by}: {last.why}")
        description = f"{last.action} by {last.by.name}: {description}"
    if about and not any(each.is_open for each in about):
        severity = dg.AssetCheckSeverity.WARN
    assert told.asset_key is not None and told.check_name is not None  # noqa: S101, PT018
    return dg.AssetCheckEvaluation(
        asset_key=told.asset_key,
        check_name=told.check_name,
        passed=told.passed,
        metadata=metadata,
        severity=severity,
        description=description,
    )
