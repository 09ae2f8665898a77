"""The schedule of a product makes the partitions that are due."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest

from mesh_dagster.descriptors.product import load_product
from mesh_dagster.orchestrate.schedules import due_partitions

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
SALES = dg.AssetKey(["shop", "sales", "v1"])


@pytest.fixture
def scheduled(mesh):
    """The mesh with a schedule on `shop/sales`."""

    def schedule(cron: str):
        wiring = mesh.folder("shop", "sales") / "defs.yaml"
        wiring.write_text(wiring.read_text() + f'  schedule: "{cron}"\n')
        return load_product(mesh.folder("shop", "sales"))

    return schedule


def test_under_a_replay_it_ticks_each_minute_once_it_is_started(mesh, scheduled) -> None:
    scheduled("0 6 * * *")
    (schedule,) = mesh.definitions("shop").get_repository_def().schedule_defs
    assert schedule.cron_schedule == "* * * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert "0 6 * * *" in schedule.description


def test_outside_a_replay_it_keeps_its_own_hours_and_runs(mesh, scheduled, monkeypatch) -> None:
    for name in ("MESH_NOW", "MESH_SINCE"):
        monkeypatch.delenv(name)
    scheduled("0 6 * * *")
    (schedule,) = mesh.definitions("shop").get_repository_def().schedule_defs
    assert schedule.cron_schedule == "0 6 * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_a_tick_asks_for_the_latest_partition_of_that_product_alone(
    mesh, scheduled, instance
) -> None:
    scheduled("0 6 * * *")
    repository = mesh.definitions("shop").get_repository_def()
    (schedule,) = repository.schedule_defs
    context = dg.build_schedule_context(
        instance=instance,
        repository_def=repository,
        scheduled_execution_time=datetime(2026, 5, 1, 6, tzinfo=UTC),
    )
    (request,) = schedule.evaluate_tick(context).run_requests
    assert request.asset_selection == [SALES]
    assert request.partition_key == DAYS[-1]


@pytest.mark.parametrize(
    ("cron", "tick", "due"),
    [
        ("0 6 * * *", "2026-05-04T06:00", ("2026-05-03",)),
        ("0 6 * * 1", "2026-05-11T06:00", tuple(f"2026-05-{day:02}" for day in range(4, 11))),
        ("0 * * * *", "2026-05-04T07:00", ("2026-05-03",)),
    ],
)
def test_due_is_what_ended_since_the_tick_before_or_else_the_latest(
    mesh, scheduled, monkeypatch, cron: str, tick: str, due: tuple[str, ...]
) -> None:
    for name in ("MESH_NOW", "MESH_SINCE"):
        monkeypatch.delenv(name)
    moment = datetime.fromisoformat(tick).replace(tzinfo=UTC)
    assert due_partitions(scheduled(cron), cron, moment) == due


def test_before_the_first_window_is_over_nothing_is_due(mesh, scheduled, monkeypatch) -> None:
    for name in ("MESH_NOW", "MESH_SINCE"):
        monkeypatch.delenv(name)
    moment = datetime(2013, 1, 1, 6, tzinfo=UTC)
    assert due_partitions(scheduled("0 6 * * *"), "0 6 * * *", moment) == ()
