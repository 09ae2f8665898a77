"""Decisions of owners in Dagster: a job to make them, and a sensor that shows what they did.

Nothing that Dagster knows decides anything: the job asks `products.decisions`, which asks who is
deciding, and the sensor tells the instance what the journal has. A check that somebody reports as
passed by Dagster's API is shown until the next tick, and opens nothing.
"""

# Annotations are objects here: Dagster compares that of an op's context, and knows no text.
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from mesh_dagster import clock
from mesh_dagster.errors import MeshError, UsageError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.event import EventKind
from mesh_dagster.model.review import Action, Review, ReviewKind, Rule, Ruling, RulingState
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.orchestrate.check_records import report
from mesh_dagster.products.mesh import Mesh

JOB = "review"
OP = "decide"
SENSOR = "reviews"
Changed = dict[str, set[Rule]]
"""By product the rules whose checks say something else now."""

_SECONDS = 15

_FORM = {
    "review": dg.Field(str, description="The id of what waits: `mesh review`."),
    "decision": dg.Field(
        dg.Enum("Decision", [dg.EnumValue(each.value) for each in Action]),
        description="reaudit, release, discard, waive or acknowledge.",
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
    from mesh_dagster.products.decisions import decide
    from mesh_dagster.products.reviewing import identities, review_of

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
    from mesh_dagster.products.read import publication_at

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


def reviews_sensor(
    mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]
) -> dg.SensorDefinition:
    """Shows at each check what was decided on it, and carries on what a dead process had begun."""
    own = {loaded.product.address.path: loaded for loaded in products}

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows what owners decided or have to, and carries on what was interrupted.",
    )
    def reviews(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        origin = context.code_location_origin
        location = origin.location_name if origin else None
        try:
            rulings = _carried_on(mesh, domain, own)
            cursor, changed = _since(context.cursor, rulings)
            cursor = _with_waiting(mesh, domain, context.cursor, cursor, changed)
            told = sum(
                _show(context.instance, mesh, own[path], rules, location)
                for path, rules in changed.items()
                if path in own
            )
        except MeshError as error:
            context.log.warning(str(error))
            return dg.SkipReason(error.what)
        context.update_cursor(cursor)
        return dg.SkipReason(f"{told} checks told of decisions")

    return reviews


def _carried_on(mesh: Mesh, domain: Domain, own: Mapping[str, LoadedProduct]) -> list[Ruling]:
    """All decisions in the domain, once those that a dead process had begun are carried out."""
    with mesh.journal(domain.name) as journal:
        left = journal.reviews.interrupted()
        if left:
            from mesh_dagster.products.decisions import carry_on

            for path in sorted({each.product for each in left} & own.keys()):
                some = [each for each in left if each.product == path]
                carry_on(mesh, mesh.load(Address.parse(path)), journal, some)
        return journal.reviews.rulings()


def _since(cursor: str | None, rulings: Sequence[Ruling]) -> tuple[str, Changed]:
    """What to look at from the last tick on: rules that were decided on, and those whose waiver
    or acknowledgement has ended since. A decision that is being carried out is waited for."""
    last = json.loads(cursor) if cursor else {"ruling": "", "at": None}
    now = clock.now()
    before = datetime.fromisoformat(last["at"]) if last["at"] else now
    new = [each for each in rulings if each.id > last["ruling"]]
    going = [each.id for each in new if each.state is RulingState.BEGUN]
    ended = [each for each in new if not going or each.id < going[0]]
    over = [each for each in rulings if each.until is not None and before < each.until <= now]
    newest = ended[-1].id if ended else last["ruling"]
    return json.dumps({"ruling": newest, "at": now.isoformat()}), _changed(ended, over)


def _with_waiting(
    mesh: Mesh, domain: Domain, before: str | None, cursor: str, changed: Changed
) -> str:
    """The cursor with what waits in quarantine that no run of Dagster made; adds to `changed` the
    rules of those that wait since the last tick. Nothing else tells Dagster of them."""
    from mesh_dagster.products.reviewing import reviews_in

    known = set(json.loads(before).get("waiting", ())) if before else set()
    with mesh.journal(domain.name) as journal:
        waiting = {
            each.id: each.product
            for each in journal.outbox.incidents(unclosed=True)
            if each.kind is EventKind.QUARANTINED and not each.details.get("run")
        }
        for path in {waiting[id] for id in waiting.keys() - known}:
            for review in reviews_in(journal, path):
                if review.kind is ReviewKind.QUARANTINE:
                    changed.setdefault(path, set()).update(review.rules)
    return json.dumps(json.loads(cursor) | {"waiting": sorted(waiting)})


def _changed(ended: Iterable[Ruling], over: Iterable[Ruling]) -> Changed:
    """What says something else since decisions were made, and since others ceased to hold.

    What was published is told by the sensor `publications`, with all checks that Dagster takes
    for not evaluated since.
    """
    found: Changed = {}
    for each in (*ended, *over):
        if each.state is not RulingState.FAILED:
            found.setdefault(each.product, set()).update(each.rules)
    return found


def _show(
    instance: dg.DagsterInstance,
    mesh: Mesh,
    loaded: LoadedProduct,
    rules: set[Rule],
    location: str | None,
) -> int:
    """Report checks as they stand: over all that is published or waits."""
    from mesh_dagster.orchestrate.review_checks import evaluations

    return report(instance, evaluations(mesh, loaded, rules, location))


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return clock.in_utc(datetime.fromisoformat(text))
    except ValueError:
        raise UsageError(
            f"`until` is {text!r}, which is no moment", fix='until: "2013-12-01"'
        ) from None
