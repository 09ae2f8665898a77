"""When a product makes itself: as soon as what it reads has been *published*.

The condition stands in the consumer's own location. Compared with Dagster's `eager()`:

- No `in_latest_time_window`: any day may be corrected, and under a replay that window lies in
  another century.
- A partition that is missing is asked for once, also on the first evaluation: whether a product
  is deployed before or after its upstreams publish makes no difference. It is no storm: what is
  asked for together is one backfill, which runs as one run (`BackfillPolicy.single_run`).
- Asked for or made, it is handled: a partition that was quarantined, or failed, is asked for
  again when one of its inputs is published again, not before.
- An input counts when it *was* published. `will_be_requested` would put producer and consumer
  into one run, and there the consumer's good partitions would be skipped when one of the
  producer's is quarantined.
- An input without partitions, published again, does not remake the history of a product with
  partitions: a daily list of carriers would remake every day of every year each day. Each
  partition reads what is published when it is made next.
- It waits while an input is missing or being made, so that seven days of an upstream published
  by one run are one run here.

That a failed check of another location does not stop `eager()` is no concern: a quarantined
partition has no materialization at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import dagster as dg
from dagster._core.definitions.asset_key import AssetOrCheckKey
from dagster._core.definitions.declarative_automation.automation_condition import (
    BuiltinAutomationCondition,
)

from mesh_dagster.model.domain import LoadedProduct

Condition = dg.AutomationCondition
Pulls = BuiltinAutomationCondition[AssetOrCheckKey]
Keys = tuple[dg.AssetKey, ...] | None
"""Some of what an asset depends on; None is all of it."""

SENSOR = "automation"
_SECONDS = 10


def pull_condition(
    loaded: LoadedProduct,
    reads: Sequence[dg.AssetDep],
    whole: Sequence[dg.AssetKey],
    *,
    alone: bool = True,
) -> Pulls | None:
    """The condition of a product that reads assets; None for one that has a schedule, or that
    reads sources only.

    `whole` are those of its inputs that have no partitions; `alone` says that it depends on
    nothing but what it reads: neither on private assets that its own step makes, nor on what its
    contracts refer to.
    """
    if not reads or loaded.wiring.schedule:
        return None
    every = tuple(dep.asset_key for dep in reads)
    quiet = whole if loaded.wiring.partitioning else ()
    waking = tuple(key for key in every if key not in quiet)
    # Without names in it the condition is one object for all products of a location.
    return _pull(None if alone and not quiet else waking, None if alone else every)


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions of one domain, its internal assets' included."""
    return dg.AutomationConditionSensorDefinition(
        SENSOR,
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=_SECONDS,
        description="Runs the products whose inputs have been published.",
    )


@cache
def _pull(waking: Keys, every: Keys) -> Pulls:
    published = _any(Condition.newly_updated(), waking).with_label("an input was published")
    missing = Condition.missing().newly_true().with_label("it became missing")
    handled = (Condition.newly_requested() | Condition.newly_updated()).with_label("handled")
    due = (published | missing).since(handled).with_label("due")
    unready = _any(Condition.missing(), every).with_label("an input is missing")
    moving = _any(Condition.in_progress(), every).with_label("an input is being made")
    return (due & ~unready & ~moving & ~Condition.in_progress()).with_label(
        "pull what was published"
    )


def _any(condition: Pulls, keys: Keys) -> Pulls:
    matched = Condition.any_deps_match(condition)
    return matched if keys is None else matched.allow(dg.AssetSelection.assets(*keys))
