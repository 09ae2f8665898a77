"""Documents of other domains are hostile: nothing in them is a traceback, or lets anybody in."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from effort import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.access.worlds import DOMAINS, NOW, PORTS, PRINCIPALS

from mesh_dagster.access.decision import Audience, Guarded, Reader, decide
from mesh_dagster.access.requests import flaw_of, granted_at_once, place_taken
from mesh_dagster.errors import MeshError, StorageError
from mesh_dagster.model.access import AccessRequest, Effect, Grant, Refusal
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal
from mesh_dagster.ports.folder import FolderStorage
from mesh_dagster.registry.grants import Grants, grants_in, grants_of, put_grants
from mesh_dagster.registry.requests import (
    Requests,
    digest_of,
    every_request,
    put_requests,
    requests_in,
)

LATER = NOW + timedelta(days=30)
ROSTER = PORTS[0]
FLIGHTS = Principal.parse("domain:flights")
MANY = settings(max_examples=examples(2_500), suppress_health_check=list(HealthCheck))

junk = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1e308,
        float("nan"),
        "",
        "allow",
        "x" * 5_000,
        "\ud800",
        [],
        {},
        [[]],
        {"a": 1},
    ]
)
moments = st.sampled_from(
    [
        (NOW - timedelta(days=1)).isoformat(),
        LATER.isoformat(),
        "2013-11-08",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "",
    ]
)
names = st.sampled_from([str(each) for each in PRINCIPALS]) | st.sampled_from(
    ["domain:", "domain:flights ", "person:\x1b[2J", "root", "domain:domain:flights", "DOMAIN:crew"]
)
addresses = st.sampled_from([str(each) for each in PORTS]) | st.sampled_from(
    [
        "mesh://crew/roster",
        "mesh://crew/roster/v1/../../secret",
        "mesh://weather/observations/v1",
        "mesh://crew/*/v1",
        "mesh://crew/roster/v01",
        "crew.roster_v1",
        "",
    ]
)
granted = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["g1", "g2", "../x", "", "a" * 100]) | junk,
        "effect": st.sampled_from(["allow", "deny", "ALLOW", "Deny", "grant"]) | junk,
        "principal": names | junk,
        "port": addresses | junk,
        "purpose": st.text(max_size=8) | junk,
        "since": moments | junk,
        "until": moments | junk,
        "by": st.text(max_size=8) | junk,
        "revokedAt": moments | junk,
    },
)
asked = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["r1", "r2", "../x"]) | junk,
        "by": names | junk,
        "domain": st.sampled_from(DOMAINS) | junk,
        "port": addresses | junk,
        "purpose": st.text(max_size=8) | junk,
        "until": moments | junk,
        "at": moments | junk,
        "askedBy": st.text(max_size=8) | junk,
        "digest": st.sampled_from(["0" * 64, "f" * 64]) | junk,
    },
)


def _document(domain: Any, version: Any, **lists: Any) -> bytes:
    return json.dumps({"schemaVersion": version, "domain": domain, **lists}).encode()


def _good(**more: Any) -> dict[str, Any]:
    return {
        "id": "g1", "effect": "allow", "principal": "domain:flights", "port": str(ROSTER),
        "purpose": "to plan", "since": NOW.isoformat(), "until": LATER.isoformat(), "by": "noor",
    } | more  # fmt: skip


def _request(**more: Any) -> AccessRequest:
    known = AccessRequest("r1", FLIGHTS, "flights", ROSTER, "to plan", LATER, NOW, "ada (os)")
    changed = replace(known, **more)
    return replace(changed, digest=digest_of(changed))


def _guarded(grants: Grants, port: Address = ROSTER, **more: Any) -> Guarded:
    rights, unknown = grants.of(port), grants.unusable
    known = Guarded(port, Audience.FEW, "beta", ("licence",), rights, unknown=unknown)
    return replace(known, **more)


@MANY
@given(
    st.sampled_from(["crew", "flights"]) | junk,
    st.just(1) | junk,
    st.lists(granted | junk, max_size=4) | junk,
    st.sampled_from(PRINCIPALS),
    st.sampled_from(PORTS),
)
def test_a_hostile_document_of_grants_gives_only_what_it_says_plainly(
    domain: Any, version: Any, stated: Any, principal: Principal, port: Address
) -> None:
    found = grants_in(_document(domain, version, grants=stated), "crew")
    reader = Reader(principal, "x", frozenset({principal}))
    decision = decide(reader, _guarded(found, port), NOW)
    if decision.allowed:
        assert (domain, version) == ("crew", 1)
        assert any(
            isinstance(each, dict)
            and each["effect"] == "allow"
            and Address.parse(each["port"]) == port
            and Principal.parse(each["principal"]) == principal
            and each["since"] <= NOW.isoformat() < each["until"]
            for each in stated
            if isinstance(each, dict) and "effect" in each and isinstance(each.get("port"), str)
            and isinstance(each.get("principal"), str) and isinstance(each.get("since"), str)
            and isinstance(each.get("until"), str) and _parses(each)
        )  # fmt: skip
        refusals = [
            each for each in stated if isinstance(each, dict) and each.get("effect") == "deny"
        ]
        assert all(_parses(each) for each in refusals)


def _parses(stated: dict[str, Any]) -> bool:
    try:
        Address.parse(stated["port"])
        Principal.parse(stated["principal"])
    except (MeshError, KeyError, AttributeError, TypeError):
        return False
    return True


@MANY
@given(
    st.sampled_from(["flights", "weather"]) | junk,
    st.just(1) | junk,
    st.lists(asked | junk, max_size=4) | junk,
)
def test_a_hostile_document_of_requests_asks_for_nothing_in_the_name_of_others(
    domain: Any, version: Any, stated: Any
) -> None:
    found = requests_in(_document(domain, version, requests=stated), "flights")
    for each in found.requests:
        # None of these carries the digest of what it says.
        assert flaw_of(each, "flights", NOW) is not None
    assert found.requests == () or domain == "flights"


@MANY
@given(st.binary(max_size=60) | st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b"\xff", b""]))
def test_bytes_that_are_no_document_give_nothing(data: bytes) -> None:
    assert grants_in(data, "crew").unusable
    assert requests_in(data, "flights").broken


@MANY
@given(names | addresses | st.text(max_size=30))
def test_any_text_is_an_address_or_a_principal_or_refused_in_words(text: str) -> None:
    for read in (Address.parse, Address.read, Principal.parse):
        with suppress(MeshError):
            assert read(text)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"domain": "weather"}, "says that weather asks"),
        ({"by": Principal.parse("domain:weather")}, "asks for itself alone"),
        ({"purpose": "  "}, "no purpose"),
        ({"port": Address("flights", "departures", 1)}, "its own"),
        ({"until": NOW}, "ended"),
    ],
)
def test_a_forged_an_expired_and_a_foreign_request_have_a_flaw(
    more: dict[str, Any], told: str
) -> None:
    assert flaw_of(_request(), "flights", NOW) is None
    assert told in (flaw_of(_request(**more), "flights", NOW) or "")


def test_a_request_that_was_changed_after_it_was_made_has_a_flaw() -> None:
    changed = replace(_request(), port=PORTS[1])
    assert flaw_of(changed, "flights", NOW) == "its digest is of another text"


def test_one_other_domain_reads_a_beta_at_once_and_the_next_one_waits() -> None:
    beta = Guarded(ROSTER, Audience.FEW, "beta")
    assert granted_at_once(_request(), beta, (), NOW)
    other = Grant("g1", Effect.ALLOW, Principal.parse("domain:weather"), ROSTER, "p", NOW, LATER,
                  "policy", domain="weather")  # fmt: skip
    assert not granted_at_once(_request(), beta, (other,), NOW)
    assert place_taken(_request(), beta, (other,), NOW) == "weather"
    assert granted_at_once(_request(), beta, (replace(other, until=NOW),), NOW)


def test_nobody_gets_at_once_what_is_confidential_or_what_was_taken_away() -> None:
    beta = Guarded(ROSTER, Audience.FEW, "beta")
    assert not granted_at_once(_request(), replace(beta, confidential=("licence",)), (), NOW)
    assert not granted_at_once(_request(), replace(beta, audience=Audience.OWN), (), NOW)
    assert not granted_at_once(_request(until=NOW + timedelta(days=900)), beta, (), NOW)
    revoked = Grant("g1", Effect.ALLOW, FLIGHTS, ROSTER, "p", NOW, LATER, "policy", revoked_at=NOW)
    assert not granted_at_once(_request(), beta, (revoked,), NOW)


def test_a_refusal_that_cannot_be_read_closes_the_port() -> None:
    data = _document("crew", 1, grants=[_good(), _good(effect="deny", until="soon")])
    found = grants_in(data, "crew")
    assert found.unusable
    reader = Reader(FLIGHTS, "x", frozenset({FLIGHTS}))
    assert decide(reader, _guarded(found), NOW).rule == "unknown"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    storage = FolderStorage(str(tmp_path))
    asked = _request()
    assert put_requests(storage, "flights", lambda known: [*known.requests, asked])
    assert list(every_request(storage)) == [Requests("flights", (asked,))]
    grant = Grant("g1", Effect.ALLOW, FLIGHTS, ROSTER, "to plan", NOW, LATER, "noor", "good",
                  "flights", "r1", asked.digest)  # fmt: skip
    no = Refusal("r2", "weather", asked.digest, NOW, "noor", "not now")
    changed = replace(Grants("crew"), grants=(grant,), refusals=(no,))
    assert put_grants(storage, "crew", NOW, lambda known: changed)
    found = grants_of(storage, "crew")
    assert (found.grants, found.refusals) == ((grant,), (no,))
    assert found.of(ROSTER) == (grant,)
    assert found.decided() == {("flights", "r1"), ("weather", "r2")}


def test_grants_that_cannot_be_read_are_never_made_anew(tmp_path: Path) -> None:
    storage = FolderStorage(str(tmp_path))
    storage.write("crew/grants.json", b"{")
    with pytest.raises(StorageError, match="cannot be used"):
        put_grants(storage, "crew", NOW, lambda known: known)
    assert storage.read("crew/grants.json") == b"{"
