"""Every kind of event holds against the public schemas, and tells what was done and no data."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mesh_dagster.clock import frozen
from mesh_dagster.errors import MeshError
from mesh_dagster.lineage.told import Parent
from mesh_dagster.model.address import Address
from mesh_dagster.model.identity import Identity
from mesh_dagster.model.review import Action
from mesh_dagster.model.run_event import RunState
from mesh_dagster.products.deciding import heal as healing
from mesh_dagster.products.deciding.decisions import decide
from mesh_dagster.products.deciding.heal import heal
from mesh_dagster.products.deciding.reviewing import reviews_in
from mesh_dagster.products.deciding.rollback import rollback

SCHEMAS = Path(
    os.environ.get("MESH_OPENLINEAGE_SCHEMAS")
    or Path(__file__).parents[4] / "shared/schemas/openlineage"
)
NOON = datetime(2013, 11, 8, 12, tzinfo=UTC)
SECRET = "078-05-1120"
POSITIVE = {"type": "sql", "query": "SELECT count(*) FROM {object} WHERE n < 0", "mustBe": 0}
DAILY = {"every": "day", "column": "day", "start": "2013-11-01"}


@pytest.fixture(scope="session")
def problems():
    """A function that holds an event and each of its facets against the public schemas."""
    if not (SCHEMAS / "OpenLineage.json").is_file():
        pytest.skip(f"no schemas in {SCHEMAS}; MESH_OPENLINEAGE_SCHEMAS names another folder")
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing import Registry, Resource

    files = [SCHEMAS / "OpenLineage.json", *sorted((SCHEMAS / "facets").glob("*.json"))]
    documents = [json.loads(file.read_text()) for file in files]
    registry = Registry().with_resources(
        [(each["$id"], Resource.from_contents(each)) for each in documents]
    )

    def against(url, value):
        schema = {"$ref": url}
        validator = Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())
        return [f"{url}: {each.message}" for each in validator.iter_errors(value)]

    def all_problems(event):
        found = against(event["schemaURL"], event)
        for facets in _facets(event):
            for facet in facets.values():
                found += against(facet["_schemaURL"], facet)
        return found

    return all_problems


def _facets(event):
    yield event["run"]["facets"]
    yield event["job"]["facets"]
    for dataset in (*event["inputs"], *event["outputs"]):
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield dataset.get(kind, {})


def recorded(world, domain="shop"):
    """Every event that a domain recorded, by key."""
    import sqlalchemy as sa

    from mesh_dagster.journal.lineage_tables import run_events

    with world.mesh.journal(domain) as journal:
        with journal._database.reading() as connection:
            query = sa.select(run_events.c.key).order_by(run_events.c.number)
            keys = connection.execute(query).scalars().all()
        return {key: json.loads(journal.deliveries.body(key)) for key in keys}


def loaded(world, address):
    mesh = world.mesh
    return mesh, mesh.load(Address.parse(address))


def facet(event, name, of="outputs", kind="facets"):
    return event[of][0][kind][name]


def tags(event):
    return {each["key"]: each["value"] for each in event["run"]["facets"]["tags"]["tags"]}


@pytest.fixture
def story(world):
    """A mesh in which everything happened that there is an event for."""
    world.product(
        "shop/people/v1",
        {
            "n": {
                "physicalType": "BIGINT",
                "description": "How many.",
                "customProperties": [{"property": "entity", "value": "count"}],
            },
            "ssn": {"physicalType": "VARCHAR", "classification": "restricted"},
            "day": "DATE",
        },
        {
            "n": [1, -2],
            "ssn": [SECRET, SECRET],
            "day": [date(2013, 11, 1), date(2013, 11, 2)],
        },
        partitions=DAILY,
        quality=[{"id": "positive", **POSITIVE}],
    )
    return world


def test_a_publication_tells_what_was_read_and_what_was_written(story, problems):
    parent = Parent("0e8b1cd2-6f0c-4a39-8f0a-111111111111", "__ASSET_JOB", NOON)
    first = story.make("shop/people/v1", partitions=["2013-11-01"], parent=parent)
    event = story.recorded(first.id)
    assert problems(event) == []
    assert problems(story.recorded(first.id, "START")) == []
    assert (event["job"]["namespace"], event["job"]["name"]) == ("mesh://shop", "people/v1")
    assert event["run"]["runId"] == first.id
    parents = event["run"]["facets"]["parent"]
    assert parents["job"] == {"namespace": "mesh://shop", "name": "dagster/__ASSET_JOB"}
    assert parents["run"]["runId"] == parent.id
    assert facet(event, "version")["datasetVersion"] == "1"
    assert facet(event, "lifecycleStateChange")["lifecycleStateChange"] == "CREATE"
    assert facet(event, "outputStatistics", kind="outputFacets")["rowCount"] == 1
    assert facet(event, "symlinks")["identifiers"][0]["name"] == "shop.people_v1"
    told = {(t.get("field"), t["key"]): t["value"] for t in facet(event, "tags")["tags"]}
    assert told["ssn", "classification"] == "restricted"
    assert told["n", "entity"] == "count"
    rules = {a["name"]: a["success"] for a in facet(event, "dataQualityAssertions")["assertions"]}
    assert rules["positive"] is True
    assert event["inputs"][0]["namespace"] == "source://test"
    nominal = event["run"]["facets"]["nominalTime"]
    assert nominal["nominalStartTime"].startswith("2013-11-01T00:00")


def test_what_is_quarantined_is_a_failure_that_names_the_rules(story, problems):
    made = story.make("shop/people/v1", partitions=["2013-11-02"])
    event = story.recorded(made.id, "FAIL")
    assert problems(event) == []
    assert "positive" in event["run"]["facets"]["errorMessage"]["message"]
    assert "version" not in event["outputs"][0]["facets"]
    assert tags(event)["quarantined"] == "1"


def test_what_is_partly_published_is_complete_and_tells_what_is_not(story, problems):
    made = story.make("shop/people/v1", partitions=["2013-11-01", "2013-11-02"])
    event = story.recorded(made.id)
    assert problems(event) == []
    assert tags(event) == {
        "published": "1",
        "quarantined": "1",
        "partitions": "2013-11-01, 2013-11-02",
    }
    assert facet(event, "outputStatistics", kind="outputFacets")["rowCount"] == 1


def test_an_input_has_the_publication_that_was_read_and_a_job_its_sql(story, problems):
    story.make("shop/people/v1", partitions=["2013-11-01"])
    story.make("shop/people/v1", partitions=["2013-11-01"])
    story.product(
        "shop/copy/v1",
        {"n": "BIGINT"},
        inputs={"people": "mesh://shop/people/v1"},
        sql="SELECT n FROM people",
    )
    made = story.make("shop/copy/v1")
    event = story.recorded(made.id)
    assert problems(event) == []
    (read,) = event["inputs"]
    assert (read["namespace"], read["name"]) == ("mesh://shop", "people/v1")
    assert read["facets"]["version"]["datasetVersion"] == "2"
    assert event["job"]["facets"]["sql"]["query"] == "SELECT n FROM people"


def test_a_failure_tells_its_code_and_not_what_the_library_said(world, problems):
    world.product(
        "shop/sales/v1",
        {"n": "BIGINT", "ssn": {"physicalType": "VARCHAR", "classification": "restricted"}},
        {"n": [1], "ssn": [SECRET]},
        transform="def transform(rows):\n    raise ValueError(rows.collect()['ssn'][0])\n",
    )
    with pytest.raises(MeshError, match=SECRET):
        world.make("shop/sales/v1")
    events = recorded(world)
    (event,) = [each for each in events.values() if each["eventType"] == "FAIL"]
    assert problems(event) == []
    assert event["inputs"]
    assert "MESH-M012" in event["run"]["facets"]["errorMessage"]["message"]
    assert SECRET not in json.dumps(events)


def test_a_release_is_a_run_of_its_own_of_what_the_attempt_had_read(story, problems):
    story.configure_domain("shop", members=[{"username": "ann", "role": "owner"}])
    made = story.make("shop/people/v1", partitions=["2013-11-02"])
    mesh, product = loaded(story, "shop/people/v1")
    with mesh.journal("shop") as journal:
        (review,) = reviews_in(journal, "shop/people/v1")
    ann = Identity("ann", "os", True, "", ("ann",))
    decide(mesh, product, review, Action.RELEASE, [ann], why="it is a refund")
    events = recorded(story)
    last = list(events.values())[-1]
    assert [each["eventType"] for each in events.values()] == ["START", "FAIL", "START", "COMPLETE"]
    assert last["run"]["runId"] != made.id
    assert [problems(each) for each in events.values()] == [[]] * 4
    assert tags(last)["released"] == "1"
    assert last["inputs"]
    assert facet(last, "version")["datasetVersion"] == "1"
    assert facet(last, "columnLineage") == facet(story.recorded(made.id, "FAIL"), "columnLineage")


def test_a_rollback_is_a_run_of_its_own(story, problems):
    first = story.make("shop/people/v1", partitions=["2013-11-01"])
    story.make("shop/people/v1", partitions=["2013-11-01"])
    mesh, product = loaded(story, "shop/people/v1")
    publication = rollback(mesh, product, 1)
    event = story.recorded(publication.attempt)
    assert problems(event) == []
    assert facet(event, "columnLineage") == facet(story.recorded(first.id), "columnLineage")
    assert facet(event, "version")["datasetVersion"] == "3"
    assert event["inputs"] == []


def test_who_died_before_it_published_is_told_of_by_whoever_comes_next(story, problems):
    mesh, product = loaded(story, "shop/people/v1")
    parent = Parent("0e8b1cd2-6f0c-4a39-8f0a-111111111111", "nightly", NOON)
    from mesh_dagster import clock
    from mesh_dagster.products.telling.run_events import Telling

    attempt = clock.new_id()
    telling = Telling(mesh, product)
    run = telling.run_of(attempt, NOON, ["2013-11-01"], parent)
    with mesh.journal("shop") as journal:
        journal.begin("shop/people/v1", attempt, started_at=NOON, lineage=telling.started(run))
        healing.leave(attempt)
        heal(mesh, product, journal)
    event = story.recorded(attempt, "ABORT")
    assert problems(event) == []
    assert event["run"]["facets"]["parent"]["run"]["runId"] == parent.id


def test_who_died_after_it_published_is_told_of_by_whoever_comes_next(story, problems, monkeypatch):
    from mesh_dagster.journal import Journal

    mesh, product = loaded(story, "shop/people/v1")

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            story.make("shop/people/v1", partitions=["2013-11-01"])
    with mesh.journal("shop") as journal:
        heal(mesh, product, journal)
        (attempt,) = journal.attempts("shop/people/v1")
    event = story.recorded(attempt.id)
    assert problems(event) == []
    assert facet(event, "outputStatistics", kind="outputFacets")["rowCount"] == 1
    assert facet(event, "columnLineage")["fields"]
    assert event["inputs"]


def test_no_value_of_a_row_is_in_any_event(story):
    story.make("shop/people/v1", partitions=["2013-11-01", "2013-11-02"])
    assert SECRET not in json.dumps(recorded(story))


def test_a_lost_journal_is_told_of_again_from_storage(story, problems):
    story.make("shop/people/v1", partitions=["2013-11-01"])
    mesh, product = loaded(story, "shop/people/v1")
    for file in (story.root / ".mesh" / "journals").iterdir():
        file.unlink()
    with mesh.journal("shop") as journal:
        heal(mesh, product, journal)
    events = recorded(story)
    assert [each["eventType"] for each in events.values()] == ["COMPLETE"]
    assert problems(next(iter(events.values()))) == []


def test_the_namespace_is_what_mesh_yaml_says_for_every_domain(story):
    story.configure(namespace="prod://{domain}.example")
    made = story.make("shop/people/v1", partitions=["2013-11-01"])
    event = story.recorded(made.id)
    assert event["outputs"][0]["namespace"] == "prod://shop.example"


def test_nothing_is_recorded_where_lineage_is_off(story):
    story.configure(keep="0s")
    story.make("shop/people/v1", partitions=["2013-11-01"])
    assert recorded(story) == {}


def test_what_cannot_be_told_keeps_nobody_from_publishing(story, monkeypatch, caplog):
    from mesh_dagster.lineage.compose import Composer

    monkeypatch.setattr(Composer, "ended", lambda *_: 1 / 0)
    made = story.make("shop/people/v1", partitions=["2013-11-01"])
    assert made.decisions[0].publication == 1
    assert "could not be told" in caplog.text


def test_the_same_facts_give_the_same_bytes(story):
    from mesh_dagster.lineage.told import Ended, Read, Run, Written
    from mesh_dagster.model.snapshot import InputRead
    from mesh_dagster.products.telling.run_events import Telling

    with frozen(NOON):
        run = Run("01a1ffb1-83bc-7471-b001-b334e0a31ded", NOON)
        how = Ended(NOON, [Read(InputRead("rows", "source:a/b"))], [Written("", 1)])
        bodies = set()
        for _ in range(2):
            mesh, product = loaded(story, "shop/people/v1")
            composer = Telling(mesh, product).composer
            bodies.add(composer.ended(run, RunState.COMPLETE, how).body)
    assert len(bodies) == 1
