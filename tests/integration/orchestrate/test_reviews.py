"""Decisions of owners in Dagster: the form, what it does, what is shown, and what opens nothing."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlparse

import dagster as dg
import pytest
import yaml
from dagster._core.loader import LoadingContextForTest

from mesh_dagster import clock
from mesh_dagster.clock import new_id
from mesh_dagster.descriptors.product import load_product
from mesh_dagster.model.address import Address
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import Action, Ruling, RulingState
from mesh_dagster.orchestrate.checks import check_result
from mesh_dagster.orchestrate.review_links import form, links_of
from mesh_dagster.products.deciding.decisions import decide
from mesh_dagster.products.deciding.reviewing import reviews_of
from mesh_dagster.products.deciding.rulings import carry_out
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.products.mesh import Mesh
from mesh_dagster.products.reading.snapshots import snapshots

DAYS = ("2013-11-01", "2013-11-02", "2013-11-03")
BAD = DAYS[2]
SALES = dg.AssetKey(["shop", "sales", "v1"])
RULE = dg.AssetCheckKey(SALES, "amount_range")
OWNER = "owner@example.org"
WHO = Identity(OWNER, "environment", False, "MESH_USER", (OWNER,))
LEVELS = """\
slaProperties:
  - {property: frequency, value: 1, unit: d}
  - {property: accuracy, value: 50, unit: percent}
"""


@pytest.fixture
def quarantined(mesh, run):
    """Three days were made, and the third waits."""
    contract = next(mesh.folder("shop", "sales").glob("*.odcs.yaml"))
    contract.write_text(contract.read_text() + LEVELS)
    run(mesh.definitions("shop"), SALES, partitions=DAYS)
    return mesh


@pytest.fixture
def job(quarantined, instance):
    """Launches the form of the domain's location, filled in."""

    def launch(**given: object) -> dg.ExecuteInProcessResult:
        filled = {"review": _review(quarantined).id, "by": OWNER, "why": "returns"} | given
        return (
            quarantined.definitions("shop")
            .resolve_job_def("review")
            .execute_in_process(
                {"ops": {"decide": {"config": filled}}}, instance=instance, raise_on_error=False
            )
        )

    return launch


@pytest.fixture
def sensor(quarantined, instance):
    """One tick of a sensor of the domain, from where the last one ended."""
    cursors: dict[str, str | None] = {}

    def tick(name: str = "reviews") -> str:
        repository = quarantined.definitions("shop").get_repository_def()
        context = dg.build_sensor_context(
            instance=instance, cursor=cursors.get(name), repository_def=repository
        )
        found = repository.get_sensor_def(name).evaluate_tick(context)
        cursors[name] = found.cursor
        return found.skip_message or ""

    return tick


def _review(mesh):
    (found,) = [
        each for each in reviews_of(Mesh.open(mesh.root), "shop") if each.partitions == (BAD,)
    ]
    return found


def _decide(mesh, action: Action, **rest: object):
    opened = Mesh.open(mesh.root)
    loaded = load_product(mesh.folder("shop", "sales"))
    return decide(opened, loaded, _review(mesh), action, [WHO], why="returns", **rest)


def _check(instance) -> dg.AssetCheckEvaluation:
    records = instance.event_log_storage.get_asset_check_execution_history(RULE, limit=1)
    return records[0].event.asset_check_evaluation


def _of_now(instance, mesh) -> dict[str, bool]:
    """By check whether Dagster takes it for one of the newest materialization."""
    graph = mesh.definitions("shop").resolve_asset_graph()
    keys = sorted(graph.get_check_keys_for_assets({SALES}), key=lambda each: each.name)
    known = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    context = LoadingContextForTest(instance)
    return {
        key.name: asyncio.run(known[key].targets_latest_materialization(context))
        for key in keys
        if key in known
    }


def _numbers(mesh) -> list[int]:
    address = Address.parse("shop/sales/v1")
    return [each.number for each in snapshots(Mesh.open(mesh.root), address)]


def test_a_check_that_does_not_hold_says_which_command_shows_what_waits(
    quarantined, instance
) -> None:
    metadata = _check(instance).metadata
    assert metadata["review"].value == f"mesh review show {_review(quarantined).id}"
    (row,) = metadata["failing_partitions"].records
    assert row.data["partition"] == BAD
    assert row.data["review"] == _review(quarantined).id


