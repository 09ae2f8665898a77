"""Checks as an instance has them on record, and told so that they count for what is there now.

Dagster shows a check as not evaluated once its asset was materialized after it. Of an evaluation
that names no materialization it goes by the clock of its database, which in SQLite counts whole
seconds; so each names the newest that there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster_shared.record import replace

_PLANNED = AssetCheckExecutionRecordStatus.PLANNED


def report(instance: dg.DagsterInstance, evaluations: Iterable[dg.AssetCheckEvaluation]) -> int:
    """Tell an instance what checks say of what is materialized now; how many they were."""
    found = list(evaluations)
    targets = _targets(instance, {each.asset_key for each in found})
    for each in found:
        told = replace(each, target_materialization_data=targets.get(each.asset_key))
        instance.report_runless_asset_event(told)
    return len(found)


def forgotten(
    instance: dg.DagsterInstance, checks: Collection[dg.AssetCheckKey]
) -> set[dg.AssetCheckKey]:
    """Those of the checks that were never evaluated, or not since the newest materialization.

    Of an asset that was never materialized there is nothing to say, and what a run that goes on
    is to evaluate is left to it.
    """
    targets = _targets(instance, {each.asset_key for each in checks})
    asked = [each for each in checks if each.asset_key in targets]
    known = instance.event_log_storage.get_latest_asset_check_execution_by_key(asked)
    found = set()
    planned = {key: each.run_id for key, each in known.items() if each.status is _PLANNED}
    going = _going(instance, set(planned.values()))
    for key in asked:
        if planned.get(key) in going:
            continue
        newest = targets[key.asset_key]
        record = known.get(key)
        # An evaluation that is planned is none.
        said = record.evaluation if record and key not in planned else None
        of = said.target_materialization_data if said else None
        same_run = bool(newest.run_id) and record is not None and record.run_id == newest.run_id
        if not same_run and (of is None or of.storage_id != newest.storage_id):
            found.add(key)
    return found


def _going(instance: dg.DagsterInstance, runs: Collection[str]) -> set[str]:
    """Those of the runs that are not over."""
    found = instance.get_runs(dg.RunsFilter(run_ids=sorted(runs))) if runs else ()
    return {each.run_id for each in found if not each.is_finished}


def _targets(
    instance: dg.DagsterInstance, keys: Collection[dg.AssetKey]
) -> dict[dg.AssetKey, Target]:
    """The newest materialization of each asset that has one, in one query."""
    found = {}
    for record in instance.get_asset_records(sorted(keys)) if keys else ():
        newest = record.asset_entry.last_materialization_record
        if newest is not None:
            found[record.asset_entry.asset_key] = Target(
                storage_id=newest.storage_id,
                run_id=newest.event_log_entry.run_id,
                timestamp=newest.timestamp,
            )
    return found
