"""Service levels in Dagster: each is a check of the port's asset, and one sensor a domain asks.

Dagster is told what the journal says and remembers nothing for it: after a location that did not
load, a cursor that was wiped or a new instance, the next tick tells the same again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import dagster as dg

from mesh_dagster import clock
from mesh_dagster.errors import MeshError
from mesh_dagster.model.domain import Domain, LoadedProduct
from mesh_dagster.model.slo import WORST, Indicator, Objective, Standing, Status
from mesh_dagster.orchestrate.check_records import report
from mesh_dagster.orchestrate.checks import asset_key
from mesh_dagster.orchestrate.discovery import teller
from mesh_dagster.products.keeping.service_levels import objectives, reports
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.slos.spoken import percent, span

SENSOR = "service_levels"
_SECONDS = 60
_AT_ONCE = 300
"""Evaluations that one tick tells Dagster, the worst first: each takes it milliseconds, and a
tick has a minute."""

_STEP = 0.05
"""The share of a budget that has to go before a check is told again that has not changed."""

_SHORTEST = timedelta(minutes=1)
"""Dagster refuses a freshness policy of less."""

_PROBED = "probed"
"""In the cursor, at which product the next round of reads begins."""


def slo_specs(loaded: LoadedProduct) -> list[dg.AssetCheckSpec]:
    """One check an objective of each port: `slo_freshness`."""
    return [
        dg.AssetCheckSpec(
            name=each.check,
            asset=asset_key(loaded, each.port),
            description=_promise(each),
            metadata={"contract": each.where} if each.where else None,
        )
        for each in objectives(loaded)
    ]


def freshness_policy(loaded: LoadedProduct, port: str) -> dg.FreshnessPolicy | None:
    """What Dagster itself can show: how long ago the asset was materialized, against the promise.

    It counts materializations and knows no event time: the greater of how often the data is to
    change and how old it may be, and at least a minute. None under a replay, where Dagster's daemon
    keeps wall time.
    """
    if clock.replaying():
        return None
    timely = (Indicator.FRESHNESS, Indicator.FREQUENCY)
    stated = [each for each in objectives(loaded) if each.port == port]
    limits = [each.limit for each in stated if each.indicator in timely and each.limit]
    if not limits:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=max(*limits, _SHORTEST))


def slo_results(
    mesh: Mesh, loaded: LoadedProduct, selected: set[dg.AssetCheckKey]
) -> Iterator[dg.AssetCheckResult]:
    """How a product stands now, of the checks that were selected. Raises `MeshError`."""
    if not any(spec.key in selected for spec in slo_specs(loaded)):
        return
    for each in slo_evaluations(mesh, loaded, selected):
        yield dg.AssetCheckResult(
            check_name=each.check_name,
            asset_key=each.asset_key,
            passed=each.passed,
            severity=each.severity,
            description=each.description,
            metadata=each.metadata,
        )


def slo_evaluations(
    mesh: Mesh, loaded: LoadedProduct, wanted: Collection[dg.AssetCheckKey]
) -> Iterator[dg.AssetCheckEvaluation]:
    """The same for the instance to show. Raises `MeshError`."""
    for one in reports(mesh, [loaded]):
        for each in map(_evaluation, filter(_is_measured, one.standings)):
            if each.asset_check_key in wanted:
                yield each


def slo_sensor(
    mesh: Mesh, domain: Domain, products: Sequence[LoadedProduct]
) -> dg.SensorDefinition:
    """Evaluates every objective of a domain in one query, and tells Dagster what has changed.

    The mesh is told as well: the domain's discovery document is brought up to date with it.
    """
    promising = [each for each in products if objectives(each)]
    tell = teller(mesh, domain, products)

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Measures the service levels of the domain: `mesh slo` lists them.",
    )
    def service_levels(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from mesh_dagster.products.keeping.slo_incidents import follow

        known: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        try:
            _probe(mesh, promising, known)
            stated = [each for one in reports(mesh, promising) for each in one.standings]
            standings = sorted(filter(_is_measured, stated), key=_gravity)
            follow(mesh, domain, products, standings, _SECONDS)
        except MeshError as error:
            context.log.error(str(error))
            return dg.SkipReason(f"could not be measured: {error.what}")
        changed = changes(standings, known)
        report(context.instance, map(_evaluation, changed[:_AT_ONCE]))
        known |= {_name(each): _digest(each) for each in changed[:_AT_ONCE]}
        there = {_PROBED, *(_name(each) for each in standings)}
        context.update_cursor(json.dumps({key: known[key] for key in known if key in there}))
        tell(context.instance, context.log, stated)
        bad = sum(not each.status.kept for each in standings)
        return dg.SkipReason(f"{len(standings)} objectives, {bad} not kept, {len(changed)} changed")

    return service_levels


def _probe(mesh: Mesh, products: Sequence[LoadedProduct], known: dict[str, str]) -> None:
    """Read the ports that promise to be available, from where the last round left off."""
    available = [each for each in products if _has(each, Indicator.AVAILABILITY)]
    if not available:
        return
    from mesh_dagster.products.keeping.probe import probe

    at = int(known.get(_PROBED, "0")) % len(available)
    read = probe(mesh, [*available[at:], *available[:at]])
    known[_PROBED] = str((at + read) % len(available))


def _has(loaded: LoadedProduct, indicator: Indicator) -> bool:
    return any(each.indicator is indicator for each in objectives(loaded))


def changes(standings: Iterable[Standing], known: Mapping[str, str]) -> list[Standing]:
    """Those that differ from what was told last: in their status, or by some of their budget."""
    return [each for each in standings if known.get(_name(each)) != _digest(each)]


def _gravity(each: Standing) -> int:
    return WORST.index(each.status)


def _is_measured(each: Standing) -> bool:
    return each.status is not Status.UNMEASURED


def _name(each: Standing) -> str:
    return f"{each.product}/{each.objective.port}:{each.objective.indicator.value}"


def _digest(each: Standing) -> str:
    steps = max(-1, int(each.left / _STEP))
    return f"{each.status.value} {steps}"


def _evaluation(each: Standing) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(each.path.split("/")),
        check_name=each.objective.check,
        passed=each.status.kept,
        severity=_severity(each),
        description=_told(each),
        metadata=_metadata(each),
    )


def _severity(each: Standing) -> dg.AssetCheckSeverity:
    breached = each.status is Status.BREACHED
    return dg.AssetCheckSeverity.ERROR if breached else dg.AssetCheckSeverity.WARN


def _told(each: Standing) -> str:
    return f"{each.status.words}: {each.now}; {percent(each.left, places=0)} of the budget left"


def _promise(each: Objective) -> str:
    kind = each.indicator.value + (f" within {span(each.limit)}" if each.limit else "")
    return f"{kind}: {percent(each.target)} over {span(each.window)}"


def _metadata(each: Standing) -> dict[str, dg.MetadataValue]:
    found: dict[str, dg.MetadataValue] = {
        "status": dg.TextMetadataValue(each.status.words),
        "budget_left": dg.FloatMetadataValue(round(each.left, 4)),
        "kept": dg.FloatMetadataValue(round(each.kept if each.kept is not None else 1.0, 6)),
        "promised": dg.TextMetadataValue(_promise(each.objective)),
        "at": dg.TimestampMetadataValue(each.at.timestamp()),
        "budget": dg.TextMetadataValue(_bar(each.left)),
        "burn": dg.MarkdownMetadataValue(_burn_table(each)),
    }
    if each.burns:
        found["burn_rate"] = dg.FloatMetadataValue(round(each.burns[-1].rate, 3))
    if each.lasts is not None and each.left > 0:
        found["lasts"] = dg.TextMetadataValue(span(each.lasts))
    if each.objective.where:
        found["contract"] = dg.TextMetadataValue(each.objective.where)
    return found


def _bar(left: float) -> str:
    """The budget as a bar: metadata has no pictures. Over time Dagster plots what is a number."""
    full = round(max(0.0, min(1.0, left)) * 20)
    return f"{'█' * full}{'░' * (20 - full)} {percent(left, places=0)} left"


def _burn_table(each: Standing) -> str:
    lines = ["| rule | over | rate | fires from |", "|---|---|---|---|"]
    lines += [
        f"| {burn.name}{' **fires**' if burn.fires else ''} "
        f"| {span(burn.long)}, {span(burn.short)} "
        f"| {burn.rate:.1f}, {burn.recent:.1f} | {burn.limit:g} |"
        for burn in each.burns
    ]
    return "\n".join(lines)
