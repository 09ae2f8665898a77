"""A promise that is broken, from the check on the asset to the people who hear of it, and back.

With a real daemon of Dagster, a real endpoint over HTTP, and an instance that is lost in between.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
import yaml
from e2e.processes import Processes, Running
from integration.alerts.servers import Hook

from mesh_dagster.testing import write_mesh, write_product

ADDRESS = "shop/orders/v1"
ASSET = dg.AssetKey(["shop", "orders", "v1"])
CHECK = dg.AssetCheckKey(ASSET, "slo_accuracy")
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
GOOD, BAD = (f"{TODAY - timedelta(days=days):%Y-%m-%d}" for days in (3, 2))
INSTANCE = "telemetry: {enabled: false}\nsensors: {use_threads: true, num_workers: 4}\n"


@dataclass
class Shop:
    """A mesh of one product, whose daemons come and go."""

    root: Path
    processes: Processes
    hook: Hook
    folder: Path
    home: Path
    daemon: Running | None = None

    def mesh(self, *arguments: str, expect: int = 0) -> Any:
        done = self.processes.run(["mesh", *arguments], self.root, env=self._environment)
        return done.exited(expect).out

    def rows(self, *ids: int | None) -> None:
        """What the source says of both days: an id each."""
        days = [datetime.fromisoformat(each).date() for each in (GOOD, BAD)]
        frame = pl.DataFrame({"id": ids, "day": days}, schema={"id": pl.Int64, "day": pl.Date})
        frame.write_parquet(self.folder / "rows.parquet")

    def start(self) -> None:
        self.home.mkdir()
        (self.home / "dagster.yaml").write_text(INSTANCE)
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            # Who is first makes the tables, and SQLite knows no two that are.
            instance.get_latest_materialization_event(ASSET)
            instance.all_instigator_state()
        line = "dagster-daemon run -w workspace.yaml"
        self.daemon = self.processes.start(line, self.root, "daemon", env=self._environment)

    def lose_the_instance(self) -> None:
        """End the daemon, and all that Dagster knows with it."""
        assert self.daemon is not None
        self.processes.interrupt(self.daemon)
        shutil.rmtree(self.home)

    def until(self, missing: Callable[[], str]) -> None:
        assert self.daemon is not None
        self.processes.wait_for(missing, self.daemon, every=2)

    def check(self) -> dg.AssetCheckEvaluation | None:
        """What Dagster has of the service level."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            found = instance.event_log_storage.get_latest_asset_check_execution_by_key([CHECK])
        return found[CHECK].evaluation if CHECK in found else None

    def told(self) -> list[tuple[str, str]]:
        """Kind and objective of every alert that arrived, in order."""
        return [
            (each["kind"], "accuracy" if each["objective"] == "accuracy" else "")
            for each in self.hook.alerts()
        ]

    def incident(self) -> dict[str, Any]:
        """The one of the service level."""
        found = json.loads(
            self.processes.run(
                ["mesh", "incidents", ADDRESS, "--json"], self.root, env=self._environment
            ).out
        )
        (one,) = [each for each in found if each["objective"] == "accuracy"]
        return one

    @property
    def _environment(self) -> dict[str, str]:
        return {"DAGSTER_HOME": str(self.home), "HOOK_URL": self.hook.url}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, processes: Processes) -> Iterator[Shop]:
    """Of two days one is published and one in quarantine; nobody was told of anything yet."""
    root = tmp_path_factory.mktemp("shop") / "mesh"
    told = {
        "channels": {"hook": {"type": "webhook", "url": "${HOOK_URL}"}},
        "owners": ["hook"],
        "group": "0s",
        "coolDown": "0s",
    }
    opened = write_mesh(root, notifications=told)
    folder = write_product(
        opened,
        ADDRESS,
        {"id": "BIGINT", "day": "DATE"},
        {"id": [1], "day": [TODAY.date()]},
        key=["id"],
        partitions={"every": "day", "column": "day", "start": GOOD},
        levels=[{"property": "accuracy", "value": 99, "unit": "percent"}],
    )
    source = folder.parents[1]
    (source / "definitions.py").write_text(
        "from mesh_dagster import domain_definitions\n\ndefs = domain_definitions(__file__)\n"
    )
    (source / "__init__.py").touch()
    location = {
        "module_name": "shop.definitions",
        "working_directory": str(source.parent),
        "location_name": "shop",
    }
    (root / "workspace.yaml").write_text(
        yaml.safe_dump({"load_from": [{"python_module": location}]})
    )
    hook = Hook()
    made = Shop(root, processes, hook, folder, root / "dagster_home")
    made.rows(1, None)
    made.mesh("run", ADDRESS, "--from", GOOD, "--to", BAD, expect=1)
    yield made
    hook.close()


def test_a_breach_is_a_check_of_the_asset_an_incident_and_an_alert(shop: Shop) -> None:
    shop.start()
    shop.until(lambda: "" if shop.check() else "the check")
    check = shop.check()
    assert check is not None
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert check.description.startswith("breached: 1 of 2 not as promised")
    assert check.metadata["kept"].value == 0.5
    assert check.metadata["budget_left"].value < 0
    assert check.metadata["promised"].value == "accuracy: 99 % over 30 d"
    assert "| slow **fires** | 3 d, 2 d | 50.0, 100.0 | 1 |" in check.metadata["burn"].value
    shop.until(lambda: "" if ("breached", "accuracy") in shop.told() else "the alert")
    incident = shop.incident()
    assert (incident["closed"], incident["kind"]) == (None, "breached")
    assert [(each["channel"], each["state"]) for each in incident["told"]] == [
        ("hook", "delivered")
    ]


def test_a_new_instance_is_told_the_same_and_nobody_hears_it_twice(shop: Shop) -> None:
    before, told, incident = shop.check(), shop.told(), shop.incident()
    shop.lose_the_instance()
    shop.start()
    shop.until(lambda: "" if shop.check() else "the check")
    after = shop.check()
    assert before is not None
    assert after is not None
    assert (after.passed, after.description) == (before.passed, before.description)
    assert after.metadata["budget_left"] == before.metadata["budget_left"]
    assert shop.incident()["id"] == incident["id"]
    assert shop.told() == told


def test_what_mends_it_closes_the_incident_and_is_told(shop: Shop) -> None:
    shop.rows(1, 2)
    shop.mesh("run", ADDRESS, "--partition", BAD)

    def missing() -> str:
        check = shop.check()
        left = {("recovered", "accuracy"), ("settled", "")} - set(shop.told())
        return ", ".join(map(str, left)) or ("" if check and check.passed else "the check")

    shop.until(missing)
    check = shop.check()
    assert check is not None
    assert check.metadata["budget_left"].value == 1.0
    incident = shop.incident()
    assert incident["closed"] is not None
    assert incident["seconds_to_repair"] > 0
    kinds = [kind for kind, objective in shop.told() if objective]
    assert kinds == ["breached", "recovered"]
    assert shop.daemon is not None
    shop.processes.interrupt(shop.daemon)