def test_what_a_terminal_left_in_quarantine_is_told_to_dagster_once(
    quarantined, instance, sensor
) -> None:
    assert sensor() == "0 checks told of decisions"
    opened = Mesh.open(quarantined.root)
    materialize(opened, load_product(quarantined.folder("shop", "sales")), partitions=[BAD])
    # The rule that blocks, and one that does not hold and only warns.
    assert sensor() == "2 checks told of decisions"
    check = _check(instance)
    assert not check.passed
    newest = max(reviews_of(opened, "shop"), key=lambda each: each.covers)
    assert check.metadata["review"].value == f"mesh review show {newest.id}"
    assert "[Decide](" not in check.description, "no location is known here"
    assert sensor() == "0 checks told of decisions"


def test_a_decision_that_is_being_carried_out_keeps_no_later_one_from_being_told(
    quarantined, instance, sensor
) -> None:
    opened, loaded = Mesh.open(quarantined.root), load_product(quarantined.folder("shop", "sales"))
    first = _review(quarantined)
    materialize(opened, loaded, partitions=[BAD])
    sensor()
    (second,) = [
        each
        for each in reviews_of(opened, "shop")
        if each.partitions == (BAD,) and each.covers != first.covers and each.rows
    ]
    begun = Ruling(
        new_id(),
        first.id,
        first.product,
        Action.DISCARD,
        WHO,
        "broken till",
        clock.now(),
        covers=first.covers,
        rules=first.rules,
        revision=first.revision,
        state=RulingState.BEGUN,
    )
    with opened.journal("shop") as journal:
        journal.reviews.put(begun)
        decide(opened, loaded, second, Action.REAUDIT, [WHO], why="again")
        assert sensor() == "2 checks told of decisions"
        assert sensor() == "0 checks told of decisions"
        carry_out(opened, loaded, journal, begun)
    assert sensor() == "2 checks told of decisions"
    assert sensor() == "0 checks told of decisions"


def test_a_check_links_to_the_form_in_words_and_not_by_its_long_address(quarantined) -> None:
    loaded = load_product(quarantined.folder("shop", "sales"))
    links = links_of(Mesh.open(quarantined.root), loaded, "shop")
    results = [each for each in _review(quarantined).results if each.rule == RULE.name]
    told = check_result(SALES, RULE.name, results, links)
    link = links.url(_review(quarantined).id)
    assert told.description.endswith(f"the contract allows none [Decide]({link})")
    assert not any(isinstance(each, dg.UrlMetadataValue) for each in told.metadata.values())


def test_the_link_opens_the_launchpad_with_the_review_filled_in_and_the_rest_to_fill(
    quarantined,
) -> None:
    opened = Mesh.open(quarantined.root)
    links = links_of(opened, load_product(quarantined.folder("shop", "sales")), "shop")
    review = _review(quarantined)
    url = urlparse(links.url(links.id("", "amount_range", BAD)))
    assert url.path == "/locations/shop/jobs/review/playground/setup"
    (text,) = parse_qs(url.query)["config"]
    assert text == form(review)
    assert yaml.safe_load(text)["ops"]["decide"]["config"] == {
        "review": review.id,
        "decision": None,
        "by": None,
        "why": None,
    }


@pytest.mark.parametrize("until", ["soon", "9999-12-31T23:59:59-12:00", "2001-01-01"])
def test_a_moment_that_is_none_decides_nothing(job, quarantined, until) -> None:
    ended = job(decision="waive", until=until, rules=["amount_range"])
    (failure,) = [each for each in ended.all_events if each.is_step_failure]
    assert failure.step_failure_data.error.message.startswith(
        "dagster._core.definitions.events.Failure: MESH-M0"
    )
    assert _numbers(quarantined) == [1]


def test_the_form_as_it_opens_decides_nothing(job, quarantined) -> None:
    empty = yaml.safe_load(form(_review(quarantined)))["ops"]["decide"]["config"]
    with pytest.raises(dg.DagsterInvalidConfigError):
        job(**empty)
    assert _numbers(quarantined) == [1]


def test_an_owner_releases_in_dagster_and_the_materialization_says_who(
    job, quarantined, instance, sensor
) -> None:
    done = job(decision="release")
    assert done.success
    assert _numbers(quarantined) == [2, 1]
    event = instance.get_latest_materialization_event(SALES).asset_materialization
    assert event.partition == BAD
    assert event.metadata["decided_by"].value == OWNER
    assert event.metadata["released_by"].value == OWNER
    assert event.metadata["identity_proven_by"].value == "launchpad"
    assert event.metadata["reason"].value == "returns"
    assert event.tags["dagster/data_version"] == "2"
    assert sensor() == "2 checks told of decisions"
    check = _check(instance)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["decided"].value.startswith(f"release by {OWNER} (launchpad, unverified)")
    assert sensor() == "0 checks told of decisions"


