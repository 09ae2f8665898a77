"""The sensor that shows in Dagster what owners decided, and carries on what was interrupted.

It tells the instance what the journal has. A check that somebody reports as passed by Dagster's
API is shown until the next tick, and opens nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.address import Address
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.event import EventKind
from mesh_dagster.model.review import ReviewKind, Rule, Ruling, RulingState
from mesh_dagster.orchestrate.check_records import report
from mesh_dagster.products.mesh import Mesh

SENSOR = "reviews"
_SECONDS = 15
_BETWEEN = timedelta(minutes=1)
"""Between two looks at what the domains of the whole mesh ask for."""

Changed = dict[str, set[Rule]]
"""By product the rules whose checks say something else now."""

Seen = dict[str, Any]
"""The cursor: the newest `ruling` that was looked at, when (`at`), those `going` on then, the
incidents `waiting`, and when requests were `settled` last."""


def reviews_sensor(
    mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]
) -> dg.SensorDefinition:
    """Shows at each check what was decided on it, and carries on what a dead process had begun."""
    own = {loaded.product.address.path: loaded for loaded in products}

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows what owners decided or have to, carries on what was interrupted, and "
        "answers requests that need no owner.",
    )
    def reviews(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from mesh_dagster.orchestrate.review_checks import evaluations
        from mesh_dagster.orchestrate.review_links import location_of

        location = location_of(context)
        seen: Seen = json.loads(context.cursor) if context.cursor else {}
        changed: Changed = defaultdict(set)
        try:
            seen |= _settled(mesh, domain, seen)
        except MeshError as error:
            context.log.warning(str(error))
        try:
            rulings = _carried_on(mesh, domain, own)
            ended = _ended(rulings, seen)
            _still_waiting(mesh, domain, ended, changed)
            seen |= _ruled(rulings, ended, seen, changed)
            seen |= _quarantined(mesh, domain, seen, changed)
            told = sum(
                report(context.instance, evaluations(mesh, own[path], rules, location))
                for path, rules in changed.items()
                if path in own
            )
        except MeshError as error:
            context.log.warning(str(error))
            return dg.SkipReason(error.what)
        context.update_cursor(json.dumps(seen))
        return dg.SkipReason(f"{told} checks told of decisions")

    return reviews


def _settled(mesh: Mesh, domain: Domain, seen: Seen) -> Seen:
    """Answer, once a minute, what others ask to read and what needs no owner."""
    now = clock.wall()
    if seen.get("settled") and now - datetime.fromisoformat(seen["settled"]) < _BETWEEN:
        return {}
    from mesh_dagster.products.granting.settling import settle

    settle(mesh, domain.name)
    return {"settled": now.isoformat()}


def _carried_on(mesh: Mesh, domain: Domain, own: Mapping[str, LoadedProduct]) -> list[Ruling]:
    """All decisions in the domain, once those that a dead process had begun are carried out."""
    with mesh.journal(domain.name) as journal:
        left = journal.reviews.interrupted()
        if left:
            from mesh_dagster.products.deciding.rulings import carry_on

            for path in sorted({each.product for each in left} & own.keys()):
                some = [each for each in left if each.product == path]
                carry_on(mesh, mesh.load(Address.parse(path)), journal, some)
        return journal.reviews.rulings()


def _ended(rulings: Sequence[Ruling], seen: Seen) -> list[Ruling]:
    """The decisions that were carried out since the last tick, or failed."""
    return [each for each in _new(rulings, seen) if each.state is not RulingState.BEGUN]


def _new(rulings: Sequence[Ruling], seen: Seen) -> list[Ruling]:
    last, going = seen.get("ruling", ""), seen.get("going", ())
    return [each for each in rulings if each.id > last or each.id in going]


def _still_waiting(mesh: Mesh, domain: Domain, ended: Sequence[Ruling], changed: Changed) -> None:
    """Add to `changed` the rules of what waits in quarantine though somebody has decided on it,
    or tried to: it has another id since, and an audit may find other rules that do not hold."""
    from mesh_dagster.products.deciding.reviewing import reviews_in

    about = {
        (each.product, audited)
        for each in ended
        if each.revision is not None
        for audited in each.covers
    }
    if not about:
        return
    with mesh.journal(domain.name) as journal:
        for path in {product for product, _ in about}:
            for review in reviews_in(journal, path):
                met = any((path, audited) in about for audited in review.covers)
                if met and review.kind is ReviewKind.QUARANTINE:
                    changed[path].update(review.rules)


def _ruled(
    rulings: Sequence[Ruling], ended: Sequence[Ruling], seen: Seen, changed: Changed
) -> Seen:
    """Add to `changed` the rules that were decided on since the last tick, and those whose waiver
    or acknowledgement has ended since. What is being carried out is told when it has ended, and
    keeps nobody waiting.

    What was published is told by the sensor `publications`, with all checks that Dagster takes
    for not evaluated since.
    """
    now, last = clock.now(), seen.get("ruling", "")
    before = datetime.fromisoformat(seen["at"]) if seen.get("at") else now
    new = _new(rulings, seen)
    going = [each.id for each in new if each.state is RulingState.BEGUN]
    over = [each for each in rulings if each.until is not None and before < each.until <= now]
    for each in (*ended, *over):
        if each.state is not RulingState.FAILED:
            changed[each.product].update(each.rules)
    newest = max([last, *(each.id for each in new)])
    return {"ruling": newest, "going": going, "at": now.isoformat()}


def _quarantined(mesh: Mesh, domain: Domain, seen: Seen, changed: Changed) -> Seen:
    """Add to `changed` the rules of what waits in quarantine since the last tick and was made by
    no run of Dagster: nothing else tells Dagster of them."""
    from mesh_dagster.products.deciding.reviewing import reviews_in

    with mesh.journal(domain.name) as journal:
        waiting = {
            each.id: each.product
            for each in journal.outbox.incidents(unclosed=True)
            if each.kind is EventKind.QUARANTINED and not each.details.get("run")
        }
        for path in {waiting[id] for id in waiting.keys() - set(seen.get("waiting", ()))}:
            for review in reviews_in(journal, path):
                if review.kind is ReviewKind.QUARANTINE:
                    changed[path].update(review.rules)
    return {"waiting": sorted(waiting)}
