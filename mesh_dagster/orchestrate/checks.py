"""The rules of a contract as Dagster's asset checks, and their results as its evaluations.

They are shown, not leaned on: the gate in front of the data is the mesh's own, because anybody
can report a passing evaluation to Dagster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import dagster as dg

from mesh_dagster.contracts.rules.kinds import Rule
from mesh_dagster.model.domain import LoadedProduct
from mesh_dagster.model.finding import RuleResult, Severity
from mesh_dagster.products.auditing.promises import rules_of

_MOST_PARTITIONS_SHOWN = 100


class Links:
    """Where somebody decides on what does not hold; this one knows of no such place."""

    def id(self, port: str, rule: str, partition: str | None) -> str | None:
        """The id of the review of a rule that does not hold in a partition."""
        return None

    def url(self, id: str) -> str | None:
        """Where Dagster's UI has a form for the decision on it."""
        return None


NO_LINKS = Links()


def check_specs(loaded: LoadedProduct) -> list[dg.AssetCheckSpec]:
    """One check a rule of each port's contract, named by the rule's id."""
    return [
        check_spec(rule, asset_key(loaded, port))
        for port in loaded.contracts
        for rule in rules_of(loaded, port)
    ]


def asset_key(loaded: LoadedProduct, port: str) -> dg.AssetKey:
    """The key of an output port: the parts of its address. The first port's name is empty."""
    return dg.AssetKey(loaded.product.address.with_port(port or None).parts)


def check_results(
    loaded: LoadedProduct,
    results: Iterable[RuleResult],
    selected: set[dg.AssetCheckKey],
    links: Links = NO_LINKS,
) -> Iterator[dg.AssetCheckResult]:
    """One evaluation a rule over all of a run's partitions, of the checks that were selected."""
    ordered = sorted(set(results), key=lambda each: (each.port or "", each.rule))
    for (port, rule), group in groupby(ordered, key=lambda each: (each.port or "", each.rule)):
        key = asset_key(loaded, port)
        if dg.AssetCheckKey(key, rule) in selected:
            yield check_result(key, rule, list(group), links)


def check_spec(rule: Rule, key: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check that stands for a rule."""
    stated = {
        "severity": rule.severity.value,
        "dimension": rule.dimension,
        "column": rule.column,
        "business_impact": rule.business_impact,
        "method": rule.method,
        "schedule": rule.schedule,
        "contract": rule.where,
    }
    return dg.AssetCheckSpec(
        name=rule.id,
        asset=key,
        description=rule.message,
        metadata={name: value for name, value in stated.items() if value},
    )


def check_result(
    key: dg.AssetKey, rule: str, results: Sequence[RuleResult], links: Links = NO_LINKS
) -> dg.AssetCheckResult:
    """The evaluation of a rule, from its results over one or several partitions."""
    bad = [each for each in results if not each.holds]
    worst = next((each for each in bad if each.blocks), (bad or results)[0])
    return dg.AssetCheckResult(
        check_name=rule,
        asset_key=key,
        passed=not bad,
        severity=_severity(worst),
        description=_description(worst) + (_link(worst, links) if bad else ""),
        metadata=_evaluation_metadata(results, bad, worst, links),
    )


def _severity(worst: RuleResult) -> dg.AssetCheckSeverity:
    """What is waived does not hold, and is no error: an owner knows of it."""
    error = worst.severity is Severity.ERROR and worst.waived_by is None
    return dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN


def _description(worst: RuleResult) -> str:
    if worst.waived_by is None:
        return worst.message
    return f"waived by {worst.waived_by} {_until(worst)}: {worst.message}"


def _link(worst: RuleResult, links: Links) -> str:
    """Descriptions are Markdown. As a value the address would be shown in full, and it is long:
    it has the whole form in it."""
    id = links.id(worst.port or "", worst.rule, worst.partition)
    url = links.url(id) if id else None
    return f" [Decide]({url})" if url else ""


def _until(result: RuleResult) -> str:
    end = result.waived_until
    return f"until {end:%Y-%m-%d %H:%M} UTC" if end else "for this partition"


def _evaluation_metadata(
    results: Sequence[RuleResult], bad: Sequence[RuleResult], worst: RuleResult, links: Links
) -> dict[str, dg.MetadataValue]:
    checked = [each.checked for each in results if each.checked is not None]
    failed = [each.failed for each in results if each.failed is not None]
    found: dict[str, dg.MetadataValue] = {}
    if checked:
        found["checked"] = dg.IntMetadataValue(sum(checked))
    if failed:
        found["failed"] = dg.IntMetadataValue(sum(failed))
    if worst.where:
        found["contract"] = dg.TextMetadataValue(worst.where)
    if worst.waived_by:
        found["waived_by"] = dg.TextMetadataValue(worst.waived_by)
        found["waived_until"] = dg.TextMetadataValue(_until(worst))
    if bad:
        found |= _decidable(worst, links)
    partitions = [each for each in bad if each.partition is not None]
    if partitions:
        found["failing_partitions"] = _by_partition(partitions, links)
    return found


def _decidable(worst: RuleResult, links: Links) -> dict[str, dg.MetadataValue]:
    """The command that shows what waits."""
    id = links.id(worst.port or "", worst.rule, worst.partition)
    if id is None:
        return {}
    return {"review": dg.TextMetadataValue(f"mesh review show {id}")}


def _by_partition(bad: Sequence[RuleResult], links: Links) -> dg.TableMetadataValue:
    columns = {
        "partition": "string",
        "failed": "int",
        "message": "string",
        "waived_by": "string",
        "review": "string",
    }
    return dg.TableMetadataValue(
        records=[
            dg.TableRecord(
                {
                    "partition": each.partition,
                    "failed": each.failed,
                    "message": each.message,
                    "waived_by": each.waived_by,
                    "review": links.id(each.port or "", each.rule, each.partition),
                }
            )
            for each in bad[:_MOST_PARTITIONS_SHOWN]
        ],
        schema=dg.TableSchema.from_name_type_dict(columns),
    )
