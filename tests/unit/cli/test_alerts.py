"""What people were told, what broke, and whether anybody would hear of the next thing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from mesh_dagster import clock
from mesh_dagster.journal.alert_tables import events, heartbeats, messages
from mesh_dagster.journal.database import Database
from mesh_dagster.testing import write_product

PATH = "air/flights/v1"


def written(mesh, statement):
    """Change the journal of the domain as time, or somebody else, would."""
    database = Database(mesh.config.state / "journals" / "air.db", "air")
    with database.writing() as connection:
        connection.execute(statement)
    database.close()


def notifications(mesh, text):
    with mesh.config.file.open("a") as file:
        file.write(f"notifications: {text}\n")


def test_who_was_told_of_what_is_listed(published, run):
    waiting = run("alerts", "air/flights")
    assert waiting.code == 0
    assert "quarantined" in waiting.out
    assert "nobody yet" in waiting.out
    notifications(published, "{group: 0s}")
    sent = run("alerts", "--send")
    assert sent.code == 0
    assert "air: 1 delivered, 0 to be tried again, 0 given up" in sent.err
    assert "air: nothing is due" in run("alerts", "--send").err
    assert "log: air" in sent.out
    assert "delivered" in sent.out
    (alert,) = run("alerts", "--json").json
    assert alert["event"]["subject"] == PATH
    assert alert["told"][0]["state"] == "delivered"


def test_a_product_and_a_mesh_of_which_nothing_was_told_say_so(mesh, run):
    assert run("alerts").err == "nobody was told of anything\n"
    assert run("alerts", "--dead").err == "nothing was given up\n"
    assert run("incidents").err == "no incident\n"


@pytest.mark.parametrize("said", [["alerts", "--send"], ["alerts"], ["incidents"], ["slo"]])
def test_a_domain_whose_journal_is_broken_silences_no_other(published, run, said):
    hourly = [{"property": "frequency", "value": 1, "unit": "h"}]
    write_product(published, "aaa/first/v1", {"id": "BIGINT"}, {"id": [1]}, levels=hourly)
    notifications(published, "{group: 0s}")
    (published.config.state / "journals" / "aaa.db").write_bytes(
        b"this is no database, and it is long enough to be none" * 99
    )
    told = run(*said)
    assert told.code == 3
    assert "aaa could not be asked: MESH-M030" in told.err
    assert "bug" not in told.err
    if "--send" in said:
        assert "air: 1 delivered" in told.err
    if said[0] != "slo":
        assert "quarantined" in told.out


def test_a_domain_that_is_not_here_gets_a_suggestion(mesh, run):
    refused = run("alerts", "--domain", "airr")
    assert refused.code == 2
    assert "did you mean `air`" in refused.err


def test_an_incident_tells_how_long_it_took_and_what_broke(published, run):
    told = run("incidents", "air/flights")
    assert told.code == 1, "it goes on"
    for part in (f"{PATH} · quarantined · open", "began", "detected", "notified  nobody yet"):
        assert part in told.out
    places = [line for line in told.out.splitlines() if "/" in line and " " not in line.strip()]
    assert all(len(line) <= 80 for line in told.out.splitlines() if line not in places)
    assert "repaired  not yet" in told.out
    assert "  check     " in told.out
    (incident,) = run("incidents", "--open", "--json").json
    assert incident["seconds_to_repair"] is None
    assert incident["details"]["partitions"] == ["2013-11-02"]


def test_silence_is_a_finding(published, run):
    ill = run("doctor")
    assert ill.code == 1
    assert "MESH-M081 air · the outbox has never given a sign of life" in ill.out
    run("alerts", "--send")
    well = run("doctor")
    assert well.code == 0, well.out
    assert "people are told what happens" in well.err
    assert [line.split()[:2] for line in well.out.splitlines()[1:]] == [["air", "all"]]
    assert "outbox" in run("doctor", "--parts").out
    written(published, sa.update(heartbeats).values(at=clock.wall() - timedelta(minutes=3)))
    ill = run("doctor")
    assert ill.code == 1
    assert "has given no sign of life for 3 minutes" in ill.out
    assert run("doctor", "--silent", "600").code == 0
    written(published, sa.update(heartbeats).values(at=clock.wall() + timedelta(days=365)))
    ill = run("doctor")
    assert ill.code == 1, "by a clock that is right again it would be alive for a year"
    assert "gave its last sign of life 365 days from now" in ill.out


def test_what_was_given_up_is_found_listed_and_tried_again(published, run):
    notifications(published, "{group: 0s}")
    run("alerts", "--send")
    dead = {"state": "dead", "error": "HTTP 404"}
    written(published, sa.update(messages).values(dead))
    ill = run("doctor")
    assert ill.code == 1
    assert "MESH-M082 air · 1 messages were given up" in ill.out
    listed = run("alerts", "--dead")
    assert "log: HTTP 404" in listed.out
    again = run("alerts", "--retry", "--send", "--dead")
    assert "air: 1 messages will be tried again" in again.err
    assert "nothing was given up" in again.err


def test_what_nobody_has_to_be_told_any_more_is_dropped_on_the_record(published, run, monkeypatch):
    monkeypatch.setenv("MESH_USER", "noor")
    notifications(published, "{group: 0s}")
    with published.config.file.open("a") as file:
        file.write("reviews: {identity: [environment]}\n")
    run("alerts", "--send")
    written(published, sa.update(messages).values(state="dead", error="SMTP 550 nobody"))
    assert run("doctor").code == 1
    other = run("alerts", "air/carriers", "--drop")
    assert "air: 0 messages were dropped" in other.err, "it tells of another product"
    dropped = run("alerts", "air/flights", "--drop")
    assert "air: 1 messages were dropped by noor (environment, unverified)" in dropped.err
    assert "log: dropped by noor (environment, unverified): SMTP 550 nobody" in dropped.out
    (alert,) = run("alerts", "--json").json
    assert alert["told"][0]["state"] == "dropped"
    well = run("doctor")
    assert well.code == 0, well.out
    assert "0 messages will be tried again" in run("alerts", "--retry").err
    assert run("alerts", "--retry", "--drop").code == 2


def test_a_part_that_is_to_come_once_a_day_is_not_silent_before_that(published, run):
    run("alerts", "--send")
    hours = {"outbox": 1, "pruning": 30}
    for name, many in hours.items():
        sign = sa.update(heartbeats).where(heartbeats.c.name == name)
        written(published, sign.values(at=clock.wall() - timedelta(hours=many)))
    assert run("doctor", "--silent", "7200").code == 0
    ill = run("doctor", "--silent", "1800")
    assert ill.code == 1
    assert "the outbox has given no sign" in ill.out
    assert "the pruning" not in ill.out
    sign = sa.update(heartbeats).where(heartbeats.c.name == "pruning")
    written(published, sign.values(at=clock.wall() - timedelta(days=3)))
    ill = run("doctor", "--silent", "7200")
    assert "the pruning has given no sign of life for 3 days" in ill.out


def test_what_waits_for_long_is_found(published, run):
    run("alerts", "--send")
    written(published, sa.update(events).values(noticed=clock.wall() - timedelta(hours=5)))
    notifications(published, "{group: 9h}")
    ill = run("doctor")
    assert ill.code == 1
    assert "MESH-M083 air · 1 messages wait, the oldest for 5 hours" in ill.out


def test_a_variable_that_is_not_set_is_found(published, run, monkeypatch):
    monkeypatch.delenv("AIR_HOOK", raising=False)
    text = '{channels: {chat: {type: webhook, url: "${AIR_HOOK}"}}, owners: [chat], group: 0s}'
    notifications(published, text)
    assert run("alerts", "--send").code == 1
    ill = run("doctor")
    assert "MESH-M080 air · the channel `chat` needs AIR_HOOK" in ill.out
    assert "MESH-M084" in ill.out


@pytest.mark.parametrize("said", ["alerts", "incidents", "doctor"])
def test_no_dagster_is_needed(mesh, said):
    import subprocess
    import sys

    code = (
        "import sys; from mesh_dagster.cli.root import run; run(sys.argv[1:]);"
        "print('dagster' in sys.modules, file=sys.stderr)"
    )
    asked = subprocess.run(
        [sys.executable, "-c", code, said],
        cwd=mesh.config.root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stderr.endswith("False\n")
