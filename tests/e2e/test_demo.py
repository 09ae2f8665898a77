"""`mesh demo`, and everything that a person does after it: in one mesh, in this order."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from e2e.checkout import DOMAINS, Checkout
from e2e.demo import Demo
from e2e.documents import blocks, follow
from e2e.processes import Processes, Running
from e2e.webserver import Webserver, free_port
from pyiceberg.table import StaticTable

AIRPORTS, AIRCRAFT, CARRIERS = "network/airports", "fleet/aircraft", "fleet/carriers"
DEPARTURES, OBSERVATIONS = "flights/departures", "weather/observations"
ROSTER = "crew/roster"
ROUTE_DELAYS, DELAY_RISK = "punctuality/route_delays", "journeys/delay_risk"
SHOWN = {
    AIRPORTS: ("1", "1458", "0"),
    AIRCRAFT: ("1", "3322", "0"),
    CARRIERS: ("1", "16", "0"),
    OBSERVATIONS: ("6", "413", "1"),
    DEPARTURES: ("7", "6486", "0"),
    ROSTER: ("7", "128", "0"),
    ROUTE_DELAYS: ("7", "2013", "0"),
    DELAY_RISK: ("6", "5584", "0"),
}
"""Partitions, rows and quarantined partitions of each product when the demo came out right."""

PRODUCTS = tuple(SHOWN)
WEEK = tuple(f"2013-11-0{day}" for day in range(1, 8))
CLOCKS_BACK = "2013-11-03"
WITHOUT_IT = [day for day in WEEK if day != CLOCKS_BACK]
CORRECTED = "2013-11-05"

_ROW = re.compile(
    r"^\S+ +(?P<path>\S+)/v1 +(?P<parts>\d+) +(?P<rows>[\d,]+) +(?P<passed>\d+)/(?P<warned>\d+)"
    r"/(?P<failed>\d+) +(?P<newest>-|\d\d-\d\d \d\d:\d\d) +(?P<quarantined>\d+)$",
    re.MULTILINE,
)
_TICKED = """
import dagster as dg
with dg.DagsterInstance.from_config(".mesh/dagster") as instance:
    names = {run.tags.get("dagster/schedule_name") for run in instance.get_runs()}
print(sorted(names - {None}))
"""
_ONE_TOO_FEW = """

_all_of_them = transform


def transform(airlines_file):
    return _all_of_them(airlines_file).head(15)
"""


@pytest.fixture(scope="module")
def mesh(after_demo) -> Checkout:
    return after_demo()


@dataclass(frozen=True)
class After:
    """What lay in storage when the demo had ended."""

    numbers: dict[str, int]
    observations: dict[str, tuple[int, int]]


@pytest.fixture(scope="module")
def after(demo: Demo, mesh: Checkout) -> After:
    return After(numbers(mesh), mesh.data_files(OBSERVATIONS))


@dataclass(frozen=True)
class Live:
    """`mesh dev` at work."""

    server: Webserver
    running: Running
    processes: Processes

    def wait_for(self, missing: Callable[[], str]) -> None:
        self.processes.wait_for(missing, self.running)

    def settle(self) -> None:
        """Wait until nothing goes on, and nobody finds anything to do: first those that look for
        publications, then those that ask for runs."""
        for sensor in ("publications", "automation"):
            self._quiet(sensor)

    def _quiet(self, sensor: str) -> None:
        since = time.time()

        def missing() -> str:
            nonlocal since
            if going := self.server.going():
                since = time.time()
                return f"the end of {going}"
            late = self.server.not_ticked(sensor, since)
            return f"a tick of {sensor} in {late}" if late else ""

        self.wait_for(missing)


@pytest.fixture(scope="module")
def live(mesh: Checkout, demo: Demo, after: After) -> Iterator[Live]:
    """The last of the demo's three commands, on a port that is free."""
    server = Webserver(free_port())
    running = mesh.start(f"{further(demo)[-1]} --port {server.port}", "dev")
    found = Live(server, running, mesh.processes)
    found.wait_for(server.not_serving)
    yield found
    mesh.processes.interrupt(running)


