"""Partition sets and the mappings between them, in Dagster's words."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import dagster as dg
from dagster._utils.warnings import disable_dagster_warnings

from mesh_dagster import clock
from mesh_dagster.model.partition import FORMAT, Every, Partitioning

_CRON = {
    Every.HOUR: "0 * * * *",
    Every.DAY: "0 0 * * *",
    Every.WEEK: "0 0 * * 0",
    Every.MONTH: "0 0 1 * *",
}

PartitionSet = dg.TimeWindowPartitionsDefinition


def partition_set(partitioning: Partitioning | None) -> PartitionSet | None:
    """The partitions of a product: those of its windows that are over.

    Under a replay they begin at `MESH_SINCE` and end at `MESH_NOW`; otherwise Dagster adds one
    whenever a window of the wall clock is over.
    """
    if partitioning is None:
        return None
    begin = partitioning.first(clock.since())
    end = partitioning.window(partitioning.key_of(clock.now()))[0] if clock.replaying() else None
    return _partition_set(partitioning.every, begin, end)


@cache
def _partition_set(every: Every, begin: datetime, end: datetime | None) -> PartitionSet:
    """Equal sets are one object: a location of a thousand daily products has one set.

    Both bounds are where a window begins, as Dagster rounds others in its own way.
    """
    return dg.TimeWindowPartitionsDefinition(
        start=begin,
        end=end,
        cron_schedule=_CRON[every],
        fmt=FORMAT[every],
        timezone="UTC",
    )


@cache
def mapping(window: tuple[int, int]) -> dg.PartitionMapping:
    """Which partitions of an input one of ours reads: (-7, -1) is the seven before.

    Those that lie before the first one, or after the last, do not exist and are not waited for.
    """
    with disable_dagster_warnings():
        return dg.TimeWindowPartitionMapping(
            start_offset=window[0],
            end_offset=window[1],
            allow_nonexistent_upstream_partitions=True,
        )


def key_tags(keys: tuple[str, ...]) -> dict[str, str]:
    """The run tags that make one run of a range of partitions."""
    return {
        "dagster/asset_partition_range_start": min(keys),
        "dagster/asset_partition_range_end": max(keys),
    }


def partitions_of(context: dg.AssetExecutionContext) -> tuple[str, ...] | None:
    """The partitions that a run is for; None where it names none."""
    named = context.has_partition_key or context.has_partition_key_range
    return tuple(context.partition_keys) if named else None
