"""Who may read: refusals stand above rights, and nothing is had that was not given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.access.worlds import NOW, PORTS, PRINCIPALS, grants, guarded, readers

from mesh_dagster.access.decision import Audience, Guarded, Reader, audience_of, decide
from mesh_dagster.model.access import Effect, Grant
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal
from mesh_dagster.model.product import Archetype, Product, Stage, Status

WEATHER = Principal.parse("domain:weather")
OF_WEATHER = Reader(WEATHER, "the domain itself", frozenset({WEATHER}), frozenset({"weather"}))
VISITOR = Reader(
    Principal.parse("person:eve"),
    "eve (os)",
    frozenset({Principal.parse("person:eve")}),
    develops=frozenset({"crew"}),
)
ROSTER = Guarded(PORTS[0], Audience.EVERYBODY, "stable")
SECRET = replace(ROSTER, confidential=("licence",))


def _grant(effect: Effect = Effect.ALLOW, principal: Principal = WEATHER, **more: object) -> Grant:
    end = NOW + timedelta(days=1)
    known = Grant("g1", effect, principal, PORTS[0], "to plan", NOW, end, "noor (os)")
    return replace(known, **more)  # type: ignore[arg-type]


def test_what_is_open_and_stable_is_read_by_everybody() -> None:
    found = decide(OF_WEATHER, ROSTER, NOW)
    assert (found.allowed, found.rule) == (True, "open")


def test_what_is_confidential_is_read_by_grant_and_says_how_one_gets_it() -> None:
    found = decide(OF_WEATHER, SECRET, NOW)
    assert (found.allowed, found.rule) == (False, "confidential")
    assert "licence" in found.reason
    assert found.fix == "mesh request crew/roster/v1 --purpose '...' --until 2013-12-08"
    granted = replace(SECRET, rights=(_grant(),))
    assert decide(OF_WEATHER, granted, NOW).rule == "granted"
    ended = decide(OF_WEATHER, granted, NOW + timedelta(days=1))
    assert (ended.allowed, ended.rule) == (False, "expired")


def test_a_grant_that_was_revoked_is_none() -> None:
    revoked = _grant(revoked_at=NOW, revoked_by="noor")
    found = decide(OF_WEATHER, replace(SECRET, rights=(revoked,)), NOW)
    assert (found.allowed, found.rule) == (False, "revoked")
    assert "noor" in found.reason


def test_an_alpha_is_read_by_its_own_domain_alone_whatever_was_granted() -> None:
    alpha = replace(ROSTER, audience=Audience.OWN, stage="alpha", rights=(_grant(),))
    assert decide(OF_WEATHER, alpha, NOW).rule == "stage"
    crew = replace(OF_WEATHER, domains=frozenset({"crew"}))
    assert decide(crew, alpha, NOW).rule == "own-domain"


def test_whoever_has_the_files_and_no_name_is_bound_by_what_is_confidential_alone() -> None:
    alpha = replace(ROSTER, audience=Audience.OWN, stage="alpha")
    assert decide(VISITOR, alpha, NOW).rule == "developer"
    found = decide(VISITOR, replace(alpha, confidential=("licence",)), NOW)
    assert not found.allowed
    assert "domain.yaml" in (found.fix or "")


def test_a_refusal_stands_above_the_right_of_ones_own_domain() -> None:
    eve = Principal.parse("person:eve")
    crew = Reader(eve, "eve (os)", frozenset({eve}), frozenset({"crew"}))
    denied = replace(ROSTER, rights=(_grant(Effect.DENY, eve, why="left"),))
    found = decide(crew, denied, NOW)
    assert (found.allowed, found.rule) == (False, "denied")


def test_where_the_grants_cannot_be_known_nobody_else_reads() -> None:
    unknown = replace(ROSTER, unknown="the document cannot be used")
    assert decide(OF_WEATHER, unknown, NOW).rule == "unknown"
    crew = replace(OF_WEATHER, domains=frozenset({"crew"}))
    assert decide(crew, unknown, NOW).allowed


@pytest.mark.parametrize(
    ("status", "stage", "audience"),
    [
        (Status.ACTIVE, Stage.STABLE, Audience.EVERYBODY),
        (Status.ACTIVE, Stage.BETA, Audience.FEW),
        (Status.ACTIVE, Stage.ALPHA, Audience.OWN),
        (Status.DEPRECATED, Stage.STABLE, Audience.EVERYBODY),
        (Status.DEPRECATED, Stage.BETA, Audience.FEW),
        (Status.DRAFT, Stage.STABLE, Audience.OWN),
        (Status.RETIRED, Stage.STABLE, Audience.OWN),
        (Status.PROPOSED, Stage.STABLE, Audience.OWN),
    ],
)
def test_the_stage_says_how_far_a_product_is_read(
    status: Status, stage: Stage, audience: Audience
) -> None:
    product = Product(
        Address("crew", "roster", 1), "1.0.0", status, Archetype.SOURCE_ALIGNED, stage
    )
    assert audience_of(product) is audience


@given(readers(), guarded, grants((Effect.DENY,)))
def test_a_refusal_in_force_is_never_gone_round(
    reader: Reader, port: Guarded, refusal: Grant
) -> None:
    denied = replace(port, rights=(*port.rights, refusal))
    concerns = refusal.principal in reader.principals and refusal.port == port.port
    if concerns and refusal.holds(NOW):
        assert not decide(reader, denied, NOW).allowed


@given(readers(), guarded, grants((Effect.ALLOW,)), st.integers(0, 4))
def test_a_grant_that_is_added_takes_no_right_away(
    reader: Reader, port: Guarded, grant: Grant, at: int
) -> None:
    more = replace(port, rights=(*port.rights[:at], grant, *port.rights[at:]))
    assert decide(reader, more, NOW).allowed >= decide(reader, port, NOW).allowed


@given(readers(), guarded)
def test_nothing_is_read_but_by_a_right_to_this_very_port(reader: Reader, port: Guarded) -> None:
    found = decide(reader, port, NOW)
    if not found.allowed:
        return
    own = port.port.domain in reader.domains
    develops = port.port.domain in reader.develops and not port.confidential
    granted = any(
        each.effect is Effect.ALLOW
        and each.port == port.port
        and each.principal in reader.principals
        and each.holds(NOW)
        for each in port.rights
    )
    assert own or develops or port.is_open or (granted and port.audience is not Audience.OWN)
    assert port.objection is None
    assert own or port.unknown is None


@given(readers(), guarded, st.sampled_from(PRINCIPALS), grants((Effect.ALLOW,)))
def test_what_was_granted_to_somebody_else_gives_nothing(
    reader: Reader, port: Guarded, other: Principal, grant: Grant
) -> None:
    if other not in reader.principals:
        theirs = replace(port, rights=(*port.rights, replace(grant, principal=other)))
        assert decide(reader, theirs, NOW).allowed == decide(reader, port, NOW).allowed


@given(readers(), guarded)
def test_every_decision_has_a_rule_and_a_reason(reader: Reader, port: Guarded) -> None:
    found = decide(reader, port, NOW)
    assert found.rule
    assert found.reason


@pytest.mark.parametrize("stated", ["to plan", "To  PLAN\n", None])
def test_a_grant_is_for_its_purpose_however_that_is_written(stated: str | None) -> None:
    found = decide(OF_WEATHER, replace(SECRET, rights=(_grant(),), purpose=stated), NOW)
    assert (found.allowed, found.rule) == (True, "granted")
    assert ("presumed" in found.reason) is (stated is None)


def test_what_is_granted_for_one_purpose_is_not_read_for_another() -> None:
    asked = replace(SECRET, rights=(_grant(),), purpose="sell ads")
    found = decide(OF_WEATHER, asked, NOW)
    assert (found.allowed, found.rule) == (False, "purpose")
    assert "for 'to plan', and not for 'sell ads'" in found.reason
    assert found.fix == "mesh request crew/roster/v1 --purpose 'sell ads' --until 2013-12-08"
    both = replace(asked, rights=(_grant(), _grant(id="g2", purpose="sell ads")))
    assert decide(OF_WEATHER, both, NOW).grant == "g2"
    assert decide(OF_WEATHER, replace(both, purpose="to plan"), NOW).grant == "g1"


@given(readers(), guarded)
def test_a_purpose_that_is_stated_never_opens_anything(reader: Reader, port: Guarded) -> None:
    if decide(reader, replace(port, purpose="sell ads"), NOW).allowed:
        assert decide(reader, replace(port, purpose=None), NOW).allowed


def test_a_team_of_the_same_name_in_another_domain_has_no_part_in_a_grant() -> None:
    team = Principal.parse("team:planning")
    granted = replace(SECRET, rights=(_grant(principal=team, domain="weather"),))
    mine = Reader(WEATHER, "ada (os)", frozenset({team, WEATHER}), frozenset({"weather"}))
    assert decide(mine, granted, NOW).rule == "granted"
    other = Principal.parse("domain:flights")
    theirs = Reader(other, "eve (os)", frozenset({team, other}), frozenset({"flights"}))
    assert not decide(theirs, granted, NOW).allowed
    denied = replace(SECRET, rights=(_grant(Effect.DENY, principal=team),))
    assert decide(theirs, denied, NOW).rule == "denied"