def test_an_interrupted_demo_says_nothing_more_and_leaves_no_process(checkout) -> None:
    mesh: Checkout = checkout()
    running = mesh.start("mesh demo", "interrupted")
    mesh.processes.wait_for(lambda: "" if "loading" in running.tail else "a sign of life", running)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(300) == 130, running.tail
    assert "Traceback" not in running.tail
    nothing_lives(mesh.processes)


def test_the_table_tells_what_the_real_data_comes_to(demo: Demo) -> None:
    rows = {row["path"]: row for row in _ROW.finditer(demo.out)}
    found = {path: (row["parts"], row["rows"], row["quarantined"]) for path, row in rows.items()}
    assert found == SHOWN
    # Hours are missing on four days, two references of departures hold on no day, two days of
    # delay_risk lack weather.
    assert {path: (row["warned"], row["failed"]) for path, row in rows.items()} == {
        **dict.fromkeys(PRODUCTS, ("0", "0")),
        OBSERVATIONS: ("4", "1"),
        DEPARTURES: ("14", "0"),
        DELAY_RISK: ("2", "0"),
    }
    # Two majors of one product side by side.
    second = r"^aircraft +fleet/aircraft/v2 +1 +3,?322 +\d+/0/0 +- +0$"
    assert re.search(second, demo.out, re.MULTILINE)
    newest = {path: row["newest"] for path, row in rows.items()}
    assert newest[DEPARTURES] == "11-08 04:59"
    assert newest[CARRIERS] == "-"


def test_the_table_fits_80_columns(demo: Demo) -> None:
    assert max(map(len, demo.out.partition("\n\n")[0].splitlines())) <= 80


def test_the_finding_shows_the_hour_that_is_there_twice(demo: Demo, mesh: Checkout) -> None:
    finding = demo.out.partition(f"quarantined: {OBSERVATIONS}/v1, {CLOCKS_BACK}\n")[2]
    assert "3 rows beyond the first of (origin, local_date, local_hour)" in finding
    ((file, line),) = re.findall(r"at (\S+contract\.odcs\.yaml):(\d+)", finding)
    assert "name: origin" in (mesh.root / file).read_text().splitlines()[int(line) - 1]
    rows = re.findall(rf"^(\w+) +{CLOCKS_BACK} +1 ", finding, re.MULTILINE)
    assert rows == ["EWR", "EWR", "JFK", "JFK", "LGA", "LGA"]


def test_nothing_runs_any_more_when_the_demo_has_ended(demo: Demo) -> None:
    assert demo.left == []


def test_only_what_keeps_its_contract_is_published(demo: Demo, mesh: Checkout) -> None:
    assert mesh.published(OBSERVATIONS) == WITHOUT_IT
    assert mesh.published(DELAY_RISK) == WITHOUT_IT
    assert mesh.published(DEPARTURES) == list(WEEK)
    assert mesh.published(ROUTE_DELAYS) == list(WEEK)


def test_the_carriers_come_by_a_tick_of_their_schedule(demo: Demo, mesh: Checkout) -> None:
    assert mesh.call(f"python - <<'END'{_TICKED}END") == "['fleet__carriers__v1']\n"


def test_a_second_demo_finds_all_in_place_and_makes_nothing(
    demo: Demo, mesh: Checkout, after: After
) -> None:
    again = mesh.mesh("demo").succeeded()
    assert again.out == demo.out
    assert numbers(mesh) == after.numbers
    assert "everything is in place from an earlier run" in again.err


