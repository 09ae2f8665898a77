"""`mesh demo`, and everything that the README says can be done after it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.xdist_group("demo")]

WEEK = {
    "network/airports/v1": (1, 1_458, 0),
    "fleet/aircraft/v1": (1, 3_322, 0),
    "fleet/carriers/v1": (1, 16, 0),
    "weather/observations/v1": (6, 413, 1),
    "flights/departures/v1": (7, 6_486, 0),
    "punctuality/route_delays/v1": (7, 2_013, 0),
    "journeys/delay_risk/v1": (6, 5_584, 0),
}


@pytest.fixture(scope="module")
def demo(project: Any) -> subprocess.CompletedProcess[str]:
    """The demo, run once, as `make demo` does."""
    done: subprocess.CompletedProcess[str] = project.call("mesh demo")
    return done


def _start(project: Any, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mesh_dagster.cli", *arguments],
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _gone(project: Any, within: float) -> bool:
    end = time.monotonic() + within
    while project.processes() and time.monotonic() < end:
        time.sleep(0.2)
    return not project.processes()


def test_an_interrupted_demo_leaves_no_process(project: Any) -> None:
    process = _start(project, "demo")
    assert process.stderr is not None
    for line in process.stderr:
        if "loading" in line:
            break
    time.sleep(5)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert _gone(project, within=10), project.processes()


def test_the_mesh_comes_out_as_described(demo: Any, project: Any) -> None:
    listed = json.loads(project.call("mesh demo --json").stdout)
    found = {
        each["summary"]["product"]: tuple(
            each["summary"][name] for name in ("partitions", "rows", "quarantined")
        )
        for each in listed
    }
    assert found == WEEK


def test_the_table_fits_80_columns_and_is_followed_by_the_finding(demo: Any) -> None:
    table = demo.stdout.split("\n\n")[0]
    assert len(table.splitlines()) >= 1 + len(WEEK)
    assert max(map(len, table.splitlines())) <= 80
    assert re.search(r"departures +flights/departures/v1 +7 +6486 +\d+/14/0 ", table)
    assert "quarantined: weather/observations/v1, 2013-11-03" in demo.stdout
    assert "3 rows beyond the first of (origin, local_date, local_hour)" in demo.stdout
    assert len(re.findall(r"^(?:EWR|JFK|LGA) +2013-11-03 +1 ", demo.stdout, re.MULTILINE)) == 6


def test_no_process_is_left_behind(demo: Any, project: Any) -> None:
    assert _gone(project, within=10), project.processes()


def test_a_second_run_finds_everything_in_place(demo: Any, project: Any) -> None:
    before = project.call("mesh snapshots flights/departures --json").stdout
    began = time.monotonic()
    again = project.call("mesh demo")
    assert time.monotonic() - began < 30
    assert again.stdout == demo.stdout
    assert project.call("mesh snapshots flights/departures --json").stdout == before


def test_the_schedule_of_the_carriers_ticked(demo: Any, project: Any) -> None:
    script = (
        "import dagster as dg\n"
        "with dg.DagsterInstance.from_config('.mesh/dagster') as instance:\n"
        "    runs = instance.get_runs()\n"
        "print(sorted(run.tags['dagster/schedule_name'] for run in runs\n"
        "             if 'dagster/schedule_name' in run.tags))\n"
    )
    assert project.call(f"python - <<'END'\n{script}END").stdout == "['fleet__carriers__v1']\n"


def test_plain_iceberg_reads_what_is_published(demo: Any, project: Any) -> None:
    (example,) = (each for each in project.blocks("docs/storage.md") if each.language == "python")
    assert "mesh_dagster" not in example.text
    assert "scheduled_departure_at" in project.follow(example)


def test_the_readme_is_true(demo: Any, project: Any) -> None:
    blocks = [each for each in project.blocks("README.md") if each.language in ("sh", "python")]
    make, *rest = blocks
    assert re.findall(r"^make (\w+)", make.text, re.MULTILINE) == ["demo", "test"]
    said = [project.follow(block) for block in rest]
    _, quarantined, waiting, released, shell, python = said
    assert "rows beyond the first" in quarantined
    assert "2013-11-03" not in waiting.partition("flight_date")[2]
    assert re.search(r"2013-11-03 +released +72", released)
    assert "Every scheduled departure from New York" in shell
    assert "dep_delay" in python
    assert "(6486, 14)" in python


def test_the_corrected_day_is_carried_on_where_dagster_runs(demo: Any, project: Any) -> None:
    project.call("mesh audit weather/observations --quarantined")
    listed = json.loads(project.call("mesh demo --json").stdout)
    found = {each["summary"]["product"]: each["summary"]["partitions"] for each in listed}
    assert found["weather/observations/v1"] == 7
    assert found["journeys/delay_risk/v1"] == 7
