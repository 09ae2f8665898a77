"""What was published, as Dagster's materializations.

The number of a publication is the data version of what it published: whoever reports publications
to an instance sees by it which of them are known there already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.event import spelled
from mesh_dagster.model.lineage import ColumnLineage
from mesh_dagster.model.snapshot import Attempt, Decision, Outcome, Publication, Release

PUBLICATION = DATA_VERSION_TAG


def materializations(
    loaded: LoadedProduct, attempt: Attempt, columns: Mapping[str, ColumnLineage]
) -> Iterator[dg.AssetMaterialization]:
    """One for every published partition of every port of an attempt; none for any other.

    `columns` are what those of each port are made of.
    """
    made = {port: made_of(each) for port, each in columns.items()}
    for decision in attempt.decisions:
        if decision.outcome is Outcome.PUBLISHED:
            for output in loaded.product.outputs:
                yield dg.AssetMaterialization(
                    dg.AssetKey(output.address.parts),
                    partition=decision.partition,
                    metadata=_of_decision(attempt, decision)
                    | made.get(output.address.port or "", {}),
                    tags={PUBLICATION: str(decision.publication)},
                )


def reported(
    key: dg.AssetKey, publication: Publication, port: str, partition: str | None
) -> dg.AssetMaterialization:
    """One partition of a publication that was not made by a run of this instance."""
    state = publication.ports.get(port)
    facts: dict[str, Any] = {
        "publication": publication.number,
        "publication_id": publication.id,
        "published_at": publication.at.isoformat(),
        "kind": publication.kind.value,
        "attempt": publication.attempt,
    }
    if state is not None:
        facts["dagster/row_count"] = state.rows
    told = f"{publication.kind} published outside this instance's runs"
    if publication.release is not None:
        facts |= released(publication.release)
        told = f"released by {publication.release.by} against its contract"
    return dg.AssetMaterialization(
        key,
        description=told,
        partition=partition,
        metadata=facts,
        tags={PUBLICATION: str(publication.number)},
    )


def released(release: Release) -> dict[str, str]:
    """Who let it out against its contract, and why."""
    return {
        "released_by": release.by,
        "identity_proven_by": release.proof,
        "reason": release.why,
        "rules_that_fail": ", ".join(release.rules),
    }


def made_of(lineage: ColumnLineage) -> dict[str, Any]:
    """Column lineage as Dagster draws it: of columns that are known, and what is an asset."""
    deps = {
        column: [
            dg.TableColumnDep(dg.AssetKey(address.parts), name)
            for address, name in sorted(
                {(each.address, each.column) for each in made if each.address}
            )
        ]
        for column, made in lineage.columns.items()
        if made is not None
    }
    known = {column: each for column, each in deps.items() if each}
    return {"dagster/column_lineage": dg.TableColumnLineage(known)} if known else {}


def told(attempt: Attempt, outcome: Outcome) -> str:
    """The partitions that came to an outcome, as a person reads them."""
    keys = [each.partition or "all of it" for each in attempt.decisions if each.outcome is outcome]
    return spelled(sorted(keys), most=10)


def _of_decision(attempt: Attempt, decision: Decision) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "dagster/partition_row_count": decision.rows,
        "publication": decision.publication,
        "attempt": attempt.id,
    }
    if decision.partition is None:
        facts["dagster/row_count"] = facts.pop("dagster/partition_row_count")
    if attempt.seconds is not None:
        facts["seconds"] = round(attempt.seconds, 3)
    if decision.event_min is not None and decision.event_max is not None:
        facts["first_event"] = decision.event_min.isoformat()
        facts["newest_event"] = decision.event_max.isoformat()
    for read in attempt.reads:
        if read.number is not None:
            facts[f"read/{read.port}"] = f"{read.address} publication {read.number}"
    return facts