def test_the_commands_to_look_further_work_as_they_are_printed(demo: Demo, mesh: Checkout) -> None:
    show, query, dev = further(demo)
    assert "mesh://journeys/delay_risk/v1" in mesh.paste(show).succeeded().out
    late = json.loads(mesh.paste(f"{query} --json").succeeded().out)
    delays = [row["dep_delay"] for row in late]
    assert len(delays) == 5
    assert delays == sorted(delays, reverse=True)
    assert len(mesh.paste(query).succeeded().out.splitlines()) >= 6
    assert dev == "mesh dev"


def test_plain_iceberg_reads_what_is_published(demo: Demo, mesh: Checkout) -> None:
    (example,) = (each for each in blocks("docs/storage.md") if each.language == "python")
    assert "mesh_dagster" not in example.text
    assert "[5 rows x 14 columns]" in follow(mesh, example)


def test_mesh_dev_serves_every_domain_and_to_this_machine_only(live: Live, mesh: Checkout) -> None:
    assert sorted(live.server.repositories()) == sorted(DOMAINS)
    assert live.processes.listening() == {"127.0.0.1"}
    assert "MESH-M062" in mesh.mesh("dev").exited(2).err


def test_no_job_no_schedule_and_no_sensor_spans_two_domains(live: Live) -> None:
    for domain, repository in live.server.repositories().items():
        made = made_by(repository)
        assert made.pop("review") == set(), "it decides on what was made, and makes nothing"
        jobs = {job["name"] for job in repository["jobs"]} - {"review"}
        targets = [target for each in repository["sensors"] for target in each["targets"] or ()]
        assert {each["pipelineName"] for each in repository["schedules"] + targets} <= jobs
        assert jobs <= set(made)
        assert {(name, key[0]) for name, keys in made.items() for key in keys} == {
            (name, domain) for name in made
        }
        nodes = repository["assetNodes"]
        foreign = [node for node in nodes if node["assetKey"]["path"][0] != domain]
        assert [node for node in foreign if node["isExecutable"] or node["jobNames"]] == []


def test_the_readme_is_true(live: Live, mesh: Checkout, after: After) -> None:
    make, *rest = [each for each in blocks("README.md") if each.language in ("sh", "python")]
    assert re.findall(r"^make (\w+)", make.text, re.MULTILINE) == ["demo", "test"]
    done = [follow(mesh, block) for block in rest]
    _, quarantined, waiting, released, found, shell, python, tested = done
    assert "rows beyond the first" in quarantined
    assert CLOCKS_BACK not in waiting.partition("flight_date")[2]
    assert re.search(rf"{CLOCKS_BACK} +released +72", released)
    assert "Every scheduled departure from New York" in found
    assert "avg(dep_delay)" in shell
    assert "dep_delay" in python
    assert "(6486, 14)" in python
    assert re.findall(r"^  failed  (\w+)", tested, re.MULTILINE) == [
        "name_required",
        "primary_key",
        "the_list_is_whole",
    ]


def test_the_corrected_contract_has_published_the_day_from_the_same_files(
    live: Live, mesh: Checkout, after: After
) -> None:
    newer = mesh.publications(OBSERVATIONS)[after.numbers[OBSERVATIONS] :]
    assert [(each["kind"], each["partitions"]) for each in newer] == [("reaudit", [CLOCKS_BACK])]
    assert newer[0]["contracts"] == {"": "1.0.1"}
    assert mesh.data_files(OBSERVATIONS) == after.observations
    # Any reader of Iceberg finds the day in the very file that was quarantined.
    table = StaticTable.from_metadata(newer[0]["ports"][""]["metadata"])
    files = {
        task.file.file_path.partition("/data/")[2]: task.file.record_count
        for task in table.scan().plan_files()
    }
    assert {name: rows for name, rows in files.items() if CLOCKS_BACK in name} == {
        name: 72 for name in after.observations if CLOCKS_BACK in name
    }


def test_both_files_of_the_correction_agree(live: Live, mesh: Checkout) -> None:
    mesh.correct_the_weather()
    assert "nothing is wrong" in mesh.mesh("check").succeeded().err
    again = mesh.mesh("audit", OBSERVATIONS, "--quarantined").succeeded()
    assert "nothing of weather/observations waits" in again.err


