"""What mesh.yaml and domain.yaml say of notifications, and what is wrong with it at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mesh_dagster.alerts.channels import Channels
from mesh_dagster.descriptors.mesh import mesh_problems, read_mesh
from mesh_dagster.errors import UsageError
from mesh_dagster.model.domain import Domain
from mesh_dagster.model.finding import Severity
from mesh_dagster.model.notification import Channel, Notifications


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("MESH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mesh(tmp_path):
    def written(stated):
        file = tmp_path / "mesh.yaml"
        text = {"name": "m", "storage": "s", "notifications": stated}
        file.write_text(yaml.safe_dump(text, sort_keys=False))
        return file

    return written


def channel(**settings):
    return {"channels": {"c": settings}}


def shop(**rest):
    return Domain("shop", "Shop", Path(), **rest)


def test_what_is_said_is_read_and_read_again_from_the_cache(mesh):
    stated = {
        **channel(type="webhook", url="${URL}", format="slack"),
        "owners": ["c"],
        "coolDown": "2h",
        "retry": {"first": "500ms", "giveUp": "1w"},
    }
    file = mesh(stated)
    for _ in range(2):
        found = read_mesh(file)
        assert found.warnings == ()
        said = found.notifications
        assert said.owners == ("c",)
        assert said.channels == (Channel("c", "webhook", {"url": "${URL}", "format": "slack"}),)
        assert said.patience == {"cool_down": 7200, "first": 0.5, "give_up": 604800}


@pytest.mark.parametrize(
    "settings",
    [
        {"type": "webhook", "url": "https://hooks.slack.com/services/T/B/hunter2"},
        {"type": "webhook", "url": "${URL}", "token": "hunter2"},
        {"type": "smtp", "host": "h", "from": "f", "password": "hunter2"},
        {"type": "smtp", "host": "h", "from": "f", "pasword": "hunter2"},
    ],
)
def test_a_literal_secret_is_an_error_that_does_not_repeat_it(mesh, settings):
    found = [each for each in mesh_problems(mesh(channel(**settings))) if each.code == "MESH-D061"]
    (secret,) = found
    assert secret.severity is Severity.ERROR
    assert "hunter2" not in str(secret)
    assert "${C_" in secret.fix
    assert secret.where.endswith(f":{5 + len(settings)}")


@pytest.mark.parametrize(
    ("stated", "code", "said"),
    [
        (channel(type="webhok"), "MESH-D060", "did you mean `webhook`"),
        (channel(type="webhook"), "MESH-D009", "`url` is missing in the channel `c`"),
        (channel(type="log", levl="info"), "MESH-D007", "did you mean `level`"),
        (channel(type="log", level="loud"), "MESH-D008", "expected info or warning or error"),
        (channel(type="smtp", host="h", port="x", **{"from": "f"}), "MESH-D008", "a number"),
        ({"coolDown": "soon"}, "MESH-D008", "expected a span of time"),
        ({"cooldown": "1h"}, "MESH-D007", "did you mean `coolDown`"),
        ({"retry": {"last": "1h"}}, "MESH-D007", "nothing is called `last` here"),
        ({"owners": "c"}, "MESH-D008", "expected a list"),
        ({"channels": {"c": {"level": "info"}}}, "MESH-D009", "`type` is missing"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(mesh, stated, code, said):
    found = mesh_problems(mesh(stated))
    assert [each for each in found if each.code == code and said in each.message], found
    assert all((each.where or "").count(":") for each in found)


def test_the_domains_word_goes_before_that_of_the_mesh(mesh):
    both = channel(type="log", level="info") | {"owners": ["c"], "coolDown": "1h", "group": "1s"}
    config = read_mesh(mesh(both))
    own = Notifications((Channel("c", "log", {"level": "error"}),), None, {"group": 5.0})
    channels = Channels(config, shop(notifications=own))
    assert channels.owners == ("c",)
    assert channels.open("c")._level == 40
    assert (channels.patience.cool_down, channels.patience.group) == (3600, 5)


def test_owners_of_whom_nothing_is_said_are_told_by_the_log(mesh):
    assert Channels(read_mesh(mesh({})), shop()).owners == ("log",)


def test_owners_named_for_a_channel_that_is_not_there_are_told_by_the_log_and_it_is_found(mesh):
    channels = Channels(read_mesh(mesh(channel(type="log") | {"owners": ["d"]})), shop())
    assert channels.owners == ("log",)
    (finding,) = channels.findings()
    assert finding.code == "MESH-D062"


def test_a_mail_to_a_domain_without_an_address_is_found(mesh):
    mail = channel(type="smtp", host="h", **{"from": "f"}) | {"owners": ["c"]}
    config = read_mesh(mesh(mail))
    assert [each.code for each in Channels(config, shop(contact="#room")).findings()] == [
        "MESH-D063"
    ]
    assert list(Channels(config, shop(contact="a@b.example")).findings()) == []


def test_a_variable_that_is_not_set_is_found_and_refused(mesh, monkeypatch):
    config = read_mesh(mesh(channel(type="webhook", url="${URL}") | {"owners": ["c"]}))
    channels = Channels(config, shop())
    monkeypatch.delenv("URL", raising=False)
    assert [each.code for each in channels.unset()] == ["MESH-M080"]
    with pytest.raises(UsageError, match="needs URL"):
        channels.open("c")
    monkeypatch.setenv("URL", "https://hooks.example/hunter2")
    assert list(channels.unset()) == []
    channels.open("c")
    said = channels.without_secrets("c", "cannot reach https://hooks.example/hunter2?")
    assert said == "cannot reach ***?"
