"""The job by which owners decide in Dagster's UI: a form, and what it does.

Nothing that Dagster knows decides anything: the job asks `products.deciding`, which asks who is
deciding.
"""

# Annotations are objects here: Dagster compares that of an op's context, and knows no text.
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from mesh_dagster import clock
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.review import Action, Review, Ruling
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.products.mesh import Mesh

JOB = "review"
OP = "decide"

_FORM = {
    "review": dg.Field(str, description="The id of what waits: `mesh review`."),
    "decision": dg.Field(
        dg.Enum("Decision", [dg.EnumValue(each.value) for each in Action]),
        description="reaudit, release, discard, waive or acknowledge; of a request, grant or "
        "refuse.",
    ),
    "by": dg.Field(str, description="Who decides: an owner, as the descriptor names him."),
    "why": dg.Field(str, description="The reason, for the record."),
    "until": dg.Field(str, is_required=False, description="When it ceases to hold."),
    "rules": dg.Field([str], is_required=False, description="Of a waiver: these rules only."),
}


def review_job(mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]) -> dg.JobDefinition:
    """The job by which owners of a domain's products decide in Dagster's UI."""
    own = {loaded.product.address.path: loaded for loaded in products}

    def decide(context: dg.OpExecutionContext) -> None:
        try:
            _decide(context, mesh, own, context.op_config)
        except MeshError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    op = dg.op(name=OP, config_schema=_FORM, description="Carries out a decision of an owner.")
    return dg.GraphDefinition(name=JOB, node_defs=[op(decide)]).to_job(
        description=f"Decide on what waits in {domain.name}: docs/reviews.md.",
        executor_def=dg.in_process_executor,
    )


def _decide(
    context: dg.OpExecutionContext, mesh: Mesh, own: dict[str, LoadedProduct], form: dict[str, Any]
) -> None:
    from mesh_dagster.products.deciding.decisions import decide
    from mesh_dagster.products.deciding.reviewing import identities, review_of

    review = review_of(mesh, form["review"])
    if review.product not in own:
        raise UsageError(f"{review.product} is of another domain: decide in its location")
    # Its files may have been corrected since this location was loaded.
    loaded = mesh.load(Address.parse(review.product))
    made = decide(
        mesh,
        loaded,
        review,
        Action(form["decision"]),
        identities(mesh, form["by"]),
        why=form["why"],
        until=_moment(form.get("until")),
        rules=form.get("rules", ()),
    )
    context.log.info(f"{review.id}: {made.outcome or made.action}, by {made.by}")
    for event in _materializations(mesh, loaded, review, made):
        context.log_event(event)
    if made.outcome is Outcome.QUARANTINED:
        raise dg.Failure(
            f"{review.product} does not pass: mesh review --product {review.product}",
            allow_retries=False,
        )


def _materializations(
    mesh: Mesh, loaded: LoadedProduct, review: Review, made: Ruling
) -> Iterator[dg.AssetMaterialization]:
    """What the decision published, with who decided."""
    from mesh_dagster.orchestrate.events import reported
    from mesh_dagster.products.reading.read import publication_at

    if made.publication is None or made.outcome is not Outcome.RELEASED:
        return
    publication = publication_at(mesh, loaded.product.address, made.publication)
    for output in loaded.product.outputs:
        for partition in review.partitions or (None,):
            told = reported(
                dg.AssetKey(output.address.parts), publication, output.address.port or "", partition
            )
            yield told._replace(
                metadata={**told.metadata, **_who(made)}, description=f"{made.action} by {made.by}"
            )


def _who(made: Ruling) -> dict[str, dg.MetadataValue]:
    told = {"decided_by": made.by.name, "identity_proven_by": made.by.proof, "reason": made.why}
    return {name: dg.TextMetadataValue(text) for name, text in told.items()}


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return clock.in_utc(datetime.fromisoformat(text))
    except ValueError:
        raise UsageError(
            f"`until` is {text!r}, which is no moment", fix='until: "2013-12-01"'
        ) from None