def test_the_consumer_makes_the_released_day_by_itself_and_no_other(
    live: Live, mesh: Checkout, after: After
) -> None:
    def newer() -> dict[str, list[str]]:
        return {each: mesh.published(each, after=after.numbers[each]) for each in PRODUCTS}

    live.wait_for(lambda: "" if newer()[DELAY_RISK] else f"{CLOCKS_BACK} of {DELAY_RISK}")
    live.settle()
    nothing = {each: [] for each in PRODUCTS}
    assert newer() == {**nothing, OBSERVATIONS: [CLOCKS_BACK], DELAY_RISK: [CLOCKS_BACK]}


def test_a_corrected_source_day_remakes_what_has_read_it_and_nothing_else(
    live: Live, mesh: Checkout
) -> None:
    before = numbers(mesh)
    mesh.mesh("run", DEPARTURES, "--partition", CORRECTED).succeeded()
    expected: dict[str, list[str]] = {
        **{each: [] for each in PRODUCTS},
        DEPARTURES: [CORRECTED],
        ROUTE_DELAYS: [CORRECTED],
        # Its own departures, and the route_delays of the seven days before a day.
        DELAY_RISK: ["2013-11-05", "2013-11-06", "2013-11-07"],
    }

    def newer() -> dict[str, list[str]]:
        return {each: mesh.published(each, after=before[each]) for each in PRODUCTS}

    def missing() -> str:
        found = newer()
        left = {each: sorted(set(expected[each]) - set(found[each])) for each in PRODUCTS}
        return ", ".join(f"{days} of {product}" for product, days in left.items() if days)

    live.wait_for(missing)
    live.settle()
    assert newer() == expected


def test_ctrl_c_ends_all_that_mesh_dev_started(live: Live) -> None:
    live.processes.interrupt(live.running)
    nothing_lives(live.processes)


def test_a_demo_that_comes_out_wrong_exits_with_the_reason(demo: Demo, mesh: Checkout) -> None:
    transform = mesh.defs(CARRIERS) / "transform.py"
    transform.write_text(transform.read_text() + _ONE_TOO_FEW)
    mesh.mesh("run", CARRIERS).succeeded()
    wrong = mesh.mesh("demo", seconds=1500).exited(1)
    assert "fleet/carriers/v1 shows 1 of 1 partitions, 15 of 16 rows" in wrong.err
    # What the daemon before it carried on is the other way in which the story may end.
    assert wrong.err.count("not as it should be") == 1


def numbers(mesh: Checkout) -> dict[str, int]:
    """The number of each product's newest publication."""
    return {product: mesh.number(product) for product in PRODUCTS}


def further(demo: Demo) -> list[str]:
    """The commands that the demo's last lines give."""
    return re.findall(r"^  (\S.*)$", demo.out.partition("To look further:\n")[2], re.MULTILINE)


def nothing_lives(processes: Processes) -> None:
    def missing() -> str:
        return ", ".join(f"the end of {each}" for each in processes.living())

    processes.wait_for(missing)


def made_by(repository: dict[str, Any]) -> dict[str, set[tuple[str, ...]]]:
    """The assets that each job of a location makes, and each sensor asks for."""
    made: dict[str, set[tuple[str, ...]]] = {}
    for job in repository["jobs"]:
        nodes = [node for op in job["solids"] for node in op["definition"]["assetNodes"]]
        made[job["name"]] = {tuple(node["assetKey"]["path"]) for node in nodes}
    for node in repository["assetNodes"]:
        for name in node["jobNames"]:
            made[name].add(tuple(node["assetKey"]["path"]))
    for each in repository["schedules"] + repository["sensors"]:
        if selection := each["assetSelection"]:
            made[f"{each['name']}!"] = {tuple(key["path"]) for key in selection["assetKeys"]}
    return made