@pytest.mark.parametrize("order", [("publications", "reviews"), ("reviews", "publications")])
@pytest.mark.parametrize("where", ["launchpad", "terminal"])
def test_after_a_release_every_check_is_one_of_what_is_published_now(
    where, order, job, quarantined, instance, sensor
) -> None:
    if where == "launchpad":
        assert job(decision="release").success
    else:
        _decide(quarantined, Action.RELEASE)
    for name in order:
        sensor(name)
    told = _of_now(instance, quarantined)
    assert len(told) == 8
    assert all(told.values()), told
    check = _check(instance)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["decided"].value.startswith(f"release by {OWNER}")
    assert check.description.startswith(f"release by {OWNER}: 1 of ")


def test_what_is_told_while_a_run_goes_is_told_with_its_checks_when_it_is_over(
    quarantined, instance, sensor
) -> None:
    sensor("publications")
    _decide(quarantined, Action.RELEASE)
    other = dg.GraphDefinition(name="other").to_job()
    going = instance.create_run_for_job(other, status=dg.DagsterRunStatus.STARTED)
    assert sensor("publications").startswith("0 materializations told")
    instance.report_run_failed(going)
    assert sensor("publications").startswith("1 materializations told")
    assert all(_of_now(instance, quarantined).values())


def test_checks_that_were_not_told_in_time_are_told_by_the_next_tick(
    quarantined, instance, sensor, monkeypatch
) -> None:
    _decide(quarantined, Action.RELEASE)
    monkeypatch.setattr("mesh_dagster.orchestrate.publications._TICK", -1)
    sensor("publications")
    assert not any(_of_now(instance, quarantined).values())
    monkeypatch.undo()
    monkeypatch.setenv("MESH_NOW", "2013-11-04T12:00:00Z")
    monkeypatch.setenv("MESH_SINCE", "2013-11-01T00:00:00Z")
    sensor("publications")
    assert all(_of_now(instance, quarantined).values())


def test_a_release_on_the_command_line_is_a_materialization_with_its_reviewer(
    quarantined, instance, sensor
) -> None:
    _decide(quarantined, Action.RELEASE)
    assert sensor("publications").startswith("1 materializations told")
    event = instance.get_latest_materialization_event(SALES).asset_materialization
    assert event.metadata["released_by"].value == OWNER
    assert event.metadata["identity_proven_by"].value == "environment"
    assert event.metadata["rules_that_fail"].value == "amount_range"
    assert event.description == f"released by {OWNER} against its contract"


def test_the_check_shows_who_waived_it_until_when_and_fails_again_afterwards(
    quarantined, instance, sensor, run, monkeypatch
) -> None:
    from datetime import UTC, datetime

    _decide(quarantined, Action.WAIVE, until=datetime(2013, 11, 6, tzinfo=UTC))
    assert sensor() == "1 checks told of decisions"
    check = _check(instance)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["waived_by"].value == OWNER
    assert check.metadata["waived_until"].value == "until 2013-11-06 00:00 UTC"
    # A run says the same.
    assert run(quarantined.definitions("shop"), SALES, partitions=(BAD,)).success
    assert _check(instance).metadata["waived_by"].value == OWNER
    monkeypatch.setenv("MESH_NOW", "2013-11-06T00:00:00Z")
    assert sensor() == "1 checks told of decisions"
    check = _check(instance)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "waived_by" not in check.metadata


def test_who_is_no_owner_decides_nothing_in_dagster(job, quarantined) -> None:
    done = job(decision="release", by="piet@example.org")
    assert not done.success
    (failure,) = [each for each in done.all_events if each.is_step_failure]
    assert "MESH-M044" in failure.step_failure_data.error.message
    assert _numbers(quarantined) == [1]


def test_a_mesh_that_wants_proof_takes_no_name_from_the_launchpad(job, quarantined) -> None:
    file = quarantined.root / "mesh.yaml"
    file.write_text(file.read_text() + "reviews: {identity: [os]}\n")
    assert not job(decision="release").success
    assert _numbers(quarantined) == [1]


def test_a_check_that_anybody_reports_as_passed_opens_nothing(
    quarantined, instance, sensor, run
) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=SALES, check_name="amount_range", passed=True, metadata={}
        )
    )
    assert _check(instance).passed
    sensor()
    sensor("publications")
    assert _numbers(quarantined) == [1]
    assert _review(quarantined).is_open
    run(quarantined.definitions("shop"), SALES, partitions=(BAD,))
    assert _numbers(quarantined) == [1]
    assert not _check(instance).passed


def test_an_audit_in_dagster_that_does_not_pass_is_a_failed_run(job, quarantined) -> None:
    done = job(decision="reaudit")
    assert not done.success
    assert _review(quarantined).revision == 1
