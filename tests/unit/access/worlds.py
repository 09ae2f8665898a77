"""Readers, ports and grants as anybody may combine them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from mesh_dagster.access.decision import Audience, Guarded, Reader
from mesh_dagster.model.access import Effect, Grant
from mesh_dagster.model.address import Address
from mesh_dagster.model.principal import Principal, PrincipalKind

NOW = datetime(2013, 11, 8, 12, tzinfo=UTC)
DOMAINS = ("crew", "flights", "weather")
PORTS = (Address("crew", "roster", 1), Address("crew", "roster", 1, "masked"))
PRINCIPALS = tuple(
    Principal(kind, name)
    for kind, name in [
        *((PrincipalKind.DOMAIN, name) for name in DOMAINS),
        (PrincipalKind.PERSON, "ada@nycair.example"),
        (PrincipalKind.PERSON, "noor@nycair.example"),
        (PrincipalKind.TEAM, "crew-planning"),
    ]
)
moments = st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days))


@st.composite
def grants(draw: st.DrawFn, effects: tuple[Effect, ...] = tuple(Effect)) -> Grant:
    return Grant(
        id=draw(st.sampled_from("abcdef")),
        effect=draw(st.sampled_from(effects)),
        principal=draw(st.sampled_from(PRINCIPALS)),
        port=draw(st.sampled_from(PORTS)),
        purpose="to plan",
        since=draw(moments),
        until=draw(moments),
        by="noor (os)",
        revoked_at=draw(st.none() | moments),
        revoked_by="noor",
    )


@st.composite
def readers(draw: st.DrawFn) -> Reader:
    known = draw(st.frozensets(st.sampled_from(PRINCIPALS), min_size=1))
    domains = frozenset(each.name for each in known if each.kind is PrincipalKind.DOMAIN)
    develops = draw(st.frozensets(st.sampled_from(DOMAINS))) if not domains else frozenset()
    return Reader(min(known), "ada (os)", known, domains, develops)


guarded = st.builds(
    Guarded,
    port=st.sampled_from(PORTS),
    audience=st.sampled_from(Audience),
    stage=st.just("beta"),
    confidential=st.sampled_from([(), ("licence",)]),
    rights=st.lists(grants(), max_size=4).map(tuple),
    objection=st.sampled_from([None, None, None, "a policy is against it"]),
    unknown=st.sampled_from([None, None, None, "the document cannot be used"]),
)
