"""AWS's word on who decides, from a real answer of STS."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import boto3
import pytest

from mesh_dagster.cli.root import run
from mesh_dagster.errors import EvaluationError, UsageError
from mesh_dagster.model.review import Action
from mesh_dagster.model.snapshot import Outcome
from mesh_dagster.products.deciding.decisions import decide
from mesh_dagster.products.deciding.reviewing import identities
from mesh_dagster.reviews.identity import of_system

DAY = "2013-11-01"
TRUST = '{"Version": "2012-10-17", "Statement": []}'


@pytest.fixture
def sales(shop: Any, world: ModuleType) -> Any:
    """A day that waits, in a mesh that accepts AWS's word alone."""
    shop.product(rows=world.sold({DAY: [-1]}))
    shop.name_owners("noor@example.org")
    shop.make(DAY)
    file = shop.root / "mesh.yaml"
    file.write_text(file.read_text() + "reviews: {identity: [aws]}\n")
    return shop


def _named(shop: Any, arn: str) -> None:
    file = shop.root / "domains" / "shop" / "src" / "shop" / "domain.yaml"
    custom = f"customProperties: [{{property: identity, value: ['{arn}']}}]"
    file.write_text(
        f"name: shop\nteam: T\nmembers:\n- {{username: noor@example.org, role: owner, {custom}}}\n"
    )


def _decide(shop: Any) -> Any:
    mesh = shop.mesh
    (review,) = shop.reviews()
    return decide(mesh, shop.load(), review, Action.RELEASE, identities(mesh), why="I may")


def test_whoever_may_assume_the_owners_role_decides_as_that_owner(
    sales: Any, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = boto3.client("iam").create_role(RoleName="weather", AssumeRolePolicyDocument=TRUST)
    arn = role["Role"]["Arn"]
    given = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="noor@example.org")
    keys = given["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys["SessionToken"])
    # The name of a session is chosen by whoever assumes the role: it proves nothing.
    with pytest.raises(UsageError, match="only an owner"):
        _decide(sales)
    _named(sales, arn)
    made = _decide(sales)
    assert made.outcome is Outcome.RELEASED
    assert (made.by.name, made.by.proof, made.by.verified) == ("noor@example.org", "aws", True)
    assert "assumed-role/weather/noor@example.org" in made.by.detail


def test_an_answer_that_does_not_come_is_an_error_and_nobodys_word(
    sales: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(EvaluationError, match="AWS does not say who you are"):
        _decide(sales)


@pytest.fixture
def first_os(sales: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The operating system is asked first, and AWS does not answer."""
    file = sales.root / "mesh.yaml"
    file.write_text(file.read_text().replace("[aws]", "[os, aws]"))
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this-one")
    return sales


def test_whom_the_first_proof_knows_decides_though_aws_does_not_answer(
    first_os: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(first_os.root)
    first_os.name_owners(of_system().name)
    assert run(("review", "--owner", "me", "--ids")) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{first_os.reviews()[0].id}\n", "")
    assert _decide(first_os).outcome is Outcome.RELEASED


def test_whom_the_first_proof_does_not_know_is_told_that_aws_does_not_answer(
    first_os: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(first_os.root)
    with pytest.raises(EvaluationError, match=r"AWS does not say who you are: .*nobody-has-this"):
        _decide(first_os)
    assert run(("review", "--owner", "me", "--ids")) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("AWS does not say who you are") == 1


def test_without_credentials_aws_says_nothing(
    sales: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert list(identities(sales.mesh)) == []
    with pytest.raises(UsageError, match="nobody that this mesh accepts a proof of"):
        _decide(sales)
