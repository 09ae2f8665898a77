"""Who reads a product learns what happened to it, from his own domain and by his own channels."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import yaml

from mesh_dagster import clock
from mesh_dagster.descriptors.editing import edited
from mesh_dagster.errors import MeshError
from mesh_dagster.journal.alert_tables import events
from mesh_dagster.model.address import Address
from mesh_dagster.model.event import Event, EventKind
from mesh_dagster.products.keeping.alerting import OUTBOX, publish_news
from mesh_dagster.products.keeping.slo_incidents import broken_there
from mesh_dagster.products.making.materialize import materialize
from mesh_dagster.registry.news import news_key, read_news

READS = {"sales": "mesh://shop/sales/v1"}


@pytest.fixture
def mesh_of_three(world, hook):
    """`report/daily` and `report/weekly` read `shop/sales`; `alone/other` reads nothing."""
    world.hooked()
    world.product("report/daily/v1", inputs=READS, transform="def transform(sales): return sales")
    world.product("report/weekly/v1", inputs=READS, transform="def transform(sales): return sales")
    world.product("alone/other/v1")
    return world


def make(world, path="shop/sales/v1"):
    mesh = world.mesh
    return materialize(mesh, mesh.load(Address.parse(path)))


def promise(world, path="shop/sales/v1", **changed):
    """Change the contract of a product."""
    folder = world.mesh.load(Address.parse(path)).folder
    file = folder / "contract.odcs.yaml"
    before = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**before, **changed}))
    descriptor = folder / "product.odps.yaml"
    old, new = f" version: {before['version']}", f" version: {changed['version']}"
    descriptor.write_text(f" {descriptor.read_text()}".replace(old, new)[1:])


def bad(world):
    """Let what the shop sells break its contract from now on."""
    world.product("shop/sales/v1", quality=[{"metric": "rowCount", "mustBeGreaterThan": 5}])


def listening(world, *domains):
    """Let domains have listened before."""
    for each in domains:
        world.tell(each)


def domain_of(world, name):
    (found,) = [each for each in world.mesh.domains if each.name == name]
    return found


def kinds(world, domain):
    return [each.event.kind for each in world.alerts(domain)]


def test_owners_downstream_hear_of_a_quarantine_once_for_all_that_it_hits(mesh_of_three, hook):
    world = mesh_of_three
    bad(world)
    make(world)
    for domain in ("shop", "report", "alone"):
        world.tell(domain)
    assert [each["to"] for each in hook.accepted] == ["shop", "report"], "and never everybody"
    upstream = hook.accepted[1]["alerts"][0]
    assert upstream["kind"] == "quarantined"
    assert upstream["affects"] == ["report/daily/v1", "report/weekly/v1"]
    assert upstream["summary"].startswith("upstream shop/sales/v1: all of it quarantined")
    world.tell("report")
    assert len(hook.accepted) == 2, "it is told once"


def test_they_hear_that_it_is_settled_and_the_incident_is_its_producers(mesh_of_three, hook):
    world = mesh_of_three
    bad(world)
    make(world)
    listening(world, "shop", "report")
    world.product("shop/sales/v1")
    make(world)
    world.tell("shop")
    world.tell("report")
    assert kinds(world, "report") == [EventKind.SETTLED, EventKind.QUARANTINED]
    with world.mesh.journal("report") as journal:
        assert journal.outbox.incidents() == []
    with world.mesh.journal("shop") as journal:
        (incident,) = journal.outbox.incidents()
    assert incident.repair["outcome"] == "superseded"


def test_readers_in_the_same_domain_are_told_with_the_owner(world, hook):
    world.hooked()
    world.product("shop/margin/v1", inputs=READS, transform="def transform(sales): return sales")
    bad(world)
    make(world)
    world.tell()
    assert len(hook.accepted) == 1


def test_a_new_version_of_a_contract_is_announced_to_owner_and_readers(mesh_of_three, hook):
    world = mesh_of_three
    make(world)
    listening(world, "shop", "report")
    promise(world, version="1.1.0", description={"purpose": "to be told"})
    make(world)
    world.tell("shop")
    world.tell("report")
    changed = [each["alerts"][0] for each in hook.accepted]
    assert [each["kind"] for each in changed] == ["contract changed"] * 2
    assert changed[1]["details"]["before"] == "1.0.0"
    assert changed[1]["details"]["after"] == "1.1.0"
    assert changed[1]["details"]["changes"]


def test_a_deprecation_is_announced_once(mesh_of_three, hook):
    world = mesh_of_three
    make(world)
    listening(world, "shop", "report")
    promise(world, version="1.0.1", status="deprecated")
    make(world)
    make(world)
    world.tell("shop")
    world.tell("report")
    assert kinds(world, "report").count(EventKind.DEPRECATED) == 1


def test_the_deprecation_of_each_port_is_announced_and_that_of_the_product_after_them(
    mesh_of_three,
):
    world = mesh_of_three
    folder = world.product(
        "shop/sales/v1",
        ports={"late": {"n": "BIGINT"}, "early": {"n": "BIGINT"}},
        transform="def transform(rows): return {'sales': rows, 'late': rows, 'early': rows}",
    )

    def ends(name):
        file = folder / name
        file.write_text(edited(file.read_text(), {("status",): "deprecated"}, name))
        make(world)

    make(world)
    listening(world, "shop", "report")
    for name in ("late.odcs.yaml", "contract.odcs.yaml", "product.odps.yaml", "early.odcs.yaml"):
        ends(name)
    world.tell("shop")
    world.tell("report")
    assert [each.event.summary for each in reversed(world.alerts("report"))] == [
        "upstream shop/sales/v1: the contract of late is deprecated since 1.0.0",
        "upstream shop/sales/v1: the contract of sales is deprecated since 1.0.0",
        "upstream shop/sales/v1 is deprecated since 1.0.0",
    ]


def test_what_happened_before_a_domain_began_to_listen_is_none_of_its_news(mesh_of_three, hook):
    world = mesh_of_three
    bad(world)
    with clock.frozen(clock.wall().replace(year=2013)):
        make(world)
    world.tell("shop")
    world.tell("report")
    assert kinds(world, "report") == []


def test_what_happened_before_a_product_was_read_is_none_of_its_readers_news(mesh_of_three, event):
    world = mesh_of_three
    listening(world, "shop", "report")

    def hear(key, days, subject="alone/other/v1"):
        """Let something be told that happened so many days ago."""
        at = clock.now() - timedelta(days=days)
        world.put(event(key, subject, at=at), domain=subject.split("/")[0])
        with world.mesh.journal(subject.split("/")[0]) as journal:
            publish_news(world.mesh, domain_of(world, subject.split("/")[0]), journal)
        return world.tell("report", seconds=0).heard

    reads = {"other": "mesh://alone/other/v1"}
    code = "def transform(other): return other"
    assert hear("a", 12) == 0, "nobody here reads it"
    world.product("report/both/v1", inputs=reads, transform=code)
    assert hear("b", 12) == 0, "an old story"
    make(world, "alone/other/v1")
    make(world, "report/both/v1")
    assert hear("c", 12) == 0, "and it stays one, once it was read"
    assert hear("d", 0) == 1
    with clock.frozen(clock.now() - timedelta(days=10)):
        make(world)
        make(world, "report/daily/v1")
    assert hear("e", 9, "shop/sales/v1") == 1, "it has been read since, whoever slept meanwhile"


def test_news_that_cannot_be_read_keep_nobody_from_his_own(mesh_of_three, hook, event):
    world = mesh_of_three
    storage = world.mesh.documents
    storage.write(news_key("shop"), b'{"schemaVersion": 1}\nnonsense\n[1]\n{"schemaVersion": 7}\n')
    world.put(event("a", "report/daily/v1"), domain="report")
    done = world.tell("report")
    assert (done.heard, done.sent.delivered) == (0, 1)


def test_news_of_a_product_that_no_mesh_could_have_keep_nobody_from_his_own(
    mesh_of_three, hook, event
):
    world = mesh_of_three
    listening(world, "shop", "report")
    bad(world)
    make(world)
    world.tell("shop")
    told = hook.accepted[:]
    storage = world.mesh.documents
    news = storage.read(news_key("shop"))
    storage.write(news_key("shop"), news.replace(b"shop/sales/v1", b"shop/Sales v1") + news)
    world.put(event("a", "report/daily/v1"), domain="report")
    done = world.tell("report")
    assert (done.heard, done.sent.delivered) == (1, 2)
    assert len(hook.accepted) == len(told) + 2


def test_a_long_reason_is_no_reason_not_to_hear_of_a_deprecation(mesh_of_three, hook):
    world = mesh_of_three
    make(world)
    listening(world, "shop", "report")
    why = "nobody asks for it " * 60
    end = {"changes": ["it ends on 2026-12-01", f"because: {why}"]}
    about = ("shop/sales/v1", clock.now())
    world.put(
        Event(EventKind.DEPRECATED, *about, "end", "it ends", details=end),
        Event(EventKind.RETIRED, *about, "over", f"it is over: {why}"),
    )
    world.tell("shop")
    world.tell("report")
    assert kinds(world, "report") == [EventKind.RETIRED, EventKind.DEPRECATED]
    assert "nobody asks for it" in hook.accepted[-1]["text"]


def test_news_of_one_domain_cannot_speak_for_another(mesh_of_three):
    world = mesh_of_three
    listening(world, "shop", "report")
    bad(world)
    make(world)
    world.tell("shop")
    storage = world.mesh.documents
    storage.write(news_key("shop"), storage.read(news_key("shop")).replace(b'"shop/', b'"alone/'))
    assert world.tell("report").heard == 0


def test_news_of_one_domain_cannot_mute_another(mesh_of_three):
    world = mesh_of_three
    reads = {"other": "mesh://alone/other/v1"}
    code = "def transform(other): return other"
    world.product("report/both/v1", inputs=reads, transform=code)
    bad(world)
    make(world)
    listening(world, "report")
    world.tell("shop")
    storage = world.mesh.documents
    told = storage.read(news_key("shop"))
    storage.write(news_key("alone"), told.replace(b"shop/sales/v1", b"alone/other/v1"))
    assert world.tell("report").heard == 2
    assert {each.event.subject for each in world.alerts("report")} == {
        "shop/sales/v1",
        "alone/other/v1",
    }


@pytest.mark.parametrize(("about", "heard"), [("shop/sales/v1", 0), ("alone/other/v1", 1)])
def test_what_an_earlier_release_heard_is_known_if_it_was_of_the_same_product(
    mesh_of_three, about, heard
):
    world = mesh_of_three
    bad(world)
    make(world)
    listening(world, "report")
    world.tell("shop")
    (quarantined,) = world.alerts("shop")
    key = f"upstream:{quarantined.event.key}"
    before = Event(
        EventKind.QUARANTINED, about, clock.now(), key, "it", affects=("report/daily/v1",)
    )
    world.put(before, domain="report")
    assert world.tell("report").heard == heard


def test_all_of_a_burst_is_heard_and_nothing_foreign_takes_its_place(mesh_of_three, event):
    world = mesh_of_three
    listening(world, "shop", "report")
    at = clock.now()
    world.put(event("first", at=at))
    world.put(
        *(event(f"h{n}", "alone/other/v1", at=at, affects=("shop/sales/v1",)) for n in range(1100)),
        *(event(f"o{n}", kind=EventKind.BURNING, at=at) for n in range(1100)),
        *(event(f"b{n}", at=at) for n in range(1200)),
    )
    with world.mesh.journal("shop") as journal:
        assert publish_news(world.mesh, domain_of(world, "shop"), journal) == []
    assert world.tell("report", seconds=0).heard == 1201


def test_an_incident_that_goes_on_stays_in_the_news_however_old_it_is(mesh_of_three, event):
    world = mesh_of_three
    month = clock.wall() - timedelta(days=30)
    about = {"at": month, "objective": "latency", "incident": "i1"}
    world.put(
        event("mended", **about),
        event("old", at=month, objective="freshness", incident="i2"),
        event("fine", kind=EventKind.RECOVERED, **about),
    )
    with world.mesh.journal("shop") as journal:
        with journal._database.writing() as connection:
            connection.execute(sa.update(events).values(noticed=month))
        publish_news(world.mesh, domain_of(world, "shop"), journal)
    assert [each.key for each in read_news(world.mesh.documents, "shop")] == ["old"]
    assert broken_there(world.mesh, "shop") == {"shop/sales/v1"}


def test_news_that_have_no_room_are_a_problem_of_the_round(mesh_of_three, event, monkeypatch):
    world = mesh_of_three
    monkeypatch.setattr("mesh_dagster.registry.news.LARGEST", 1200)
    at = clock.now()
    world.put(event("going", incident="i", at=at), *(event(f"b{n}", at=at) for n in range(20)))
    (problem,) = world.tell("shop").problems
    heard = [each.key for each in read_news(world.mesh.documents, "shop")]
    assert heard[0] == "going"
    assert heard[1:] == [f"b{n}" for n in range(20)][-len(heard) + 1 :]
    assert problem == f"{21 - len(heard)} older news have no room any more"


def test_a_registry_that_refuses_is_a_problem_and_alerts_go_out(mesh_of_three, hook, event):
    world = mesh_of_three
    world.put(event("a", "report/daily/v1"), domain="report")
    storage = world.mesh.documents
    blocked = world.root / ".mesh" / "storage" / "_registry" / "shop"
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file where a folder should be")
    with pytest.raises(MeshError):
        storage.read(news_key("shop"))
    done = world.tell("report")
    assert done.sent.delivered == 1
    assert "shop" in done.problems[0]
    with world.mesh.journal("report") as journal:
        (beat,) = [each for each in journal.outbox.health().heartbeats if each.name == OUTBOX]
    assert "could not be read" in beat.error


def test_what_waits_too_long_in_quarantine_is_told_its_owner_once(world, hook):
    world.hooked(reviewWithin="2d")
    bad(world)
    make(world)
    world.tell()
    later = clock.wall().replace(year=clock.wall().year + 1)
    with clock.frozen(later):
        world.tell()
        world.tell()
    assert [each["kind"] for each in hook.alerts()] == ["quarantined", "review overdue"]
