"""Self-describing: who reads its files needs to ask nobody what it means or how it is used."""

from __future__ import annotations

import shlex

from mesh_dagster.model.discovery import ExampleQuery
from mesh_dagster.model.score import Side
from mesh_dagster.scoring.rule import Dimension, Look, edit, named, plain, rule, share_of
from mesh_dagster.scoring.subject import Subject


@rule("columns", Side.DECLARED, worth=3)
def _columns(subject: Subject) -> Look:
    every = [each for _, each in subject.columns()]
    silent = [each for each in every if not (each.description or "").strip()]
    if not silent and every:
        return Look(1, f"all {len(every)} columns are described")
    where = silent[0].where if silent else None
    evidence = f"nothing says what {named(each.name for each in silent)} means"
    fix = edit(where, "description: what it means")
    return Look(share_of(len(every) - len(silent), len(every)), evidence, where, fix)


@rule("tables", Side.DECLARED)
def _tables(subject: Subject) -> Look:
    product, contracts = subject.described.product, subject.contracts
    outputs = {each.address.port or "": each for each in product.outputs}
    silent = [
        port
        for port, each in contracts.items()
        if not (each.table.description or (port in outputs and outputs[port].description))
    ]
    if not silent and contracts:
        return Look(1, "it says of every port what a row is")
    where = contracts[silent[0]].table.where if silent else None
    fix = edit(where, "description: One row a ...")
    share = share_of(len(contracts) - len(silent), len(contracts))
    return Look(
        share,
        f"nothing says what a row is of {named(each or 'its first port' for each in silent)}",
        where,
        fix,
    )


@rule("limits", Side.DECLARED)
def _limits(subject: Subject) -> Look:
    product = subject.described.product
    stated = {"limitations": product.limitations, "usage": product.usage}
    missing = [name for name, text in stated.items() if not (text or "").strip()]
    if not missing:
        return Look(1, "its limitations and its usage are stated", product.where)
    fix = edit(product.where, f"description: {{{missing[0]}: ...}}")
    return Look(1 - len(missing) / 2, f"no {' and no '.join(missing)} stated", product.where, fix)


@rule("use-cases", Side.DECLARED)
def _use_cases(subject: Subject) -> Look:
    product = subject.described.product
    if product.use_cases:
        return Look(1, f"for {named(product.use_cases)}", product.where)
    fix = edit(product.where, "customProperties: [{property: useCases, value: [...]}]")
    return Look(0, "no use case is named", product.where, fix)


@rule("examples", Side.DECLARED)
def _examples(subject: Subject) -> Look:
    if subject.queries:
        return Look(1, f"example queries: {named(each.name for each in subject.queries)}")
    where = subject.described.product.where
    folder = where and (where.rpartition("/")[0] or ".")
    fix = (
        f"mkdir -p {shlex.quote(folder)}/queries  # and a SELECT in a .sql file there"
        if folder
        else None
    )
    return Look(0, "there is no example query", where, fix)


@rule("answered", Side.OBSERVED)
def _answered(subject: Subject) -> Look:
    good = [each for each in subject.queries if _was_answered(each)]
    bad = [each for each in subject.queries if each not in good]
    domain = subject.described.domain
    if not bad and good:
        return Look(1, "every example query was answered")
    if not subject.queries:
        return Look(0, "no example query was ever run", fix=f"mesh query {subject.path}")
    failed = [each for each in bad if each.note]
    if failed:
        evidence = f"{named(each.name for each in failed)}: {failed[0].note}"
        fix = f"mesh query {subject.path} {shlex.quote(plain(failed[0].name))}"
    else:
        evidence = f"{named(each.name for each in bad)} was not run on what is published"
        fix = f"mesh registry write {domain}"
    return Look(share_of(len(good), len(subject.queries)), evidence, fix=fix)


def _was_answered(query: ExampleQuery) -> bool:
    """Whether it gave rows, told or not: to be read by few is no fault of a product."""
    return query.publication is not None and (query.withheld or not query.note)


@rule("origin", Side.OBSERVED)
def _origin(subject: Subject) -> Look:
    every = list(subject.columns())
    known = subject.observed.known
    unknown = [each for port, each in every if each.column not in known.get(port, ())]
    if not unknown and every:
        return Look(1, "it is known of every column what it is made of")
    if subject.observed.number is None:
        return Look(0, "nothing was made yet", fix=f"mesh run {subject.path}")
    where = unknown[0].where if unknown else None
    fix = edit(where, "transformSourceObjects: [<input port>.<column>]")
    evidence = f"nobody knows what {named(each.name for each in unknown)} is made of"
    return Look(share_of(len(every) - len(unknown), len(every)), evidence, where, fix)


SELF_DESCRIBING = Dimension(
    "self-describing",
    15,
    "1",
    (_columns, _tables, _limits, _use_cases, _examples, _answered, _origin),
)
