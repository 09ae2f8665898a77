"""What a server repeats of a secret is not told, in whichever spelling."""

from __future__ import annotations

import pytest

from mesh_dagster.descriptors.secrets import hidden

URL = "https://user:pa55word@hooks.example.com:8443/services/T0B0/x1Y2z3-secret?sig=aB%2BcDeF9"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"cannot reach {URL}", "cannot reach ***"),
        ("HTTP 404 Cannot POST /services/T0B0/x1Y2z3-secret", "HTTP 404 Cannot POST /***/T0B0/***"),
        (r"no \/services\/T0B0\/x1Y2z3-secret", r"no \/***\/T0B0\/***"),
        ("signature aB+cDeF9 is wrong", "signature *** is wrong"),
        ("pa55word is not user's", "*** is not user's"),
        ("hooks.example.com does not answer", "hooks.example.com does not answer"),
    ],
)
def test_of_a_secret_url_the_host_alone_is_told(said: str, told: str) -> None:
    assert hidden(said, [URL]) == told


@pytest.mark.parametrize("said", ["{!r} is no header", "{} is no header"])
@pytest.mark.parametrize("secret", ["BEARERSECRET\n", "BEARERSECRETé", "a!b c#d"])
def test_a_secret_is_hidden_however_an_error_writes_it(secret: str, said: str) -> None:
    for spelling in (secret, secret.encode()):
        told = hidden(said.format(spelling), [secret])
        assert secret.strip() not in told
        assert "BEARER" not in told
        assert "a!b" not in told


def test_what_is_not_secret_is_told() -> None:
    assert (
        hidden("HTTP 503 Service Unavailable", ["", "abc/503/x"]) == "HTTP 503 Service Unavailable"
    )
